"""Standard errors of the debiased squared distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.distance import (
    debiased_squared_distances,
    dispersion,
    distance_matrix,
    mean_embeddings,
)
from lwd_tui.analysis.resolution import without_rounding
from lwd_tui.types import Floats, Ints

# Unbiased estimates of tr(Sigma^2) exist from four responses on.
FEWEST = 4


@dataclass(frozen=True, slots=True, eq=False)
class PairEstimates:
    """Debiased squared distances and how uncertain they are.

    Attributes
    ----------
    squares : ndarray of shape (n, n)
        U_ij, unbiased for the squared distance between the true means; may be negative.
    errors : ndarray of shape (n, n)
        Standard error of each U_ij; NaN where a participant has fewer than four responses.
    """

    squares: Floats
    errors: Floats


def debiased_pairs(responses: Responses) -> PairEstimates:
    """Estimate squared distances between true means, each with its standard error.

    Notes
    -----
    With delta = m_i - m_j, for independent responses and whatever their distribution,

        Var U_ij = 4 delta' (Sigma_i / L_i + Sigma_j / L_j) delta + V_ij,
        V_ij = 2 tr(Sigma_i^2) / (L_i (L_i - 1)) + 2 tr(Sigma_j^2) / (L_j (L_j - 1))
               + 4 tr(Sigma_i Sigma_j) / (L_i L_j)

    (U_ij is the statistic of Chen and Qin 2010). The traces are estimated without bias (Himeno
    and Yamada 2014); the first term by its sample version less the 2 V_ij that noise adds to it,
    and at least 0.
    """
    exact = without_rounding(responses.points)
    near = responses._replace(points=exact).shifted()
    points, labels, n = near
    counts = near.counts
    means = mean_embeddings(near)
    residuals = points - means[labels]
    spread = dispersion(near)
    squares = debiased_squared_distances(distance_matrix(means), spread, counts)
    traces = _traces(residuals, labels, counts)
    size = np.where(counts >= FEWEST, counts, np.nan).astype(np.float64)
    noise = 2 * np.diagonal(traces) / (size * (size - 1))
    pure = noise[:, None] + noise[None, :] + 4 * traces / np.outer(size, size)
    along = np.full((n, n), np.nan)
    for i in np.flatnonzero(counts >= FEWEST):
        # Row j holds delta' S_i delta / L_i.
        projected = residuals[labels == i] @ (means[i] - means).T
        along[i] = (projected**2).sum(axis=0) / ((counts[i] - 1) * counts[i])
    along = along + along.T
    variance = pure + np.maximum(4 * along - 2 * pure, 0.0)
    np.fill_diagonal(variance, 0.0)
    return PairEstimates(squares, np.sqrt(variance))


def covariance_products(responses: Responses) -> Floats:
    """Estimate tr(Sigma_i Sigma_j) without bias, but for the cut at 0.

    Returns
    -------
    ndarray of shape (n, n)
        NaN where a participant has fewer than four responses.
    """
    points, labels, _ = near = responses.shifted()
    return _traces(points - mean_embeddings(near)[labels], labels, near.counts)


def _traces(residuals: Floats, labels: Ints, counts: Ints) -> Floats:
    """Estimate tr(Sigma_i Sigma_j), and tr(Sigma_i^2) on the diagonal; never negative."""
    n = len(counts)
    traces = np.full((n, n), np.nan)
    groups = [residuals[labels == i] for i in range(n)]
    usable = np.flatnonzero(counts >= FEWEST)
    for i in usable:
        size = int(counts[i])
        gram = groups[i] @ groups[i].T
        square = np.vdot(gram, gram) / (size - 1) ** 2
        trace = np.trace(gram) / (size - 1)
        fourth = (np.diagonal(gram) ** 2).sum() / (size - 1)
        factor = (size - 1) / (size * (size - 2) * (size - 3))
        estimate = factor * ((size - 1) * (size - 2) * square + trace**2 - size * fourth)
        traces[i, i] = max(estimate, 0.0)
        for j in usable[usable > i]:
            cross = groups[i] @ groups[j].T
            traces[i, j] = np.vdot(cross, cross) / ((size - 1) * (counts[j] - 1))
            traces[j, i] = traces[i, j]
    return traces
