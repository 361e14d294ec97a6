"""Standard errors of the debiased squared distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.distance import (
    debiased_squared_distances,
    dispersion,
    distance_matrix,
    relative_means,
    residual_gram,
    residuals,
)
from lwd_tui.analysis.resolution import exact
from lwd_tui.types import Floats

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
    and Yamada 2014); the first term by its sample version less what noise adds to that, which is
    2 V_ij with L (L - 1) replaced by L^2 (normal responses), and at least 0.
    """
    near = exact(responses)
    counts, means = near.counts, relative_means(near)
    squares = debiased_squared_distances(distance_matrix(means), dispersion(near), counts)
    traces = covariance_products(near)
    size = np.where(counts >= FEWEST, counts, np.nan)
    noise = 2 * np.diagonal(traces) / (size * (size - 1))
    between = 4 * traces / np.outer(size, size)
    pure = noise[:, None] + noise[None, :] + between
    # The sample means are off by Sigma / L each, which divides by L where V_ij has L - 1.
    spent = noise * (size - 1) / size
    added = 2 * (spent[:, None] + spent[None, :] + between)
    # Row i, column j holds delta' S_i delta / L_i.
    projected = residuals(near) @ means.T
    projected -= projected[np.arange(len(projected)), near.owners][:, None]
    along = _members(near) @ projected**2 / (size * (size - 1))[:, None]
    variance = pure + np.maximum(4 * (along + along.T) - added, 0.0)
    np.fill_diagonal(variance, 0.0)
    return PairEstimates(squares, np.sqrt(variance))


def covariance_products(responses: Responses) -> Floats:
    """Estimate tr(Sigma_i Sigma_j) without bias, but for the cut at 0.

    Returns
    -------
    ndarray of shape (n, n)
        NaN where a participant has fewer than four responses.
    """
    gram, members = residual_gram(responses), _members(responses)
    size = np.where(responses.counts >= FEWEST, responses.counts, np.nan)
    products = members @ gram**2 @ members.T / np.outer(size - 1, size - 1)
    own = np.diagonal(gram)
    trace, fourth = members @ own / (size - 1), members @ own**2 / (size - 1)
    factor = (size - 1) / (size * (size - 2) * (size - 3))
    estimate = (size - 1) * (size - 2) * np.diagonal(products) + trace**2 - size * fourth
    np.fill_diagonal(products, np.maximum(factor * estimate, 0.0))
    return np.asarray(products)


def _members(responses: Responses) -> Floats:
    """Return a row of 0 and 1 for each participant."""
    own = responses.owners == np.arange(responses.n)[:, None]
    return np.asarray(own, dtype=np.float64)
