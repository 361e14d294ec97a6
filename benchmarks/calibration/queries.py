"""Claims about several queries together: what is permuted, and that nothing is biased."""

import numpy as np

from benchmarks.calibration.row import Row, at_most, rate, unbiased
from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.distance import (
    debiased_squared_distances,
    dispersion,
    distance_matrix,
    mean_embeddings,
)
from lwd_tui.analysis.permutation import difference_tests
from lwd_tui.replicates import joined_vectors

PERMUTATIONS, LEVEL = 199, 0.05
QUERIES, DIMENSIONS, N = 3, 8, 3
TEST = "analysis/test_permutation.py"


def answers(rng, responses, shared, means=None):
    """Draw the answers of participants to each query, of shape (queries, n L, p).

    What a replicate has read moves its answers to all queries alike, by `shared` deviations.
    """
    shape = (QUERIES, N * responses, DIMENSIONS)
    drawn = rng.normal(size=shape) + shared * rng.normal(size=shape[1:])
    if means is not None:
        drawn += np.repeat(means, responses, axis=1)
    return drawn


def joined(drawn, responses):
    owners = np.repeat(np.arange(N), responses)
    keys = [[(int(i), k) for k, i in enumerate(owners)]] * QUERIES
    return Responses.of(joined_vectors(keys, list(drawn)), owners, N)


def level():
    rng, size = np.random.default_rng(36), 2_000
    hits = {}
    for shared in (0, 1):
        for responses in (4, 20):
            wrong = np.zeros(3, dtype=int)
            for _ in range(size):
                points = joined(answers(rng, responses, shared), responses)
                tests = difference_tests(points, rng, PERMUTATIONS, pairwise=False)
                wrong += [test.p <= LEVEL for test in tests]
            reads = "a draw each" if shared else "one draw"
            for test, count in zip(tests, wrong, strict=True):
                hits[f"{test.statistic}, {reads}, L = {responses}"] = int(count), size
    stands = (
        "replicates exchangeable between participants; three queries, with and without a draw "
        "for each response"
    )
    yield at_most(
        "the tests of several queries reject equal distributions rarely",
        stands, 36, hits, LEVEL, TEST,
    )  # fmt: skip


def apart():
    """Permute the answers to each query for themselves, which breaks replicates up."""
    rng, size, responses = np.random.default_rng(37), 600, 8
    owners = np.eye(N)[np.repeat(np.arange(N), responses)].T / responses

    def between(drawn):
        means = owners @ (drawn - drawn.mean(axis=-2, keepdims=True))
        return float(np.square(means).sum())

    for shared in (0, 1):
        wrong = 0
        for _ in range(size):
            drawn = answers(rng, responses, shared)
            found = between(drawn)
            permuted = (
                between(np.array([rng.permutation(each) for each in drawn]))
                for _ in range(PERMUTATIONS)
            )
            above = sum(value >= found * (1 - 1e-12) for value in permuted)
            wrong += (1 + above) / (1 + PERMUTATIONS) <= LEVEL
        reads = "a draw for each response" if shared else "one draw for all"
        yield Row(
            "not done: the answers to each query permuted for themselves, sum of squares",
            f"three queries, {reads}, L = {responses}", f"{size}, seed 37",
            "nothing" if shared else "no level", rate(wrong, size), "-",
        )  # fmt: skip


def bias():
    rng, size = np.random.default_rng(38), 2_000
    values, truth = {}, {}
    for shared in (0, 1):
        for responses in (4, 20):
            case = f"{'a draw each' if shared else 'one draw'}, L = {responses}"
            means = rng.normal(size=(QUERIES, N, DIMENSIONS)) / 2
            found = []
            for _ in range(size):
                points = joined(answers(rng, responses, shared, means), responses)
                distances = distance_matrix(mean_embeddings(points))
                squares = debiased_squared_distances(distances, dispersion(points), points.counts)
                found.append(squares.sum())
            gaps = means[:, :, None] - means[:, None]
            values[case], truth[case] = np.array(found), np.square(gaps).sum() / QUERIES
    yield unbiased(
        "the debiased squared distances of several queries together have no bias",
        "replicates independent of each other; three queries, L = 4 and 20", 38, values, truth,
        "test_replicates.py",
    )  # fmt: skip


CLAIMS = (level, apart, bias)
