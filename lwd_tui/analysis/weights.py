"""What the weights of a run say: arrays in, arrays out.

Our own, because no library knows these measures; what is general in them is NumPy's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lwd_tui.types import Floats, Ints

DEAD = 1e-3
"""A component is dead in a mixture that gives it a weight of at most this, or twice eps."""

AT_VERTEX = 0.1
"""A mixture is at a vertex if its weights are at most this far from having one component only."""


def distances(weights: Floats) -> Floats:
    """Return D: the distances between the rows of weights of shape (..., n, B) (equation 4)."""
    apart = weights[..., :, None, :] - weights[..., None, :, :]
    return np.asarray(np.linalg.norm(apart, axis=-1))


def norms(weights: Floats) -> Floats:
    """Return the Frobenius norm of D for weights of shape (..., n, B).

    By the mean of the rows, ||D||^2 = 2 n sum_i ||Pi_i - mean||^2, without forming D. NaN for one
    row alone, which is at no distance.
    """
    n = weights.shape[-2]
    if n < 2:
        return np.full(weights.shape[:-2], np.nan)
    centred = weights - weights.mean(axis=-2, keepdims=True)
    return np.asarray(np.sqrt(2 * n * np.square(centred).sum(axis=(-2, -1))))


def quantile_band(curves: Floats, levels: tuple[float, ...] = (0.1, 0.5, 0.9)) -> Floats:
    """Return quantiles over the replicates of curves of shape (R, T + 1): one row a level."""
    return np.asarray(np.quantile(curves, levels, axis=0))


def drift(weights: Floats) -> Floats:
    """Return how far the sums of the weights are from 1, of shape (...,) for (..., B)."""
    return np.asarray(weights.sum(axis=-1) - 1)


def first_death(weights: Floats, eps: float) -> Ints:
    """Return the first t at which a mixture has a dead component (see `DEAD`), per replicate.

    Parameters
    ----------
    weights : ndarray of shape (R, T + 1, n, B)
    eps : float

    Returns
    -------
    ndarray of shape (R,)
        -1 where none ever had. A death isn't for ever: with eps > 0 points of others revive.
    """
    dead = weights.min(axis=(-2, -1)) <= max(DEAD, 2 * eps)
    return np.where(dead.any(axis=1), dead.argmax(axis=1), -1)


def vertex_distances(weights: Floats) -> Floats:
    """Return how far each mixture is from having one component only, of shape (...,) for (..., B).

    The distance to the nearest vertex of the simplex: 0, up to sqrt(1 - 1 / B) for equal weights.
    """
    nearest = np.eye(weights.shape[-1])[weights.argmax(axis=-1)]
    return np.asarray(np.linalg.norm(weights - nearest, axis=-1))


def polarised(weights: Floats) -> NDArray[np.bool_]:
    """Say which replicates are polarised, for weights of shape (R, n, B).

    Polarised: at least two mixtures are at a vertex (see `AT_VERTEX`), and not at the same one.
    """
    return np.asarray(_vertices_taken(weights) >= 2)


def collapsed(weights: Floats) -> NDArray[np.bool_]:
    """Say which replicates have all their mixtures at one and the same vertex."""
    everyone = (vertex_distances(weights) <= AT_VERTEX).all(axis=-1)
    return np.asarray(everyone & (_vertices_taken(weights) == 1))


def _vertices_taken(weights: Floats) -> Ints:
    at_vertex = vertex_distances(weights) <= AT_VERTEX
    vertex = np.eye(weights.shape[-1], dtype=bool)[weights.argmax(axis=-1)]
    return np.asarray((vertex & at_vertex[..., None]).any(axis=-2).sum(axis=-1))
