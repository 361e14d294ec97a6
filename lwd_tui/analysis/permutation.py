"""Do the participants differ at t? Permutation tests over the n * L responses.

The three statistics are one formula on three matrices of similarity K between responses,

    sum over i < j of (L_i L_j / N) (mean K within i + mean K within j - 2 mean K between i and j),

with the inner product (between-group sum of squares: differences of the means), minus the
distance (energy distance, Székely and Rizzo 2004; weighted as in DISCO, Rizzo and Székely 2010)
and a Gaussian kernel (maximum mean discrepancy, Gretton et al. 2012). The last two see any
difference between distributions, not only one of their means.

Under the null hypothesis the responses are exchangeable between participants, and the tests are
exact at any L. What was drawn belongs to what is tested: see docs/statistics.md.

Our own code, because one permutation serves all three statistics here, on matrices that are made
once for all tests; SciPy and dcor test one statistic each, with permutations of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.kernels import (
    centred_gram,
    doubly_centred,
    gaussian_kernel,
    squared_distances,
)
from lwd_tui.analysis.multiplicity import holm
from lwd_tui.analysis.resolution import without_rounding
from lwd_tui.types import Floats, Ints

Numbers = NDArray[np.floating]
Statistic = Literal["sum_of_squares", "energy", "mmd"]

SIMILARITIES: dict[Statistic, Callable[[Floats, Floats], Floats]] = {
    "sum_of_squares": lambda gram, _squares: gram,
    "energy": lambda _gram, squares: -np.sqrt(squares),
    "mmd": lambda _gram, squares: gaussian_kernel(squares),
}
# Numbers held at a time while permuting.
CHUNK = 4_000_000
# Permutations that leave the groups as they are must count as ties, in spite of rounding: as a
# share of the trace.
TIES = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class DifferenceTest:
    """One statistic: the test over all participants, and over each pair.

    Attributes
    ----------
    statistic : {"sum_of_squares", "energy", "mmd"}
    value, p : float
        Over all participants that have responses.
    smallest_p : float
        The least p that could have come out, given R and the L_i: with too few responses no
        difference whatever is significant.
    smallest_holm : float
        The same for the adjusted p of a pair; NaN if no pair was tested.
    pair_values, pair_p, pair_holm : ndarray of shape (n, n)
        Of each pair: the statistic, its p, and that p adjusted for the number of pairs. NaN on
        the diagonal and for participants without responses.
    """

    statistic: Statistic
    value: float
    p: float
    smallest_p: float
    smallest_holm: float
    pair_values: Floats
    pair_p: Floats
    pair_holm: Floats


def difference_tests(
    responses: Responses,
    rng: np.random.Generator,
    permutations: int = 999,
    statistics: tuple[Statistic, ...] = ("sum_of_squares", "energy", "mmd"),
    pairwise: bool = True,
) -> tuple[DifferenceTest, ...]:
    """Test whether the responses of the participants come from one distribution.

    Parameters
    ----------
    responses : Responses
    rng : numpy.random.Generator
    permutations : int
        R; p can't be below 1 / (1 + R).
    statistics : tuple of str
        Which to compute, all from the same permutations.
    pairwise : bool
        False leaves the pairs at NaN.

    Returns
    -------
    tuple of DifferenceTest
        One a statistic, in the order asked for.

    Raises
    ------
    UnfitData
        If fewer than two participants have responses.

    Notes
    -----
    p = (1 + #{permuted >= observed}) / (1 + R) (Phipson and Smyth 2010), never 0. Pairs are
    permuted among their own responses only.
    """
    points, labels, n = responses
    present = np.unique(labels)
    if len(present) < 2:
        raise UnfitData("a test needs at least two participants with usable responses")
    gram = centred_gram(without_rounding(points))
    squares = squared_distances(gram)
    matrices = np.array([SIMILARITIES[name](gram, squares) for name in statistics])
    values, ps = _permute(matrices, labels, rng, permutations)
    pair_values = np.full((len(statistics), n, n), np.nan)
    pair_p, pair_holm = pair_values.copy(), pair_values.copy()
    counts = np.bincount(labels)
    least, least_holm = smallest_p(counts, permutations), math.nan
    if pairwise:
        pairs = list(combinations(present, 2))
        raw = np.empty((len(statistics), len(pairs)))
        for k, (i, j) in enumerate(pairs):
            rows = np.flatnonzero((labels == i) | (labels == j))
            among = matrices[:, rows[:, None], rows]
            found, raw[:, k] = _permute(among, labels[rows], rng, permutations)
            pair_values[:, i, j] = pair_values[:, j, i] = found
            pair_p[:, i, j] = pair_p[:, j, i] = raw[:, k]
        for s in range(len(statistics)):
            for (i, j), adjusted in zip(pairs, holm(raw[s]), strict=True):
                pair_holm[s, i, j] = pair_holm[s, j, i] = adjusted
        of_pairs = [smallest_p(counts[[i, j]], permutations) for i, j in pairs]
        least_holm = min(1.0, len(pairs) * min(of_pairs))
    return tuple(
        DifferenceTest(
            name,
            float(values[s]),
            float(ps[s]),
            least,
            least_holm,
            pair_values[s],
            pair_p[s],
            pair_holm[s],
        )
        for s, name in enumerate(statistics)
    )


def smallest_p(counts: Ints, permutations: int) -> float:
    """Return the least p that permuting groups of these sizes can give."""
    sizes = [int(size) for size in counts if size]
    ways = math.factorial(sum(sizes))
    for size in sizes:
        ways //= math.factorial(size)
    # Groups of one size can trade places without changing the statistic.
    for number in Counter(sizes).values():
        ways //= math.factorial(number)
    return max(1 / ways, 1 / (1 + permutations))


def _permute(
    matrices: Floats, labels: Ints, rng: np.random.Generator, permutations: int
) -> tuple[Floats, Floats]:
    """Return the statistic of each matrix, and its p over permutations of the labels.

    With rows and columns centred, the formula at the top comes down to the sum over groups of
    z' K z / L_i, with z the 0-1 vector of the group; and since K takes a constant to zero, to that
    of x' K x over n - 1 contrasts x of the groups.

    Permutations are first compared in single precision, which is twice as fast; those that come
    out too near to tell are done again in double precision.
    """
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    m = len(codes)
    contrasts = _contrasts(counts)
    centred = [doubly_centred(matrix) for matrix in matrices]
    # A statistic lies between 0 and the trace; 1 for the trace of zeros, which stay zeros.
    traces = np.array([float(np.trace(matrix)) or 1.0 for matrix in centred])
    stacked = np.concatenate(centred) / np.repeat(traces, m)[:, None]
    observed = _statistics(codes[None], contrasts, stacked)[:, 0]
    near = 8 * m * len(counts) * np.finfo(np.float32).eps
    rough, rough_contrasts = stacked.astype(np.float32), contrasts.astype(np.float32)
    beyond = np.zeros(len(matrices), dtype=np.int64)
    chunk = max(1, CHUNK // (m * len(contrasts) * len(matrices)))
    for start in range(0, permutations, chunk):
        size = min(chunk, permutations - start)
        # Sorting random keys is quicker than shuffling. One in 2^24 pairs of keys is equal and
        # keeps its order, which is far less than any number of permutations can resolve.
        rows = codes[rng.random((size, m), dtype=np.float32).argsort(axis=1)]
        gaps = _statistics(rows, rough_contrasts, rough) - observed[:, None]
        close = np.flatnonzero((np.abs(gaps) <= near).any(axis=0))
        gaps[:, close] = _statistics(rows[close], contrasts, stacked) - observed[:, None]
        beyond += (gaps >= -TIES).sum(axis=1)
    return observed * traces, (1 + beyond) / (1 + permutations)


def _contrasts(counts: Ints) -> Floats:
    """Return V, of shape (n - 1, n), for which V'V and diag(1 / L_i) differ by constants only."""
    shares = counts / counts.sum()
    without_mean = np.eye(len(counts)) - shares
    values, vectors = np.linalg.eigh(without_mean @ np.diag(1 / counts) @ without_mean.T)
    return np.asarray((vectors[:, 1:] * np.sqrt(values[1:])).T)


def _statistics(rows: Ints, contrasts: Numbers, stacked: Numbers) -> Floats:
    """Return the statistic of each matrix (first axis) for each row of labels (second)."""
    m = rows.shape[1]
    x: Numbers = np.take(contrasts, rows, axis=1)
    products = (x.reshape(-1, m) @ stacked.T).reshape(*x.shape[:2], len(stacked) // m, m)
    return np.asarray(np.einsum("crkm,crm->kr", products, x).astype(np.float64))
