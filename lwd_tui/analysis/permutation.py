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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, combinations
from typing import Literal

import numpy as np

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.kernels import gaussian_kernel, squared_distances
from lwd_tui.analysis.multiplicity import holm
from lwd_tui.analysis.regrouping import permuted
from lwd_tui.analysis.resolution import exact_gram
from lwd_tui.types import Floats, Ints

Statistic = Literal["sum_of_squares", "energy", "mmd"]

SIMILARITIES: dict[Statistic, Callable[[Floats, Floats], Floats]] = {
    "sum_of_squares": lambda gram, _squares: gram,
    "energy": lambda _gram, squares: -np.sqrt(squares),
    "mmd": lambda _gram, squares: gaussian_kernel(squares),
}
# Entries of a matrix of the pairs that are prepared at once.
PAIRED = 6_400


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
    labels, n, counts = responses.owners, responses.n, responses.counts
    present, codes = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        raise UnfitData("a test needs at least two participants with usable responses")
    gram = exact_gram(responses)
    squares = squared_distances(gram)
    matrices = np.array([SIMILARITIES[name](gram, squares) for name in statistics])
    values, ps = permuted(matrices[None], codes[None], rng, permutations)
    pair_values = np.full((len(statistics), n, n), np.nan)
    pair_p, pair_holm = pair_values.copy(), pair_values.copy()
    least, least_holm = smallest_p(counts, permutations), math.nan
    if pairwise:
        pairs = np.array(list(combinations(present, 2)))
        found = [
            _of_pairs(alike, matrices, labels, rng, permutations) for alike in _alike(pairs, counts)
        ]
        of_pairs, raw = np.concatenate(found, axis=1)
        i, j = pairs.T
        pair_values[:, i, j] = pair_values[:, j, i] = of_pairs.T
        pair_p[:, i, j] = pair_p[:, j, i] = raw.T
        pair_holm[:, i, j] = pair_holm[:, j, i] = [holm(each) for each in raw.T]
        least_of_pairs = min(smallest_p(sizes, permutations) for sizes in counts[pairs])
        least_holm = min(1.0, len(pairs) * least_of_pairs)
    return tuple(
        DifferenceTest(
            name,
            float(values[0, s]),
            float(ps[0, s]),
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


def _alike(pairs: Ints, counts: Ints) -> Iterator[Ints]:
    """Cut the pairs, in their order, where their numbers of responses change, or after some."""
    sizes = counts[pairs]
    changes = 1 + np.flatnonzero((sizes[1:] != sizes[:-1]).any(axis=1))
    for alike in np.split(pairs, changes):
        some = max(1, PAIRED // int(counts[alike[0]].sum()) ** 2)
        yield from np.split(alike, range(some, len(alike), some))


def _of_pairs(
    pairs: Ints, matrices: Floats, labels: Ints, rng: np.random.Generator, permutations: int
) -> tuple[Floats, Floats]:
    """Return what `permuted` does, of pairs with the same numbers of responses."""
    rows = np.array([np.flatnonzero((labels == i) | (labels == j)) for i, j in pairs])
    entries = rows[:, :, None] * len(labels) + rows[:, None, :]
    among = matrices.reshape(len(matrices), -1).take(entries, axis=1)
    second = labels[rows] == pairs[:, 1:]
    return permuted(np.moveaxis(among, 0, 1), second.astype(np.int64), rng, permutations)
