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
from itertools import accumulate, combinations
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
from lwd_tui.analysis.resolution import first_equal, resolution
from lwd_tui.types import Floats, Ints

Numbers = NDArray[np.floating]
Statistic = Literal["sum_of_squares", "energy", "mmd"]

SIMILARITIES: dict[Statistic, Callable[[Floats, Floats], Floats]] = {
    "sum_of_squares": lambda gram, _squares: gram,
    "energy": lambda _gram, squares: -np.sqrt(squares),
    "mmd": lambda _gram, squares: gaussian_kernel(squares),
}
# Numbers held at a time while permuting: more would leave the cache, and be new pages each time.
CHUNK = 128_000
# Columns of a matrix at a time, of which only the rows from the diagonal on are multiplied.
WIDTH = 48
# Multiplications that BLAS does in the time in which one number is gathered.
GATHERED = 40
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
    counts = responses.counts
    present = np.flatnonzero(counts)
    if len(present) < 2:
        raise UnfitData("a test needs at least two participants with usable responses")
    gram = centred_gram(points)
    squares = squared_distances(gram)
    first = first_equal(squares, resolution(points))
    if (first < np.arange(len(points))).any():
        gram = centred_gram(points[first])
        squares = squared_distances(gram)
    matrices = np.array([SIMILARITIES[name](gram, squares) for name in statistics])
    values, ps = _permute(matrices, labels, rng, permutations)
    pair_values = np.full((len(statistics), n, n), np.nan)
    pair_p, pair_holm = pair_values.copy(), pair_values.copy()
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
    sizes = [size for size in counts.tolist() if size]
    ways = math.prod(map(math.comb, accumulate(sizes), sizes))
    # Groups of one size can trade places without changing the statistic.
    for number in Counter(sizes).values():
        ways //= math.factorial(number)
    return max(1 / ways, 1 / (1 + permutations))


def _permute(
    matrices: Floats, labels: Ints, rng: np.random.Generator, permutations: int
) -> tuple[Floats, Floats]:
    """Return the statistic of each matrix, and its p over permutations of the labels.

    With rows and columns centred, the formula at the top comes down to the sum over groups of
    z' K z / L_i, with z the 0-1 vector of the group, which BLAS is quick at. Of many groups the
    blocks are a small part of K: then they are added up.

    Permutations are first compared in single precision, which is twice as fast; those that come
    out too near to tell are done again in double precision.
    """
    counts = np.bincount(labels)
    codes = (np.cumsum(counts > 0) - 1)[labels]
    counts, m = counts[counts > 0], len(codes)
    centred = doubly_centred(matrices)
    # A statistic lies between 0 and the trace; 1 for the trace of zeros, which stay zeros.
    traces = np.trace(centred, axis1=1, axis2=2)
    traces[traces == 0] = 1.0
    centred /= traces[:, None, None]
    blocks = None
    if (len(counts) - 1) * m**2 > GATHERED * (counts**2).sum():
        blocks = _blocks(codes, counts)
    folded = _folded(centred)
    observed = _statistics(codes[None], counts, folded)[:, 0]
    rough = folded.astype(np.float32)
    # What rounding in single precision comes to at most: each entry of K counts once.
    near = 2 * (m + len(counts)) * np.finfo(np.float32).eps / counts.min()
    near = near * np.abs(centred).sum(axis=(1, 2))[:, None]
    beyond = np.zeros(len(matrices), dtype=np.int64)
    held = len(blocks[0]) if blocks else m * (len(counts) - 1) * len(matrices)
    chunk = max(1, CHUNK // held)
    for start in range(0, permutations, chunk):
        # Sorting random keys is quicker than shuffling. One in 2^24 pairs of keys is equal and
        # keeps its order, which is far less than any number of permutations can resolve.
        keys = _keys(rng, (min(chunk, permutations - start), m))
        if blocks:
            order = _by_keys(keys, np.arange(m))
            gaps = _block_sums(order, blocks, centred) - observed[:, None]
        else:
            groups = _by_keys(keys, codes)
            gaps = _statistics(groups, counts, rough) - observed[:, None]
            close = np.flatnonzero((np.abs(gaps) <= near).any(axis=0))
            gaps[:, close] = _statistics(groups[close], counts, folded) - observed[:, None]
        beyond += (gaps >= -TIES).sum(axis=1)
    return observed * traces, (1 + beyond) / (1 + permutations)


def _keys(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint32]:
    """Draw keys of 24 bits each, the upper ones; those that `random` makes numbers of."""
    bits, halves = rng.bit_generator, math.prod(shape)
    if not isinstance(bits, np.random.PCG64) or halves % 2 or bits.state["has_uint32"]:
        return (rng.random(shape, dtype=np.float32) * np.float32(2**32)).astype(np.uint32)
    # Half of the work: each word of this generator makes two numbers, first of its lower half.
    return bits.random_raw(halves // 2).astype("<u8", copy=False).view("<u4").reshape(shape)


def _by_keys(keys: NDArray[np.uint32], marks: Ints) -> NDArray[np.unsignedinteger]:
    """Return the marks in the order of their keys, a row each; of equal keys the least mark first.

    The upper 24 bits of a key count, and its mark goes below them: numbers alone are sorted in a
    third of the time that it takes to sort their places, and alike on every machine.
    """
    marked: NDArray[np.unsignedinteger]
    few = marks.max() < 256
    if few:
        marked = keys & np.uint32(0xFFFFFF00)
    else:
        marked = (keys >> np.uint32(8)).astype(np.uint64) << np.uint64(32)
    marked |= marks.astype(marked.dtype)
    marked.sort(axis=1)
    marked &= marked.dtype.type(0xFF if few else 0xFFFFFFFF)
    return marked


def _statistics(groups: NDArray[np.integer], counts: Ints, matrices: Numbers) -> Floats:
    """Return the statistic of each matrix (first axis) for each row of the groups (second).

    One group needs no product of its own: K takes the sum of all z to zero, and so the last z to
    minus the sum of the others. What the entries of K are multiplied by is as symmetric as K, so
    that its lower triangle does, `_folded`.
    """
    last, m = len(counts) - 1, groups.shape[1]
    z = np.array([groups == group for group in range(last)], dtype=matrices.dtype)
    shares = (1 / counts).astype(matrices.dtype)
    weights = z * shares[:last, None, None]
    weights += (groups != last) * shares[last]
    rows, weights = z.reshape(-1, m), weights.reshape(-1, m)
    sums = np.zeros((len(matrices), len(rows)))
    for matrix, found in zip(matrices, sums, strict=True):
        for low in range(0, m, WIDTH):
            part = slice(low, low + WIDTH)
            found += np.vecdot(rows[:, low:] @ matrix[low:, part], weights[:, part])
    statistics: Floats = sums.reshape(len(matrices), last, len(groups)).sum(axis=1)
    return statistics


def _folded(matrices: Floats) -> Floats:
    """Return lower triangles that have the sums of the symmetric matrices."""
    m = matrices.shape[-1]
    return matrices * (np.tri(m) + np.tri(m, k=-1))


def _blocks(codes: Ints, counts: Ints) -> tuple[Ints, Ints, Floats]:
    """Return the pairs of rows within groups, each once, and what z' K z / L_i has of each."""
    pairs = [np.array(np.triu_indices(size)) for size in counts]
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
    first, second = np.concatenate(
        [rows[pair] for rows, pair in zip(members, pairs, strict=True)], axis=1
    )
    shares = np.repeat(2 / counts, [pair.shape[1] for pair in pairs])
    return first, second, np.where(first == second, shares / 2, shares)


def _block_sums(
    order: NDArray[np.integer], blocks: tuple[Ints, Ints, Floats], matrices: Floats
) -> Floats:
    """Return what `_statistics` does, for the labels in each order, from the blocks of groups."""
    first, second, shares = blocks
    # The row that was put in each place.
    places = np.argsort(order, axis=1)
    entries = places[:, first] * order.shape[1] + places[:, second]
    return np.array([np.take(matrix, entries) @ shares for matrix in matrices])
