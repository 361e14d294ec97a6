"""Time to collapse: from when on the participants stay within a margin, over replicate runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.multiplicity import significance
from lwd_tui.types import Floats


def collapse_time(upper_bounds: ArrayLike, margin: float) -> int | None:
    """Return the first t from which the upper bound stays below the margin to the end.

    Parameters
    ----------
    upper_bounds : array_like of shape (steps,)
        Of the norm; NaN counts as not below.
    margin : float

    Returns
    -------
    int or None
        None if it isn't below at the end: collapse was not seen.
    """
    below = np.less(np.asarray(upper_bounds, dtype=np.float64), margin)
    above = np.flatnonzero(~below)
    first = int(above[-1]) + 1 if len(above) else 0
    return first if first < len(below) else None


@dataclass(frozen=True, slots=True, eq=False)
class CollapseTimes:
    """Time to collapse over replicate runs.

    Attributes
    ----------
    times : ndarray of shape (runs,)
        Infinite for a run that had not collapsed by its end.
    median : float
        Infinite if half of the runs or more had not collapsed.
    lower, upper : float
        Interval for the median of all runs that could have been made; `upper` is infinite where
        that run had not collapsed, and both are NaN where there are too few runs for an interval.
    level : float
        Of the interval, at least.
    """

    times: Floats
    median: float
    lower: float
    upper: float
    level: float


def collapse_times(
    upper_bounds: Iterable[ArrayLike], margin: float, level: float = 0.95
) -> CollapseTimes:
    """Sum up the time to collapse over replicates that differ in the seed only.

    Parameters
    ----------
    upper_bounds : iterable of array_like of shape (steps,)
        Of each run; they may be of different lengths.
    margin : float
    level : float

    Returns
    -------
    CollapseTimes

    Raises
    ------
    UnfitData
        If there is no run, or one isn't a series.

    Notes
    -----
    Runs that had not collapsed count as later than all others, which is all that a median needs.
    The interval between two order statistics is exact for any distribution; see `fewest_runs`.
    """
    bounds = [np.asarray(run, dtype=np.float64) for run in upper_bounds]
    if not bounds or any(run.ndim != 1 for run in bounds):
        raise UnfitData("upper bounds: one run or more is needed, a series each")
    found = [collapse_time(run, margin) for run in bounds]
    times = np.array([math.inf if time is None else float(time) for time in found])
    ranked = np.sort(times)
    runs = len(ranked)
    middle = ranked[(runs - 1) // 2], ranked[runs // 2]
    median = float(sum(middle) / 2)
    outside = _order_statistic(runs, significance(level) / 2)
    lower = upper = math.nan
    if outside:
        lower, upper = float(ranked[outside - 1]), float(ranked[runs - outside])
    return CollapseTimes(times, median, lower, upper, level)


def fewest_runs(level: float) -> int:
    """Return how many runs the interval for the median needs: six at 95 %."""
    return next(runs for runs in count(1) if _order_statistic(runs, significance(level) / 2))


def _order_statistic(runs: int, tail: float) -> int:
    """Return the largest k for which P(fewer than k of the runs are below the median) <= tail."""
    k, below = 0, 0.0
    while True:
        below += math.comb(runs, k) / 2**runs
        if below > tail:
            return k
        k += 1
