"""Clusters of answers: how many things a network says, and how many of them most answers hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lwd_tui.analysis.arrays import UnfitData, finite, shifted
from lwd_tui.analysis.kernels import centred_gram, squared_distances
from lwd_tui.analysis.resolution import resolution
from lwd_tui.types import Floats, Ints

_BLOCK = 256
"""Points that are compared at once."""

_MOST_PAIRED = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Answers, each in one cluster about a leader.

    Attributes
    ----------
    labels : ndarray of shape (m,)
        The cluster of each answer: 0, 1, ... from the largest to the smallest; of equally large
        ones that of the earlier leader comes first.
    leaders : ndarray of shape (clusters,)
        Row of each cluster's leader, in the same order.
    radius : float
        Distance from its leader within which an answer is in a cluster.
    """

    labels: Ints
    leaders: Ints
    radius: float


def leader_clusters(points: ArrayLike, weights: ArrayLike, radius: float) -> Clusters:
    """Cluster answers about those that were given most often (leader clustering, Hartigan 1975).

    The answers are gone through from the most often given to the least, of equally frequent ones
    the earlier first. One that is farther than the radius from every leader becomes a leader
    itself; then each answer joins the nearest leader, of equally near ones the first.

    Parameters
    ----------
    points : array_like of shape (m, p)
        Different answers, in the order in which they were first given.
    weights : array_like of shape (m,)
        How often each was given.
    radius : float
        Not negative; below what rounding makes of equal answers, it is that.

    Raises
    ------
    UnfitData
        If a number is NaN or infinite, the lengths differ, or the radius doesn't fit.
    """
    rows = finite(points, "points")
    times = finite(weights, "weights", ndim=1)
    if len(times) != len(rows):
        raise UnfitData(f"weights: {len(rows)} are needed, one a point, but there are {len(times)}")
    if not radius >= 0:
        raise UnfitData(f"radius: must not be negative, not {radius}")
    reach = max(radius, resolution(rows))
    near = shifted(rows)
    leaders = _leaders(near, np.argsort(-times, kind="stable"), reach)
    owner = _nearest(near, near[leaders])
    sizes = np.bincount(owner, times, minlength=len(leaders))
    order = np.lexsort((leaders, -sizes))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Clusters(place[owner], leaders[order], reach)


def nearest_leaders(points: ArrayLike, leaders: ArrayLike) -> Ints:
    """Return the nearest leader of each point, of equally near ones the first.

    Parameters
    ----------
    points : array_like of shape (m, p)
    leaders : array_like of shape (clusters, p)
    """
    rows, near = finite(points, "points"), finite(leaders, "leaders")
    centre = near.mean(axis=0)
    return _nearest(rows - centre, near - centre)


def _nearest(points: Floats, leaders: Floats) -> Ints:
    found = [_squares(part, leaders).argmin(axis=1) for part in _blocks(points)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *found])


def _leaders(points: Floats, order: Ints, reach: float) -> Ints:
    """Return the points that are farther than the reach from all leaders before them."""
    leaders: list[int] = []
    for rows in _blocks(order):
        before = _squares(points[rows], points[leaders])
        covered = np.asarray((before <= reach**2).any(axis=1))
        within = _squares(points[rows], points[rows]) <= reach**2
        for place, row in enumerate(rows):
            if not covered[place]:
                leaders.append(int(row))
                covered |= within[place]
    return np.array(leaders, dtype=np.int64)


def _blocks(rows: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]


def _squares(one: Floats, other: Floats) -> Floats:
    """Return the squared distances of the rows of one from those of the other."""
    return np.asarray((one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T)


def clusters_holding(shares: ArrayLike, share: float = 0.9) -> int:
    """Return the least number of clusters that together hold a share of the answers.

    Parameters
    ----------
    shares : array_like of shape (clusters,)
        Answers in each, as counts or shares; 0 clusters hold the answers of nobody.
    share : float
    """
    sizes = np.sort(finite(shares, "shares", ndim=1))[::-1]
    if not sizes.sum():
        return 0
    # A share of 0.9 of ten answers is nine, whatever 0.9 * 10 is in binary.
    return int(np.searchsorted(np.cumsum(sizes), share * sizes.sum() * (1 - 1e-12)) + 1)


def typical_distance(points: ArrayLike) -> float:
    """Return the median distance between two of the points; NaN of fewer than two.

    Of more than 1,000 points every second is taken, or every third and so on: 501 to 1,000.

    Parameters
    ----------
    points : array_like of shape (m, p)
    """
    rows = finite(points, "points")
    if len(rows) < 2:
        return float("nan")
    squares = squared_distances(centred_gram(rows[:: -(-len(rows) // _MOST_PAIRED)]))
    return float(np.median(np.sqrt(squares[np.triu_indices(len(squares), 1)])))
