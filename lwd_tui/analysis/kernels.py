"""Matrices of similarity between responses: one is made a step, and every statistic reads it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import shifted
from lwd_tui.types import Floats

# Squared distances below this share of the squared norms are what rounding leaves of zero.
ROUNDING = 1e-13


def centred_gram(points: ArrayLike) -> Floats:
    """Inner products of the points about their common mean, of shape (m, m)."""
    cloud = shifted(np.asarray(points, dtype=np.float64))
    if len(cloud):
        cloud -= cloud.mean(axis=0)
    return cloud @ cloud.T


def squared_distances(gram: Floats) -> Floats:
    """Squared Euclidean distances from inner products; equal points are exactly 0 apart."""
    norms = np.diagonal(gram)
    sums = norms[:, None] + norms[None, :]
    squares = sums - 2 * gram
    squares[squares <= ROUNDING * sums] = 0.0
    np.fill_diagonal(squares, 0.0)
    return squares


def gaussian_kernel(squares: Floats) -> Floats:
    """exp(-d^2 / (2 s^2)), where s is the median distance between two points.

    The median heuristic (Gretton et al. 2012). Where more than half of the pairs are equal, the
    median is taken over the others; where all are equal, the kernel is 1 everywhere.
    """
    pairs = squares[np.triu_indices(len(squares), 1)]
    width = float(np.median(pairs)) if len(pairs) else 0.0
    if not width:
        apart = pairs[pairs > 0]
        width = float(np.median(apart)) if len(apart) else 1.0
    return np.exp(squares / (-2 * width))


def doubly_centred(matrices: Floats) -> Floats:
    """Take the means of rows and columns out of symmetric matrices, of shape (..., m, m)."""
    means = matrices.mean(axis=-2, keepdims=True)
    whole = means.mean(axis=-1, keepdims=True)
    centred: Floats = matrices - means
    centred -= np.swapaxes(means - whole, -1, -2)
    return centred
