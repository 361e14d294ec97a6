"""What makes many participants readable: an order of them, means of blocks, and a centre.

All from D, so that it holds for models and mixtures alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lwd_tui.types import Floats, Ints


def clustered_order(distances: Floats) -> Ints:
    """Order participants so that those near each other stand beside each other.

    Parameters
    ----------
    distances : ndarray of shape (n, n)

    Returns
    -------
    ndarray of shape (n,)
        A permutation: the leaves of the tree from left to right, then those whose distances are
        missing, in their own order.

    Notes
    -----
    The tree is that of hierarchical clustering by average linkage (UPGMA, Sokal and Michener 1958).
    Where two branches meet, they are turned so that the ends that touch are the nearest of the four
    (Gruvaeus and Wainer 1972), at every n: SciPy's optimal ordering takes n^3 steps, and was seen
    to return orders that are none.
    """
    from scipy.cluster.hierarchy import linkage

    there = np.flatnonzero(_present(distances))
    missing = np.setdiff1d(np.arange(len(distances)), there)
    branches = [[int(i)] for i in there]
    if len(there) > 1:
        among = distances[np.ix_(there, there)][np.triu_indices(len(there), 1)]
        for first, second, *_ in linkage(among, "average"):
            branches.append(_joined(branches[int(first)], branches[int(second)], distances))
    return np.array([*(branches[-1] if branches else ()), *missing], dtype=np.int64)


def _joined(left: list[int], right: list[int], distances: Floats) -> list[int]:
    """Put two branches together by the nearest of their ends; of equal ones, unturned."""
    ways = [(left, right), (left, right[::-1]), (left[::-1], right), (left[::-1], right[::-1])]
    one, other = min(ways, key=lambda way: distances[way[0][-1], way[1][0]])
    return one + other


def block_means(distances: Floats, blocks: int) -> Floats:
    """Average a matrix of distances over blocks of neighbours, as equally large as may be.

    Parameters
    ----------
    distances : ndarray of shape (n, n)
    blocks : int
        From 1 to n.

    Returns
    -------
    ndarray of shape (blocks, blocks)
        The mean over pairs of different participants whose distance is there; NaN without any.
    """
    starts = block_starts(len(distances), blocks)
    there = np.isfinite(distances) & ~np.eye(len(distances), dtype=bool)

    def sums(values: Floats) -> Floats:
        return np.add.reduceat(np.add.reduceat(values, starts, axis=0), starts, axis=1)

    with np.errstate(invalid="ignore"):
        means: Floats = sums(np.where(there, distances, 0.0)) / sums(there.astype(np.float64))
    return means


def block_starts(n: int, blocks: int) -> Ints:
    """Return the first of each block: sizes differ by one at most."""
    return np.arange(blocks, dtype=np.int64) * n // blocks


def distances_from_centre(distances: Floats) -> Floats:
    """Return how far each participant's mean is from the mean of all means.

    Parameters
    ----------
    distances : ndarray of shape (n, n)
        Euclidean.

    Returns
    -------
    ndarray of shape (n,)
        NaN for a participant without distances.

    Notes
    -----
    ||X_i - mean of X||^2 = (1/n) sum_j D_ij^2 - 1/(2 n^2) sum_jk D_jk^2 (Gower 1966), over the
    participants that are there.
    """
    squares = distances**2
    present = _present(distances)
    count = max(int(present.sum()), 1)
    rows = np.where(np.isfinite(squares), squares, 0.0).sum(axis=1) / count
    centred = np.sqrt(np.maximum(rows - rows[present].sum() / (2 * count), 0.0))
    return np.where(present, centred, np.nan)


def _present(distances: Floats) -> NDArray[np.bool_]:
    """Return who has a distance from anyone else."""
    others = ~np.eye(len(distances), dtype=bool)
    present: NDArray[np.bool_] = np.any(np.isfinite(distances) & others, axis=1)
    return present
