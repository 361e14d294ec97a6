"""Bounds on the norm that hold at any L, for any distribution inside a ball.

Two inequalities are joined. Let the responses of each participant be independent and lie in some
ball of radius r (its centre doesn't matter; r = 1 for unit vectors).

1. Bernstein's inequality in a Hilbert space (Pinelis 1994, for martingales in smooth spaces).
   For independent, centred X_k with ||X_k|| <= b and sum of E ||X_k||^2 <= v,
   P(||sum X_k|| >= s) <= 2 exp(-s^2 / (2 v + 2 b s / 3)).
2. The variance is known only from the sample. With S the unbiased sample variance (the trace),
   sigma <= 2 r sqrt(x / L) + sqrt(4 r^2 x / L + S), x = ln(1 / delta), with probability 1 - delta:
   the argument of Maurer and Pontil (2009, Theorem 10) from the concentration of self-bounding
   functions, carried to a Hilbert space in docs/statistics.md. And always sigma <= r.

Dimension appears nowhere; that is paid for with width, and at the paper's L = 40 the bounds are
often vacuous, so that the L which would do is reported with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import UnfitData, finite
from lwd_tui.types import Floats, Ints

# Beyond this the answer is "out of reach", whatever the exact number.
MOST_RESPONSES = 10**9


@dataclass(frozen=True, slots=True)
class NormBound:
    """A bound on how far the norm between sample means is from that between true means.

    Attributes
    ----------
    radius : float
        With confidence `level`, the two norms differ by no more.
    lower, upper : float
        For the norm between the true means; at least 0, and at most what the ball allows.
    vacuous : bool
        Whether the bound says nothing: `lower` is 0 and `upper` what the ball allows anyway.
    level : float
    """

    radius: float
    lower: float
    upper: float
    vacuous: bool
    level: float


def norm_bound(
    norm: float, dispersion: Floats, counts: Ints, radius: float, level: float = 0.95
) -> NormBound:
    """Bound the norm between the true means.

    Parameters
    ----------
    norm : float
        The plain norm, of the sample means.
    dispersion, counts : ndarray of shape (n,)
        S_i and L_i.
    radius : float
        Of a ball that no response can leave: 1 for unit vectors. Raw vectors have none that is
        known for certain; then the bound stands on the number given here.
    level : float

    Returns
    -------
    NormBound

    Raises
    ------
    UnfitData
        If a participant has fewer than two responses, or a number doesn't fit.

    Notes
    -----
    ||D||_F is sqrt(2 n) times the length of the stacked means about their common centre, so each
    response of participant i moves it by a vector of mean square 2 (n - 1) sigma_i^2 / L_i^2. Half
    of 1 - level goes to the norm, half to the n variances.
    """
    spread = finite(dispersion, "dispersion", ndim=1)
    _check(spread, counts, radius, level)
    n = len(spread)
    width = _radius(spread, counts, radius, level)
    # The means lie in the ball: sum over i != j of ||m_i - m_j||^2 <= 2 n^2 r^2.
    largest = math.sqrt(2.0) * n * radius if n > 1 else 0.0
    lower, upper = max(0.0, norm - width), min(largest, norm + width)
    return NormBound(width, lower, upper, lower == 0.0 and upper == largest, level)


def responses_needed(
    target: float, dispersion: Floats, radius: float, level: float = 0.95
) -> int | None:
    """Return the L, the same for all, at which the radius of `norm_bound` falls to a target.

    Parameters
    ----------
    target : float
        The radius wanted, such as the margin of an equivalence less the norm that is expected.
    dispersion : ndarray of shape (n,)
        S_i, taken to stay as they are.
    radius, level : float
        As for `norm_bound`.

    Returns
    -------
    int or None
        None if a thousand million would not be enough.

    Raises
    ------
    UnfitData
        If a number doesn't fit.
    """
    spread = finite(dispersion, "dispersion", ndim=1)
    n = len(spread)
    _check(spread, np.full(n, 2), radius, level)
    low, high = 1, 2
    while _radius(spread, np.full(n, high), radius, level) > target:
        low, high = high, 2 * high
        if high > MOST_RESPONSES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if _radius(spread, np.full(n, middle), radius, level) > target:
            low = middle
        else:
            high = middle
    return high


def _check(dispersion: Floats, counts: Ints, radius: float, level: float) -> None:
    if not 0 < level < 1:
        raise UnfitData(f"level: must lie between 0 and 1, not {level}")
    if not 0 < radius < math.inf:
        raise UnfitData(f"radius: must be a positive number, not {radius}")
    if counts.min(initial=2) < 2:
        raise UnfitData("a bound needs at least two usable responses of every participant")
    # No more can be spread inside the ball: S_i <= r^2 L_i / (L_i - 1).
    if (dispersion > 2 * radius**2 * (1 + 1e-6)).any():
        raise UnfitData(
            f"radius: a dispersion of {dispersion.max():.3g} doesn't fit in a ball of {radius:g}"
        )


def _radius(dispersion: Floats, counts: Ints, radius: float, level: float) -> float:
    n = len(dispersion)
    if n < 2:
        return 0.0
    x_norm, x_variance = math.log(4 / (1 - level)), math.log(2 * n / (1 - level))
    slack = 4 * radius**2 * x_variance / counts
    sigmas = np.sqrt(slack) + np.sqrt(slack + dispersion)
    variance = 2 * (n - 1) * float((np.minimum(sigmas, radius) ** 2 / counts).sum())
    largest = math.sqrt(2 * (n - 1)) * 2 * radius / int(counts.min())
    linear = largest * x_norm / 3
    return linear + math.sqrt(linear**2 + 2 * variance * x_norm)
