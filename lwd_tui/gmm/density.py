"""Densities of the mixtures, for plots: safe however far a point or small a variance is."""

from __future__ import annotations

import numpy as np

from lwd_tui.experiment.gmm import GmmRun
from lwd_tui.gmm.components import Components
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
    weights = run.weights[place, t]
    if run.means is None or run.covariances is None:
        shared = Components.of(run.spec)
        mixtures = [(row, shared.means, shared.covariance) for row in weights]
    else:
        moved = run.means[place, t], run.covariances[place, t]
        mixtures = list(zip(weights, *moved, strict=True))
    return np.exp([log_density(points, *mixture) for mixture in mixtures])


def line_grid(run: GmmRun, size: int = 200) -> Floats:
    """Return points along the first axis that show every component of the start.

    Returns
    -------
    ndarray of shape (size, d)
        The other axes are at the mean of the means.
    """
    shared = Components.of(run.spec)
    margin, along = 4 * np.sqrt(shared.covariance[0, 0]), shared.means[:, 0]
    grid = np.tile(shared.origin, (size, 1))
    grid[:, 0] = np.linspace(along.min() - margin, along.max() + margin, size)
    return grid
