"""Classical multidimensional scaling: points drawn in a plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import finite
from lwd_tui.analysis.principal import leading_eigenpairs
from lwd_tui.types import Floats


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
    # One copy, changed in place, since copies take long. First relative to one of the points, as in
    # `shifted`: nothing is lost to rounding where the points are near each other.
    cloud = finite(np.array(points, dtype=np.float64), "points")
    cloud -= cloud[:1].sum(axis=0)
    m, p = cloud.shape
    coordinates, eigenvalues = np.zeros((m, dimensions)), np.zeros(dimensions)
    axes = min(dimensions, m, p)
    if axes:
        cloud -= cloud.mean(axis=0)
        tall = cloud if p <= m else cloud.T
        values, vectors = leading_eigenpairs(tall, axes)
        eigenvalues[:axes] = values
        for axis, vector in enumerate(vectors.T):
            # One at a time: for a product with two columns BLAS copies the whole cloud first.
            along = cloud @ vector if p <= m else vector * np.sqrt(values[axis])
            coordinates[:, axis] = along
    explained = _share(eigenvalues.sum(), float(np.vdot(cloud, cloud)))
    return ClassicalMds(with_fixed_signs(coordinates), eigenvalues, explained)


def with_fixed_signs(coordinates: Floats) -> Floats:
    """Turn each column so that its largest entry is positive; of nearly equal ones, the first."""
    if not len(coordinates):
        return coordinates
    sizes = np.abs(coordinates)
    first = np.argmax(sizes >= (1 - 1e-6) * sizes.max(axis=0), axis=0)
    signs = np.where(np.take_along_axis(coordinates, first[None], axis=0) < 0, -1.0, 1.0)
    return coordinates * signs


def _share(part: float, total: float) -> float:
    """Return part / total within 0 to 1, also where rounding would leave it."""
    return float(min(1.0, part / total)) if total else 1.0
