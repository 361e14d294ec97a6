"""Time to collapse, over replicates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.collapse import collapse_time, collapse_times, fewest_runs


def test_it_counts_from_when_on_the_bound_stays_below() -> None:
    assert collapse_time([5, 1, 5, 1, 1], 2.0) == 3
    assert collapse_time([1, 1, 1], 2.0) == 0
    assert collapse_time([5, 1, 5], 2.0) is None
    assert collapse_time([5, np.nan, 1], 2.0) == 2
    assert collapse_time([1, np.nan], 2.0) is None
    assert collapse_time([], 2.0) is None


def runs(times: list[int | None], steps: int = 50) -> np.ndarray:
    t = np.arange(steps)
    return np.array([np.where(t < (steps if time is None else time), 9.0, 1.0) for time in times])


def test_the_median_and_its_interval() -> None:
    found = collapse_times(runs([4, 8, 6, 2, 10, 12, 14, 16, 18]), 2.0)
    assert found.times.tolist() == [4, 8, 6, 2, 10, 12, 14, 16, 18]
    assert found.median == 10.0
    # Of nine, the second and the eighth: P(binomial(9, 1/2) <= 1) = 0.0195.
    assert (found.lower, found.upper) == (4.0, 16.0)


def test_runs_that_did_not_collapse_count_as_late() -> None:
    found = collapse_times(runs([5, None, 7, None, 3, 6]), 2.0)
    assert found.median == 6.5
    assert (found.lower, found.upper) == (3.0, math.inf)
    assert collapse_times(runs([5, None]), 2.0).median == math.inf
    assert collapse_times([[9, 1], [9, 9, 1, 1]], 2.0).times.tolist() == [1, 2]
    few = collapse_times(runs([5, 6, 7]), 2.0)
    assert few.median == 6.0
    assert math.isnan(few.lower)
    assert math.isnan(few.upper)


@pytest.mark.parametrize("count", [6, 11, 30])
def test_the_interval_is_the_exact_binomial_one(count: int) -> None:
    found = collapse_times(runs(list(range(1, count + 1))), 2.0)
    k = int(found.lower)
    assert stats.binom.cdf(k - 1, count, 0.5) <= 0.025 < stats.binom.cdf(k, count, 0.5)
    assert found.upper == count + 1 - k


@pytest.mark.parametrize(("level", "fewest"), [(0.5, 2), (0.9, 5), (0.95, 6), (0.99, 8)])
def test_an_interval_needs_so_many_runs(level: float, fewest: int) -> None:
    # All of m runs lie on one side of the median with probability 2 / 2^m.
    assert 2 / 2**fewest <= 1 - level < 2 / 2 ** (fewest - 1)
    assert fewest_runs(level) == fewest
    for count, some in ((fewest, True), (fewest - 1, False)):
        found = collapse_times(runs([7] * count), 2.0, level)
        assert math.isfinite(found.lower) == some


def test_a_run_that_collapsed_at_once_is_an_end_of_the_interval() -> None:
    found = collapse_times(runs([0, 0, 0, 0, None, None, None]), 2.0)
    assert (found.median, found.lower, found.upper) == (0.0, 0.0, math.inf)


def test_no_runs() -> None:
    for bad in ([], [1.0, 2.0]):
        with pytest.raises(UnfitData, match="one run or more"):
            collapse_times(bad, 1.0)
