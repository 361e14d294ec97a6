"""Densities of the mixtures, for plots: safe however far a point or small a variance is."""

from __future__ import annotations

import numpy as np

from lwd_tui.experiment.gmm import GmmRun, covariance_matrix
from lwd_tui.types import Floats


def log_density(points: Floats, weights: Floats, means: Floats, covariance: Floats) -> Floats:
    """Return log g(x) of one mixture at m points (equation 3).

    Parameters
    ----------
    points : ndarray of shape (m, d)
    weights : ndarray of shape (B,)
    means : ndarray of shape (B, d)
    covariance : ndarray of shape (d, d) or (B, d, d)
        Shared, or one a component.

    Returns
    -------
    ndarray of shape (m,)
    """
    factor = np.linalg.cholesky(covariance)
    apart = np.swapaxes(points[None, :, :] - means[:, None, :], 1, 2)
    solved = np.linalg.solve(np.broadcast_to(factor, (len(means), *factor.shape[-2:])), apart)
    volume = np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)
    constant = 0.5 * points.shape[1] * np.log(2 * np.pi)
    with np.errstate(divide="ignore"):
        share = np.log(weights)[:, None]
    logs = share - 0.5 * (solved**2).sum(axis=1) - np.reshape(volume, (-1, 1)) - constant
    return np.asarray(np.logaddexp.reduce(logs, axis=0))


def densities(run: GmmRun, place: int, t: int, points: Floats) -> Floats:
    """Return the densities of all mixtures of a replicate at t.

    Parameters
    ----------
    run : GmmRun
    place : int
        Position of the replicate in the run.
    t : int
    points : ndarray of shape (m, d)

    Returns
    -------
    ndarray of shape (n, m)
        g_i(x) of equation 3.
    """
    spec, weights = run.spec, run.weights[place, t]
    if run.means is None or run.covariances is None:
        means = np.array(spec.means, dtype=np.float64)
        sigma = covariance_matrix(spec.covariance, spec.dimension, "covariance")
        return np.exp([log_density(points, row, means, sigma) for row in weights])
    moved = zip(weights, run.means[place, t], run.covariances[place, t], strict=True)
    return np.exp([log_density(points, *mixture) for mixture in moved])


def line_grid(run: GmmRun, size: int = 200) -> Floats:
    """Return points along the first axis that show every component of the start.

    Returns
    -------
    ndarray of shape (size, d)
        The other axes are at the mean of the means.
    """
    means = np.array(run.spec.means, dtype=np.float64)
    sigma = covariance_matrix(run.spec.covariance, run.spec.dimension, "covariance")
    margin = 4 * np.sqrt(sigma[0, 0])
    grid = np.tile(means.mean(axis=0), (size, 1))
    grid[:, 0] = np.linspace(means[:, 0].min() - margin, means[:, 0].max() + margin, size)
    return grid
