"""The control chart."""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.control_chart import control_chart


def test_a_case_worked_by_hand() -> None:
    # Of 1 3 2 1 4 neighbours differ by 2, 1, 1, 3: mean 1.75, over 1.128 and three times: 4.65.
    chart = control_chart([7, 1, 3, 2, 1, 4, 2, 9, -9], 1, 5)
    assert chart.centre == pytest.approx(2.2)
    assert chart.high == pytest.approx(2.2 + 3 * 1.75 / 1.128, abs=0.002)
    assert chart.low == pytest.approx(2.2 - 3 * 1.75 / 1.128, abs=0.002)
    assert chart.outside.tolist() == [True] + [False] * 6 + [True, True]
    # Deviations -1.2, 0.8, -0.2, -1.2, 1.8: products -0.96, -0.16, 0.24, -2.16 over 6.8.
    assert chart.autocorrelation == pytest.approx(-3.04 / 6.8)


def test_false_alarms_of_independent_values_and_of_dependent_ones() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=20000)
    chart = control_chart(noise, 0, 9999)
    assert chart.outside[10000:].mean() == pytest.approx(1 / 370, abs=0.002)
    walk = np.convolve(noise, 0.9 ** np.arange(50), "valid")
    dependent = control_chart(walk, 0, 9999)
    assert dependent.autocorrelation > 0.8
    assert dependent.outside[10000:].mean() > 0.05


def test_a_constant_series_has_no_alarms() -> None:
    chart = control_chart(np.full(9, 0.1), 2, 8)
    assert chart.low == chart.high == chart.centre
    assert not chart.outside.any()
    assert chart.autocorrelation == 0.0


@pytest.mark.parametrize("ends", [(0, 3), (-1, 5), (3, 9), (5, 2)])
def test_the_baseline_must_be_there(ends: tuple[int, int]) -> None:
    with pytest.raises(UnfitData, match="baseline"):
        control_chart(np.arange(8.0), *ends)
