"""What an embedding can tell apart: equal answers whose vectors differ by rounding are equal."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lwd_tui.analysis.arrays import Responses, once
from lwd_tui.analysis.kernels import centred_gram, squared_distances
from lwd_tui.types import Floats, Ints

# Of a vector's length. Single precision resolves 1.2e-7; a network computes hundreds of numbers of
# it, in an order that differs by batch. Other words move a vector by a thousand times as much.
RESOLUTION = 1e-5
_BLOCK = 1_000
"""Points that are compared with the others at once."""


def resolution(points: NDArray[np.floating]) -> float:
    """Return the distance up to which two of these vectors are equal but for rounding."""
    return RESOLUTION * longest(points)


def longest(points: NDArray[np.floating]) -> float:
    """Return the length of the longest of the vectors; 0 of none."""
    return math.sqrt(np.vecdot(points, points).max(initial=0.0))


@once
def exact(responses: Responses) -> Responses:
    """Return the responses `without_rounding`: the same object if nothing is put in its place."""
    points = without_rounding(responses.points)
    return responses if points is responses.points else responses._replace(points=points)


@once
def exact_gram(responses: Responses) -> Floats:
    """Return the inner products of the `exact` responses about their common mean."""
    return centred_gram(exact(responses).points)


def without_rounding(points: Floats) -> Floats:
    """Return the points, each that is equal to an earlier one but for rounding put in its place.

    Otherwise ratios of two variances, and the directions in which answers vary, would be those of
    the rounding errors just when all have come to say the same.

    Parameters
    ----------
    points : ndarray of shape (m, p)

    Returns
    -------
    ndarray of shape (m, p)
        The same object if there are no such points.
    """
    if len(points) < 2:
        return points
    limit = resolution(points)
    rows = _maybe_near(points, limit)
    if not len(rows):
        return points
    some = points[rows]
    if len(rows) <= _BLOCK:
        first = first_equal(squared_distances(centred_gram(some)), limit)
    else:
        first = _first_near(some, limit)
    if (first == np.arange(len(rows))).all():
        return points
    exact = points.copy()
    exact[rows] = some[first]
    return exact


def first_equal(squares: Floats, limit: float) -> Ints:
    """Return for each point the first that is no farther than the limit, from squared distances."""
    first: Ints = (squares <= limit**2).argmax(axis=1)
    return first


def _first_near(points: Floats, limit: float) -> Ints:
    """Return for each point the first that is as near, itself perhaps; some rows at a time."""
    cloud = points - points.mean(axis=0)
    lengths = np.vecdot(cloud, cloud)
    first = np.arange(len(points))
    for start in range(0, len(points), _BLOCK):
        own = first[start : start + _BLOCK]
        end = start + len(own)
        products = cloud[own] @ cloud[:end].T
        near = lengths[own, None] + lengths[:end] - 2 * products <= limit**2
        near[own - start, own] = True
        own[:] = near.argmax(axis=1)
    return first


def _maybe_near(points: Floats, limit: float) -> Ints:
    """Return the rows that may be near another one: as far along the first of all, or nearly so.

    These are few, unless answers are equal, and the others need not be compared.
    """
    along = points @ points[0]
    order = np.argsort(along)
    # Somewhat more, for the rounding of the products themselves.
    close = np.diff(along[order]) <= 1.01 * limit * np.linalg.norm(points[0])
    rows: Ints = np.sort(order[np.append(close, False) | np.append(False, close)])
    return rows
