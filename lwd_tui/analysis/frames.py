"""Frames of the moving scatter: each turned to the last, or all on one basis; and fair axes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import UnfitData, finite
from lwd_tui.analysis.cmds import with_fixed_signs
from lwd_tui.analysis.resolution import resolution
from lwd_tui.types import Floats, Geometry, Ints

# A plot is never narrower than this share of the norm of an embedding: noise is not magnified.
NARROWEST = 0.01


def aligned(coordinates: Floats, owners: Ints, previous: Geometry | None) -> Floats:
    """Turn a scatter to fit the one before, by the mean positions of the participants.

    Orthogonal Procrustes (Schönemann 1966): a rotation or reflection and a shift, never a change
    of scale, so every distance in the picture stays.

    Parameters
    ----------
    coordinates : ndarray of shape (m, 2)
    owners : ndarray of shape (m,)
    previous : Geometry or None
        None for the first frame, which stays as it is.

    Returns
    -------
    ndarray of shape (m, 2)
    """
    if previous is None:
        return coordinates
    common = np.intersect1d(owners, previous.owners)
    if not len(common):
        return coordinates
    here = _centres(coordinates, owners, common)
    there = _centres(previous.coordinates, previous.owners, common)
    middle, target = here.mean(axis=0), there.mean(axis=0)
    return np.asarray((coordinates - middle) @ _rotation(here - middle, there - target) + target)


def _centres(coordinates: Floats, owners: Ints, wanted: Ints) -> Floats:
    return np.array([coordinates[owners == i].mean(axis=0) for i in wanted])


def _rotation(here: Floats, there: Floats) -> Floats:
    """Return the orthogonal R for which ``here @ R`` is nearest to `there`.

    Where all centres lie on a line, a rotation and a reflection fit equally well: the rotation
    is taken. Where they coincide there is nothing to fit.
    """
    left, sizes, right = np.linalg.svd(here.T @ there)
    if sizes[0] == 0.0:
        return np.eye(len(sizes))
    rotation: Floats = left @ right
    if sizes[-1] <= 1e-12 * sizes[0] and np.linalg.det(rotation) < 0:
        left[:, -1] *= -1
        rotation = left @ right
    return rotation


@dataclass(frozen=True, slots=True, eq=False)
class CommonBasis:
    """One plane for all t.

    Attributes
    ----------
    centre : ndarray of shape (p,)
        Mean of all responses.
    axes : ndarray of shape (p, 2)
        The two principal axes of all responses.
    explained : float
        Share of the total squared distance, over all t, that the plane shows; 1 if there is none
        but of rounding.
    """

    centre: Floats
    axes: Floats
    explained: float

    def project(self, embeddings: ArrayLike) -> Floats:
        """Return the coordinates, of shape (m, 2), of some responses."""
        return (finite(embeddings, "embeddings") - self.centre) @ self.axes


def common_basis(steps: Iterable[ArrayLike]) -> CommonBasis:
    """Find the plane that shows most of all steps together.

    Parameters
    ----------
    steps : iterable of array_like of shape (m_t, p)
        The embeddings of each step, or the participants' means; read once, one at a time.

    Returns
    -------
    CommonBasis

    Raises
    ------
    UnfitData
        If there are no points, their widths differ, or a number is NaN or infinite.
    """
    origin = total = scatter = np.zeros(0)
    count = 0
    for t, step in enumerate(steps):
        points = finite(step, f"embeddings of step {t}")
        if not len(points):
            continue
        if not count:
            p = points.shape[1]
            # Sums about a point inside the cloud don't lose the spread to rounding.
            origin, total, scatter = points.mean(axis=0), np.zeros(p), np.zeros((p, p))
        if points.shape[1] != len(origin):
            raise UnfitData(
                f"embeddings of step {t}: {points.shape[1]} numbers a vector, "
                f"where earlier steps have {len(origin)}"
            )
        points = points - origin
        count += len(points)
        total += points.sum(axis=0)
        scatter += points.T @ points
    if not count:
        raise UnfitData("a common basis needs at least one response")
    scatter -= np.outer(total, total) / count
    values, vectors = np.linalg.eigh(scatter)
    values = np.maximum(values[::-1], 0.0)
    axes = np.zeros((len(origin), 2))
    axes[:, : len(values[:2])] = vectors[:, ::-1][:, :2]
    whole = float(values.sum())
    equal = whole <= count * resolution(origin[None]) ** 2
    explained = 1.0 if equal else float(values[:2].sum()) / whole
    return CommonBasis(origin + total / count, with_fixed_signs(axes), explained)


def axis_limits(
    coordinates: ArrayLike, scale: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return limits of a scatter, equally long on both axes, that don't magnify noise.

    Parameters
    ----------
    coordinates : array_like of shape (m, 2)
        Of one frame, or of all frames together for axes that stand still.
    scale : float
        Typical norm of an embedding (1 for unit vectors or weights); the axes are never shorter
        than a hundredth of it, however small the differences are.

    Returns
    -------
    ((low, high), (low, high))
        Of the first axis and the second, with a margin of 5 % at each end.
    """
    points = finite(coordinates, "coordinates")
    if not len(points):
        points = np.zeros((1, 2))
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high - low).max()) * 0.55, NARROWEST * scale / 2)
    (x, y) = (low + high) / 2
    return (float(x) - half, float(x) + half), (float(y) - half, float(y) + half)


def stride(count: int, most: int) -> int:
    """Return the least of 1, 2, 5, 10, 20 .. that passes over a count in `most` strides."""
    strides = (unit * 10**power for power in itertools.count() for unit in (1, 2, 5))
    found: int = next(every for every in strides if count <= most * every)
    return found


def apart(falling: Sequence[float], gap: float, lowest: float) -> list[float]:
    """Return places for words beside what they name, none over another.

    Parameters
    ----------
    falling : sequence of float
        Where each would stand, the highest first.
    gap : float
        The least distance between two.
    lowest : float
        None stands below it; where there is no room, those above make way.
    """
    places: list[float] = []
    for place in falling:
        places.append(min(place, places[-1] - gap) if places else place)
    for i in reversed(range(len(places))):
        places[i] = max(places[i], lowest)
        lowest = places[i] + gap
    return places
