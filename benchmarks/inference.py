"""The statistics of a step and of a paper-sized run; the permutation test against its peers."""

import dcor
import numpy as np

from benchmarks.timing import least_together
from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.copying import copied
from lwd_tui.analysis.distance import geometry
from lwd_tui.analysis.drift import drift
from lwd_tui.analysis.permutation import difference_tests
from lwd_tui.analysis.summary import step_statistics, text_statistics
from lwd_tui.analysis.upper_bound import norm_upper_bound

N, L, P, STEPS = 3, 40, 768, 61
OWNERS = np.repeat(np.arange(N), L)
PERMUTATIONS = 999


def responses(rng):
    return rng.normal(size=(N * L, P)) + 0.05 * OWNERS[:, None]


def batched(points, rng):
    """The energy test as one writes it in NumPy: every permutation in one product a group."""
    cloud = points - points.mean(axis=0)
    gram = cloud @ cloud.T
    norms = np.diagonal(gram)
    distances = np.sqrt(np.maximum(norms[:, None] + norms - 2 * gram, 0))
    labels = OWNERS[rng.random((PERMUTATIONS, len(OWNERS))).argsort(axis=1)]
    labels = np.concatenate((OWNERS[None], labels))
    within = np.zeros(len(labels))
    for i in range(N):
        inside = (labels == i).astype(float)
        within += ((inside @ distances) * inside).sum(axis=1) / L
    return (1 + (within[1:] <= within[0]).sum()) / (1 + PERMUTATIONS)


def against_peers():
    rng = np.random.default_rng(0)
    points = responses(rng)
    parts = [points[i == OWNERS] for i in range(N)]
    step = Responses.of(points, OWNERS, N)
    ours, three, numpy, theirs = least_together(
        lambda: difference_tests(
            Responses.of(points, OWNERS, N), rng, PERMUTATIONS, ("energy",), pairwise=False
        ),
        lambda: difference_tests(step, rng, PERMUTATIONS),
        lambda: batched(points, rng),
        lambda: dcor.homogeneity.energy_test(*parts, num_resamples=PERMUTATIONS, random_state=0),
        rounds=15,
    )
    print(f"energy test, R = {PERMUTATIONS}, {N * L} x {P}: {ours * 1e3:.1f} ms")
    print(f"batched NumPy, the same: {numpy * 1e3:.1f} ms: {numpy / ours:.1f} times")
    print(f"dcor, the same: {theirs * 1e3:.1f} ms: {theirs / ours:.1f} times")
    print(f"three statistics, omnibus and all pairs: {three * 1e3:.1f} ms")


def run_geometry(steps):
    previous = None
    for points in steps:
        previous = geometry(Responses.of(points, OWNERS, N), previous)


def run_statistics(steps, rng):
    for points in steps:
        step_statistics(Responses.of(points, OWNERS, N), rng)
    drift([Responses.of(points, OWNERS, N) for points in steps], N)


def run_bounds(steps):
    for points in steps:
        norm_upper_bound(Responses.of(points, OWNERS, N), 0.999)


def run_wording(steps, posts):
    for texts in steps:
        text_statistics(texts, OWNERS, N)
        for i in range(N):
            copied(texts[i * L : (i + 1) * L], posts)


def whole_run():
    rng = np.random.default_rng(1)
    steps = [responses(rng).astype(np.float32) for _ in range(STEPS)]
    vocabulary = [f"word{k}" for k in range(400)]
    texts = [
        [" ".join(words) for words in rng.choice(vocabulary, (N * L, 25))] for _ in range(STEPS)
    ]
    posts = [" ".join(rng.choice(vocabulary, 25)) for _ in range(100)]
    unit = [points / np.linalg.norm(points, axis=1, keepdims=True) for points in steps]
    geometries, statistics, bounds, wording = least_together(
        lambda: run_geometry(steps),
        lambda: run_statistics(steps, rng),
        lambda: run_bounds(unit),
        lambda: run_wording(texts, posts),
        rounds=2,
    )
    print(f"a run of {STEPS} steps of {N} x {L}, p = {P}: geometry {geometries:.2f} s,")
    print(f"  tests, intervals, diversity and drift {statistics:.2f} s,")
    print(f"  upper bounds {bounds:.2f} s,")
    print(f"  wording and copying {wording:.2f} s")


def many(n, each):
    """The first step of many participants."""
    rng, owners = np.random.default_rng(2), np.repeat(np.arange(n), each)
    step = Responses.of(rng.normal(size=(n * each, P)).astype(np.float32), owners, n)
    vocabulary = [f"word{k}" for k in range(400)]
    texts = [" ".join(words) for words in rng.choice(vocabulary, (n * each, 25))]
    drawn, tested, worded = least_together(
        lambda: geometry(step),
        lambda: step_statistics(step, rng),
        lambda: text_statistics(texts, owners, n),
        rounds=2,
    )
    print(f"one step of {n} x {each}: geometry {drawn:.2f} s, tests and the rest {tested:.2f} s,")
    print(f"  wording {worded:.2f} s")


def main():
    against_peers()
    whole_run()
    many(60, 10)


if __name__ == "__main__":
    main()
