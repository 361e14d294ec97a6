"""Clusters of answers: how many things a network says, and how many of them most answers hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import UnfitData, finite
from lwd_tui.analysis.resolution import resolution
from lwd_tui.types import Floats, Ints


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
    nearest = np.full(len(rows), np.inf)
    owner = np.zeros(len(rows), dtype=np.int64)
    leaders: list[int] = []
    for row in np.argsort(-times, kind="stable"):
        if nearest[row] <= reach:
            continue
        distances = np.linalg.norm(rows - rows[row], axis=1)
        closer = distances < nearest
        nearest[closer], owner[closer] = distances[closer], len(leaders)
        leaders.append(int(row))
    sizes = np.bincount(owner, times, minlength=len(leaders))
    rows_of = np.array(leaders, dtype=np.int64)
    order = np.lexsort((rows_of, -sizes))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Clusters(place[owner], rows_of[order], reach)


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

    Parameters
    ----------
    points : array_like of shape (m, p)
    """
    rows: Floats = finite(points, "points")
    if len(rows) < 2:
        return float("nan")
    first, second = np.triu_indices(len(rows), 1)
    return float(np.median(np.linalg.norm(rows[first] - rows[second], axis=1)))
