"""An upper bound of the norm between the true means, for any distribution inside a ball.

An empirical Bernstein bound, taken in the direction in which it is widest. It assumes that the
responses of a participant are independent and equally distributed, and that none can leave a ball
(r = 1 for unit vectors); nothing else, so that it holds also where an answer that would change all
was never seen. docs/statistics.md proves it.
"""

from __future__ import annotations

import math

import numpy as np

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.distance import relative_means, residuals
from lwd_tui.analysis.resolution import longest
from lwd_tui.types import Floats

STAKE = 0.8
"""The most that one response may cost, f in the docs: nearer to 1 is better only for equal ones."""

LIKELY = 0.1
"""Variance along the worst direction, in r^2, at which the bound is narrowest when L is large."""

ROUNDING = 1e-5
"""By how much a vector may be longer than the radius: single precision, not another length."""

BISECTIONS = 50


def norm_upper_bound(responses: Responses, level: float = 0.95, radius: float = 1.0) -> float:
    """Bound the norm between the true means from above.

    Parameters
    ----------
    responses : Responses
    level : float
        The probability with which the norm is below the bound, at least.
    radius : float
        Of a ball about the origin that no response can leave.

    Returns
    -------
    float
        NaN where nothing can be said: for one participant, fewer than two responses of one, a
        response outside the ball, and a bound beyond the largest norm that the ball allows.

    Raises
    ------
    UnfitData
        If the level or the radius doesn't fit.

    Notes
    -----
    sqrt(2 n) (x / k + max over unit vectors u of [c . u + k sum a_i u_i' S_i u_i]), where c are the
    means about their common centre, S_i the covariances, x = ln(1 / (1 - level)), and k and the a_i
    depend on n and the L_i only.
    """
    n, counts = responses.n, responses.counts
    if n < 2 or counts.min() < 2 or longest(responses.points) > radius * (1 + ROUNDING):
        return math.nan
    slope = _slope(n, int(counts.min()), level, radius)
    means, offsets = relative_means(responses), residuals(responses)
    centres = means - means.mean(axis=0)
    linear, square = [0.0], [0.0]
    for i, size in enumerate(counts - 1):
        stake = slope * _reach(n, radius) / size
        # An earlier mean predicts the k-th response, with 1 + 1/(k - 1) of the variance.
        harmonic = float((1 / np.arange(1, size + 1)).sum())
        factor = (-math.log1p(-stake) - stake) / stake**2 * (1 + harmonic / size) / size
        mine = offsets[responses.owners == i]
        values, vectors = np.linalg.eigh(mine @ mine.T)
        kept = values > values[-1] * 1e-12
        along = (mine @ centres[i]) @ vectors[:, kept] / np.sqrt(values[kept])
        linear.extend(along**2)
        square.extend(slope * factor * values[kept] / size)
        # What lies outside the span of the responses has no variance.
        linear[0] += max(float(centres[i] @ centres[i] - along @ along), 0.0)
    width = -math.log1p(-level) / slope
    bound = math.sqrt(2 * n) * (width + _largest(np.array(linear), np.array(square)))
    return bound if bound < largest_norm(n, radius) else math.nan


def least_upper_bound(n: int, responses: int, level: float = 0.95, radius: float = 1.0) -> float:
    """Return the bound if no response differs from another: none can be smaller.

    Parameters
    ----------
    n, responses : int
        Participants, at least two, and L, at least two.
    level, radius : float
        As for `norm_upper_bound`.
    """
    return math.sqrt(2 * n) * -math.log1p(-level) / _slope(n, responses, level, radius)


def responses_needed(norm: float, n: int, level: float = 0.95, radius: float = 1.0) -> int:
    """Return the least L at which a bound can be below a norm: with fewer it can't, whatever comes.

    Parameters
    ----------
    norm : float
        More than 0.
    n : int
        At least two.
    level, radius : float
        As for `norm_upper_bound`.
    """
    # Solves `least_upper_bound`, where either of the two limits of the slope holds.
    x = -math.log1p(-level)
    cap = math.sqrt(2 * n) * x * _reach(n, radius) / (STAKE * norm)
    large = n * x * LIKELY * (radius / norm) ** 2
    return math.floor(max(cap, large)) + 2


def largest_norm(n: int, radius: float = 1.0) -> float:
    """Return the largest norm between n points of a ball."""
    # Sum over i != j of ||m_i - m_j||^2 <= 2 n sum ||m_i||^2.
    return math.sqrt(2) * n * radius


def _reach(n: int, radius: float) -> float:
    """Return how far two responses can be apart along u_i, which is no longer than this / 2r."""
    return 2 * radius * math.sqrt(1 - 1 / n)


def _slope(n: int, fewest: int, level: float, radius: float) -> float:
    if not 0 < level < 1:
        raise UnfitData(f"level: must lie between 0 and 1, not {level}")
    if not 0 < radius < math.inf:
        raise UnfitData(f"radius: must be a positive number, not {radius}")
    large = math.sqrt(-2 * math.log1p(-level) / (LIKELY * (fewest - 1))) / radius
    return (fewest - 1) * min(STAKE / _reach(n, radius), large)


def _largest(linear: Floats, square: Floats) -> float:
    """Return the maximum over unit vectors u of sum sqrt(linear_j) u_j + square_j u_j^2.

    By Lagrange it is the least of s + sum linear_j / 4 (s - square_j) over s beyond every square_j;
    any such s gives an upper bound, so that stopping early harms nothing.
    """
    used, top = linear > 0, float(square.max())
    linear, gaps = linear[used], top - square[used]
    low, high = 0.0, math.sqrt(float(linear.sum())) / 2
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if (linear / (gaps + middle) ** 2).sum() > 4:
            low = middle
        else:
            high = middle
    return top + high + float((linear / (4 * (gaps + high))).sum())
