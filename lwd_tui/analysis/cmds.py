"""Classical multidimensional scaling: points drawn in a plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import finite
from lwd_tui.analysis.principal import leading_eigenpairs
from lwd_tui.types import Floats

# Rows that are worked on at a time.
_ROWS = 128
# Points whose squares about the mean are less than so much of the mean's own are far from 0.
_FAR = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class ClassicalMds:
    """What classical scaling found.

    Attributes
    ----------
    coordinates : ndarray of shape (m, dimensions)
        Centred; axes that the points don't reach are zero.
    eigenvalues : ndarray of shape (dimensions,)
        Of the doubly centred matrix, largest first, never negative.
    explained : float
        Share of the sum of the eigenvalues that the axes show, 0 to 1; 1 if all points coincide,
        since nothing is left out then.
    """

    coordinates: Floats
    eigenvalues: Floats
    explained: float


def classical_mds(points: ArrayLike, dimensions: int = 2) -> ClassicalMds:
    """Scale points by their Euclidean distances, without forming these.

    Parameters
    ----------
    points : array_like of shape (m, p)
    dimensions : int
        Axes wanted.

    Returns
    -------
    ClassicalMds

    Raises
    ------
    UnfitData
        If a number is NaN or infinite.

    Notes
    -----
    Classical scaling (Torgerson 1952; Gower 1966) of Euclidean distances is principal component
    analysis of the points; the smaller of the p x p and m x m matrices is decomposed. The sign
    of each axis is fixed: its largest coordinate is positive.
    """
    cloud, total = _centred(points)
    m, p = cloud.shape
    coordinates, eigenvalues = np.zeros((m, dimensions)), np.zeros(dimensions)
    axes = min(dimensions, m, p)
    if axes:
        tall = cloud if p <= m else cloud.T
        values, vectors = leading_eigenpairs(tall, axes)
        eigenvalues[:axes] = values
        if p > m:
            coordinates[:, :axes] = vectors * np.sqrt(values)
        else:
            # In one go BLAS would copy the whole cloud first.
            for part in _parts(cloud):
                coordinates[part, :axes] = cloud[part] @ vectors
    explained = _share(eigenvalues.sum(), total)
    return ClassicalMds(with_fixed_signs(coordinates), eigenvalues, explained)


def _centred(points: ArrayLike) -> tuple[Floats, float]:
    """Return points about their mean, and the sum of their squares.

    Some rows at a time, which stay in the processor's cache from one operation to the next. Where
    all are far from 0 the mean's own rounding counts. They are centred again then, relative to one
    of them: points that are equal are at 0 to the last bit.
    """
    given = np.asarray(points)
    if given.ndim != 2 or given.dtype != np.float32:
        given = finite(given, "points")
    cloud = np.empty(given.shape)
    if not cloud.size:
        return cloud, 0.0
    mean, total = np.zeros(given.shape[1]), 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        for part in _parts(cloud):
            cloud[part] = given[part]
            mean += cloud[part].sum(axis=0)
        mean /= len(cloud)
        for part in _parts(cloud):
            cloud[part] -= mean
            total += float(np.vdot(cloud[part], cloud[part]))
        if total <= _FAR * len(cloud) * (mean @ mean):
            cloud -= cloud[0].copy()
            cloud -= cloud.mean(axis=0)
            total = float(np.vdot(cloud, cloud))
    if not np.isfinite(total):
        finite(given, "points")
    return cloud, total


def _parts(cloud: Floats) -> list[slice]:
    return [slice(low, low + _ROWS) for low in range(0, len(cloud), _ROWS)]


def with_fixed_signs(coordinates: Floats) -> Floats:
    """Turn each column so that its largest entry is positive; of nearly equal ones, the first."""
    turned = coordinates.copy()
    for axis in turned.T if len(turned) else ():
        sizes = np.abs(axis)
        if axis[np.argmax(sizes >= (1 - 1e-6) * sizes.max())] < 0:
            axis *= -1
    return turned


def _share(part: float, total: float) -> float:
    """Return part / total within 0 to 1, also where rounding would leave it."""
    return float(min(1.0, part / total)) if total else 1.0
