"""A control chart: the steps at which a series that had settled left its usual range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lwd_tui.analysis.arrays import UnfitData, finite

# Expected range of two standard normal numbers: 2 / sqrt(pi).
MEAN_RANGE_OF_TWO = 2 / np.sqrt(np.pi)


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart:
    """Limits of an individuals chart, and what lies outside them.

    Attributes
    ----------
    centre, low, high : float
    outside : ndarray of bool, shape (steps,)
    autocorrelation : float
        Between neighbouring steps of the baseline; 0 where all are equal but for rounding. The
        more it is above 0, the narrower the limits are by mistake.
    """

    centre: float
    low: float
    high: float
    outside: NDArray[np.bool_]
    autocorrelation: float


def control_chart(values: ArrayLike, first: int, last: int, precision: float = 0.0) -> ControlChart:
    """Draw limits at three standard deviations about a stretch that counts as settled.

    Parameters
    ----------
    values : array_like of shape (steps,)
        Such as the norm at t = 0 .. T.
    first, last : int
        The baseline, both ends included; at least five steps.
    precision : float
        Differences up to this are rounding, and never outside.

    Returns
    -------
    ControlChart

    Raises
    ------
    UnfitData
        If the baseline is too short or not inside the series, or a value is NaN.

    Notes
    -----
    Shewhart's chart for individual values: the standard deviation is the mean distance of
    neighbours over 1.128. Its false alarms, 1 in 370 for independent normal values, are more
    frequent here, because neighbouring steps share posts, and because the baseline is chosen after
    the fact. It points at steps worth a look; it is no test.
    """
    series = finite(values, "values", ndim=1)
    if not 0 <= first <= last < len(series) or last - first < 4:
        raise UnfitData(
            f"baseline: t = {first} to {last} isn't five or more of the {len(series)} steps"
        )
    baseline = series[first : last + 1]
    # Relative to the first, so that equal values have exactly their common value as the mean.
    centre = float(baseline[0] + (baseline - baseline[0]).mean())
    reach = max(3 * float(np.abs(np.diff(baseline)).mean() / MEAN_RANGE_OF_TWO), precision)
    autocorrelation = 0.0
    if np.ptp(baseline) > precision:
        centred = baseline - centre
        autocorrelation = float(np.vdot(centred[1:], centred[:-1]) / np.vdot(centred, centred))
    low, high = centre - reach, centre + reach
    return ControlChart(centre, low, high, (series < low) | (series > high), autocorrelation)
