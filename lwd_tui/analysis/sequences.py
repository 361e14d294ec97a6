"""Watching a run live: statements that hold at every t together, whenever one looks or stops."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import UnfitData, finite
from lwd_tui.types import Floats

# Slopes of the mixture, as halvings of the largest one: short and long runs both get a fitting
# one.
SLOPES = 14
BISECTIONS = 60
# Of true means in standard deviations, which the mixture of Student's sequence is over: narrow from
# three values to some twenty.
SPREAD = 10.0


def simultaneous_level(level: float, steps: int) -> float:
    """Return the level at which each step is judged, so that all of them hold together.

    Given the past, the responses of a step are drawn afresh, so that intervals each right with
    probability a are all right with probability a^steps (Sidak). The number of steps is fixed
    beforehand; stopping earlier only helps.

    Parameters
    ----------
    level : float
        Wanted for the whole run, between 0 and 1.
    steps : int
        T + 1.
    """
    if not 0 < level < 1 or steps < 1:
        raise UnfitData(f"level and steps: 0 < level < 1 and steps >= 1, not {level} and {steps}")
    return float(level ** (1 / steps))


@dataclass(frozen=True, slots=True, eq=False)
class ConfidenceSequence:
    """Intervals for the average so far, valid at every t together.

    Attributes
    ----------
    means : ndarray of shape (steps,)
        Average of the values up to and with t.
    lower, upper : ndarray of shape (steps,)
        For the average of their expectations, each taken given the past.
    level : float
    """

    means: Floats
    lower: Floats
    upper: Floats
    level: float


def running_mean_sequence(
    values: ArrayLike, low: float, high: float, level: float = 0.95
) -> ConfidenceSequence:
    """Follow the average of bounded values with an empirical-Bernstein confidence sequence.

    Parameters
    ----------
    values : array_like of shape (steps,)
        Such as the sum of the debiased squared distances of each step, which given the past is
        unbiased for the true one; in order of t.
    low, high : float
        No value can lie outside; see `debiased_range` for unit vectors.
    level : float
        Two-sided.

    Returns
    -------
    ConfidenceSequence

    Raises
    ------
    UnfitData
        If a value lies outside the range, or is NaN.

    Notes
    -----
    Howard, Ramdas, McAuliffe and Sekhon (2021), Theorem 4: with c = high - low and the running mean
    before t as the prediction, exp(s Sum(X - mu) - psi(s) Sum(X - prediction)^2), where
    psi(s) = (-ln(1 - c s) - c s) / c^2, is a nonnegative supermartingale for 0 <= s < 1 / c. A
    mixture over a fixed set of slopes s is one as well, and is inverted at each t. Expectations
    may change from step to step and depend on the past; nothing else is assumed.
    """
    series = finite(values, "values", ndim=1)
    if not 0 < level < 1:
        raise UnfitData(f"level: must lie between 0 and 1, not {level}")
    if not low < high:
        raise UnfitData(f"range: {low} to {high} holds no values")
    if series.size and (series.min() < low or series.max() > high):
        raise UnfitData(f"values: must lie within {low:g} to {high:g}")
    steps = np.arange(1, len(series) + 1)
    means = np.cumsum(series) / steps
    predictions = np.concatenate([[(low + high) / 2], means[:-1]])[: len(series)]
    # Work on the unit range, so that one set of slopes serves any scale.
    scale = high - low
    variances = np.cumsum((series - predictions) ** 2) / scale**2
    widths = scale * _boundary(variances, (1 - level) / 2) / steps
    return ConfidenceSequence(
        means, np.maximum(means - widths, low), np.minimum(means + widths, high), level
    )


def _boundary(variances: Floats, delta: float) -> Floats:
    """Return the deviation whose mixture supermartingale reaches 1 / delta, for range 1."""
    slopes = np.exp2(-np.arange(1.0, SLOPES + 1))
    psi: Floats = -np.log1p(-slopes) - slopes
    target = math.log(1 / delta)

    def log_mixture(deviation: Floats) -> Floats:
        exponents = slopes * deviation[:, None] - psi * variances[:, None]
        top = exponents.max(axis=1)
        return np.asarray(top + np.log(np.exp(exponents - top[:, None]).mean(axis=1)))

    low = np.zeros_like(variances)
    # The flattest slope alone, at its share of the weight, is beyond the target here.
    high: Floats = (target + math.log(SLOPES) + psi[-1] * variances) / slopes[-1]
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        beyond = log_mixture(middle) >= target
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return high


def student_sequence(values: ArrayLike, level: float = 0.95) -> ConfidenceSequence:
    """Follow the mean of independent normal values, such as differences over seeds.

    Parameters
    ----------
    values : array_like of shape (m,)
        In an order that was fixed before they were known.
    level : float
        Two-sided.

    Returns
    -------
    ConfidenceSequence
        For the one true mean; unbounded for the first two values and more.

    Notes
    -----
    Student's t of the first m values, against a true mean that is normal around 0 with a variance
    of g = 10 true variances, has the likelihood ratio of `student_evidence`: a nonnegative
    martingale where the mean is 0 (Lai 1976; Wang and Ramdas 2025), which reaches
    1 / (1 - level) ever with a probability of 1 - level at most. The interval holds the means that
    it hasn't refused: with r = 1 + g m and q = (r / (1 - level)^2)^(1 / m),
    t^2 < (m - 1) (q - 1) / (1 - q / r), or any where q >= r.
    """
    series = finite(values, "values", ndim=1)
    if not 0 < level < 1:
        raise UnfitData(f"level: must lie between 0 and 1, not {level}")
    counts, means, errors = _running(series)
    ratio = 1 + SPREAD * counts
    reach = (ratio / (1 - level) ** 2) ** (1 / counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.where(reach < ratio, (counts - 1) * (reach - 1) / (1 - reach / ratio), np.inf)
        halves = np.where(np.isinf(squares), np.inf, np.sqrt(squares) * errors)
    return ConfidenceSequence(means, means - halves, means + halves, level)


def student_evidence(values: ArrayLike) -> Floats:
    """Return how much more likely each t is, of the first m values, if their true mean isn't 0.

    One over it is a p-value, whenever one looks; see `student_sequence`.

    Parameters
    ----------
    values : array_like of shape (m,)

    Returns
    -------
    ndarray of shape (m,)
        (1 + g m)^(-1/2) ((1 + t^2 / (m - 1)) / (1 + t^2 / ((m - 1) (1 + g m))))^(m / 2), 1 first.
    """
    counts, means, errors = _running(finite(values, "values", ndim=1))
    ratio = 1 + SPREAD * counts
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.where(means == 0, 0.0, (means / errors) ** 2) / (counts - 1)
        gain = np.where(np.isinf(squares), ratio, (1 + squares) / (1 + squares / ratio))
    logs = counts / 2 * np.log(gain) - np.log(ratio) / 2
    return np.where(counts == 1, 1.0, np.exp(np.minimum(logs, 700.0)))


def _running(series: Floats) -> tuple[Floats, Floats, Floats]:
    """Return of the first m values m, the mean, and its standard error; NaN of the first alone."""
    counts = np.arange(1.0, len(series) + 1)
    means = np.cumsum(series) / counts
    # Around the first one, rounding leaves nothing of values that are equal.
    away = series - series[:1]
    spread = np.cumsum(away**2) - np.cumsum(away) ** 2 / counts
    means = np.where(spread == 0, series[:1], means)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt(np.maximum(spread, 0.0) / (counts - 1) / counts)
    return counts, means, errors


def debiased_range(n: int, responses: int, radius: float = 1.0) -> tuple[float, float]:
    """Return the range of the sum of the debiased squared distances inside a ball.

    Parameters
    ----------
    n, responses : int
        Participants, and the least L_i.
    radius : float
        Of a ball that no response can leave: 1 for unit vectors.
    """
    if responses < 2:
        raise UnfitData("debiased distances need at least two responses of every participant")
    # Each S_i / L_i is at most r^2 / (L_i - 1), and all squared distances sum to 2 n^2 r^2 at most.
    lowest = -2 * (n - 1) * n * radius**2 / (responses - 1)
    return lowest, 2 * n**2 * radius**2
