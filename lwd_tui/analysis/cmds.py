"""Classical multidimensional scaling: points or distances drawn in a plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import UnfitData, finite
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
        Of the doubly centred matrix, largest first, negative ones clipped to 0.
    explained : float
        Share of the eigenvalues (taken without sign) that the axes show, 0 to 1; 1 if all points
        coincide, since nothing is left out then.
    discarded : float
        Share of the eigenvalues (taken without sign) that is negative and can't be drawn: 0 for
        Euclidean distances.
    """

    coordinates: Floats
    eigenvalues: Floats
    explained: float
    discarded: float


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
        coordinates[:, :axes] = cloud @ vectors if p <= m else vectors * np.sqrt(values)
    explained = _share(eigenvalues.sum(), float(np.vdot(cloud, cloud)))
    return ClassicalMds(with_fixed_signs(coordinates), eigenvalues, explained, 0.0)


def classical_mds_of_distances(distances: ArrayLike, dimensions: int = 2) -> ClassicalMds:
    """Scale a matrix of distances, Euclidean or not.

    Parameters
    ----------
    distances : array_like of shape (m, m)
        Made symmetric first by averaging it with its transpose.
    dimensions : int
        Axes wanted.

    Returns
    -------
    ClassicalMds

    Raises
    ------
    UnfitData
        If the matrix isn't square, or holds a NaN or infinity.
    """
    matrix = finite(distances, "distances")
    m = len(matrix)
    if matrix.shape != (m, m):
        raise UnfitData(f"distances: a square matrix is needed, but the shape is {matrix.shape}")
    gram = -0.5 * ((matrix + matrix.T) / 2) ** 2
    if m:
        gram -= gram.mean(axis=0)
        gram -= gram.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(gram)
    axes = min(dimensions, m)
    coordinates, eigenvalues = np.zeros((m, dimensions)), np.zeros(dimensions)
    eigenvalues[:axes] = np.maximum(values[::-1][:axes], 0.0)
    coordinates[:, :axes] = vectors[:, ::-1][:, :axes] * np.sqrt(eigenvalues[:axes])
    total = float(np.abs(values).sum())
    discarded = float(-values[values < 0].sum()) / total if total else 0.0
    return ClassicalMds(
        with_fixed_signs(coordinates), eigenvalues, _share(eigenvalues.sum(), total), discarded
    )


def with_fixed_signs(coordinates: Floats) -> Floats:
    """Turn each column so that its largest entry is positive; of nearly equal ones, the first."""
    if not len(coordinates):
        return coordinates
    sizes = np.abs(coordinates)
    first = np.argmax(sizes >= (1 - 1e-6) * sizes.max(axis=0), axis=0)
    signs = np.where(np.take_along_axis(coordinates, first[None], axis=0) < 0, -1.0, 1.0)
    turned: Floats = coordinates * signs
    return turned


def _share(part: float, total: float) -> float:
    """Return part / total within 0 to 1, also where rounding would leave it."""
    return float(min(1.0, part / total)) if total else 1.0
