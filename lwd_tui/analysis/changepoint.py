"""Where a series changes: a sudden shift, or a decline that comes to rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import UnfitData, finite
from lwd_tui.types import Floats

Kind = Literal["shift", "plateau"]
SHORTEST = 6


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """The best single change.

    Attributes
    ----------
    kind : {"shift", "plateau"}
        One level and then another; or a straight line and then a level.
    step : int
        First t of the second part.
    lower, upper : int
        Interval for `step`.
    start, end : float
        Fitted value at t = 0, and the level of the second part.
    explained : float
        Share of the variance of the series; 1 for a constant one.
    level : float
    """

    kind: Kind
    step: int
    lower: int
    upper: int
    start: float
    end: float
    explained: float
    level: float


def change_point(
    values: ArrayLike,
    rng: np.random.Generator,
    kind: Kind = "plateau",
    level: float = 0.95,
    resamples: int = 499,
    precision: float = 0.0,
) -> ChangePoint:
    """Find the one change that fits a series best, by least squares over all places.

    Parameters
    ----------
    values : array_like of shape (steps,)
        Such as the norm at t = 0 .. T; at least six.
    rng : numpy.random.Generator
    kind : {"shift", "plateau"}
    level : float
    resamples : int
    precision : float
        A series that varies by no more than this, its rounding, is a constant one.

    Returns
    -------
    ChangePoint

    Raises
    ------
    UnfitData
        If the series is too short, or holds a NaN.

    Notes
    -----
    The shift is the estimate of Bai (1994). The interval comes from refitting the curve with its
    residuals drawn again in blocks of about steps^(1/3) (Künsch 1989), since neighbouring steps
    share posts and aren't independent. A change is always found: `explained` tells whether it is
    worth a word.
    """
    given = finite(values, "values", ndim=1)
    steps = len(given)
    if steps < SHORTEST:
        raise UnfitData(f"a change point needs at least {SHORTEST} steps, not {steps}")
    if not 0 < level < 1:
        raise UnfitData(f"level: must lie between 0 and 1, not {level}")
    # Relative to the first value, so that nothing is left of a constant series.
    series = (given - given[0]) * (np.ptp(given) > precision)
    places = np.arange(2, steps - 1)
    t = np.arange(steps)
    # The second regressor is 0 from the change on, so the first one's weight is the last level.
    before = t < places[:, None]
    slopes = (before if kind == "shift" else before * (t - places[:, None])).astype(np.float64)
    best, fits = _fit(series[None], slopes)
    fitted = fits[0]
    residuals = series - fitted
    refitted, _ = _fit(fitted + _blocks(residuals, rng, resamples), slopes)
    tail = (1 - level) / 2
    lower, upper = np.quantile(places[refitted], [tail, 1 - tail], method="inverted_cdf")
    spread = float(((series - series.mean()) ** 2).sum())
    explained = 1 - float((residuals**2).sum()) / spread if spread else 1.0
    return ChangePoint(
        kind,
        int(places[best[0]]),
        int(lower),
        int(upper),
        float(given[0] + fitted[0]),
        float(given[0] + fitted[-1]),
        explained,
        level,
    )


def _fit(series: Floats, slopes: Floats) -> tuple[Floats, Floats]:
    """Fit a + b * slope to each series for every slope; return the best one's index and curve."""
    means = series.mean(axis=1, keepdims=True)
    centred = slopes - slopes.mean(axis=1, keepdims=True)
    directions = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    along = (series - means) @ directions.T
    best = np.argmax(along**2, axis=1)
    curves = means + np.take_along_axis(along, best[:, None], axis=1) * directions[best]
    return best, curves


def _blocks(residuals: Floats, rng: np.random.Generator, resamples: int) -> Floats:
    """Draw residuals again in moving blocks, centred."""
    steps = len(residuals)
    length = max(1, round(steps ** (1 / 3)))
    starts = rng.integers(steps - length + 1, size=(resamples, -(-steps // length)))
    places = (starts[:, :, None] + np.arange(length)).reshape(resamples, -1)[:, :steps]
    drawn = residuals[places]
    return np.asarray(drawn - residuals.mean())
