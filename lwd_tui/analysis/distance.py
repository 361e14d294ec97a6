"""Distances between participants: D(t), its norm, and the part of it that is only noise.

Let x_il be the embedded responses of participant i, L_i of them, m_i their true mean and S_i the
trace of their sample covariance. The plain distance between sample means is biased upward,
E D_ij^2 = ||m_i - m_j||^2 + (tr Sigma_i) / L_i + (tr Sigma_j) / L_j, so each number comes with the
noise floor it would show if all means were equal.
"""

from __future__ import annotations

import numpy as np

from lwd_tui.analysis.arrays import Responses, once
from lwd_tui.analysis.cmds import classical_mds
from lwd_tui.analysis.frames import aligned
from lwd_tui.analysis.resolution import longest, resolution
from lwd_tui.types import Floats, Geometry, Ints


def mean_embeddings(responses: Responses) -> Floats:
    """X_i, the mean of the embedded responses of each participant: equation (1) of the paper.

    Returns
    -------
    ndarray of shape (n, p), float64
        Rows of NaN for a participant without responses.
    """
    # Equal responses have exactly their common value as the mean.
    firsts, beyond, _ = _about_firsts(responses)
    return np.asarray(firsts + beyond)


def relative_means(responses: Responses) -> Floats:
    """X_i - x, with x the first of all responses: see `shifted` for why."""
    firsts, beyond, _ = _about_firsts(responses)
    return np.asarray(firsts - responses.points[:1].sum(axis=0) + beyond)


def residuals(responses: Responses) -> Floats:
    """x_il - X_i, of the shape of the points."""
    return _about_firsts(responses)[2]


@once
def _about_firsts(responses: Responses) -> tuple[Floats, Floats, Floats]:
    """Return the first response of each participant, X_i relative to it, and the residuals.

    No other array as large as the points is made: new memory takes as long as the work on it.
    """
    points, parts = responses.points, responses.parts
    firsts = np.full((responses.n, points.shape[1]), np.nan)
    beyond, found = firsts.copy(), np.empty_like(points)
    ends = np.cumsum(responses.counts)[:-1]
    for i, (mine, own) in enumerate(zip(parts, np.split(found, ends), strict=True)):
        if len(mine):
            firsts[i] = mine[0]
            np.subtract(mine, mine[0], out=own)
            beyond[i] = own.mean(axis=0)
            own -= beyond[i]
    order = np.argsort(responses.owners, kind="stable")
    if (order[1:] < order[:-1]).any():
        found[order] = found.copy()
    return firsts, beyond, found


@once
def residual_gram(responses: Responses) -> Floats:
    """Inner products of the residuals, of shape (m, m)."""
    found = residuals(responses)
    return np.asarray(found @ found.T)


def distances_from_means(responses: Responses) -> Floats:
    """||x_il - X_j||, how far each response is from the mean of each participant, its own too.

    A response has a share in the mean of its own participant, and so is nearer to it than a new
    response of that participant would be.

    Returns
    -------
    ndarray of shape (m, n)
        Columns of NaN for a participant without responses.
    """
    near = responses.shifted()
    distances = np.empty((len(near.points), near.n))
    for j, mean in enumerate(mean_embeddings(near)):
        distances[:, j] = np.linalg.norm(near.points - mean, axis=1)
    return distances


def distance_matrix(means: Floats) -> Floats:
    """D, the Euclidean distances between the rows: equation (2); NaN where a row is NaN.

    Returns
    -------
    ndarray of shape (n, n)
        Exactly symmetric, with an exactly zero diagonal.
    """
    # Differences, never norms and products: those lose every digit after collapse.
    distances = np.zeros((len(means), len(means)))
    for i, row in enumerate(means):
        distances[i, i:] = distances[i:, i] = np.linalg.norm(means[i:] - row, axis=1)
    return distances


def frobenius_norm(distances: Floats) -> float:
    """||D||_F over the full matrix, every pair twice, as in the paper; NaN where there is none."""
    return float(np.linalg.norm(distances)) if len(distances) > 1 else float("nan")


def dispersion(responses: Responses) -> Floats:
    """S_i, the trace of the unbiased covariance of each participant's responses.

    Returns
    -------
    ndarray of shape (n,)
        NaN for a participant with fewer than two responses.
    """
    found, counts = residuals(responses), responses.counts
    squares = np.bincount(responses.owners, np.vecdot(found, found), minlength=responses.n)
    return np.where(counts > 1, squares, np.nan) / np.maximum(counts - 1, 1)


def mean_variances(dispersion: Floats, counts: Ints) -> Floats:
    """S_i / L_i, the estimated expectation of ||X_i - m_i||^2; NaN where S_i is."""
    return np.where(counts > 0, dispersion, np.nan) / np.maximum(counts, 1)


def noise_floor(dispersion: Floats, counts: Ints) -> float:
    """Return the norm to expect if all true means were equal: noise alone.

    It is ``sqrt(sum over i != j of S_i / L_i + S_j / L_j)``; NaN if any S_i is not defined, or
    there is one participant only.

    Parameters
    ----------
    dispersion, counts : ndarray of shape (n,)
        S_i and L_i.
    """
    if len(counts) < 2:
        return float("nan")
    return float(np.sqrt(2 * (len(counts) - 1) * mean_variances(dispersion, counts).sum()))


def debiased_squared_distances(distances: Floats, dispersion: Floats, counts: Ints) -> Floats:
    """U_ij = D_ij^2 - S_i / L_i - S_j / L_j, unbiased for ||m_i - m_j||^2.

    Returns
    -------
    ndarray of shape (n, n)
        May be negative, as an unbiased estimate of a number near zero must; the diagonal is 0.
    """
    noise = mean_variances(dispersion, counts)
    squares: Floats = distances**2 - noise[:, None] - noise[None, :]
    np.fill_diagonal(squares, 0.0)
    return squares


def debiased_norm(distances: Floats, dispersion: Floats, counts: Ints) -> float:
    """Return the norm without its upward bias, ``sqrt(max(0, sum of U))``.

    NaN if an S_i is, or there is one participant only.
    """
    if len(counts) < 2:
        return float("nan")
    total = debiased_squared_distances(distances, dispersion, counts).sum()
    return float(np.sqrt(np.maximum(total, 0.0)))


def geometry(responses: Responses, previous: Geometry | None = None) -> Geometry:
    """Work out all that one step shows: distances, norms, dispersion, and the scatter.

    The scatter is turned to fit that of the step before, if there is one.
    """
    near = responses.shifted()
    if not len(near.points):
        # There is no dimension either, and a distance in none would be 0.
        near = near._replace(points=np.empty((0, 1)))
    counts = near.counts
    distances = distance_matrix(mean_embeddings(near))
    spread = dispersion(near)
    scaled = classical_mds(near.points)
    # A share of rounding is none.
    closest = resolution(responses.points)
    equal = longest(near.points) <= closest
    return Geometry(
        distances=distances,
        norm=frobenius_norm(distances),
        norm_debiased=debiased_norm(distances, spread, counts),
        noise_floor=noise_floor(spread, counts),
        dispersion=spread,
        coordinates=aligned(scaled.coordinates, near.owners, previous),
        owners=near.owners,
        explained=1.0 if equal else scaled.explained,
    )
