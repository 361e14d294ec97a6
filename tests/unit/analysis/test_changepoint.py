"""The place of a change in a series."""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.changepoint import Kind, _blocks, change_point


def by_hand(series: np.ndarray, kind: Kind) -> tuple[int, float]:
    """Least squares with NumPy at every place: the best, and the share of variance explained."""
    t = np.arange(len(series))
    errors = {}
    for place in range(2, len(series) - 1):
        slope = (t < place) * (1.0 if kind == "shift" else t - place)
        design = np.column_stack([np.ones(len(series)), slope])
        weights = np.linalg.lstsq(design, series)[0]
        errors[place] = ((series - design @ weights) ** 2).sum()
    best = min(errors, key=errors.__getitem__)
    return best, 1 - errors[best] / (len(series) * series.var())


@pytest.mark.parametrize("kind", ["shift", "plateau"])
def test_the_best_place_agrees_with_least_squares_at_each(kind: Kind) -> None:
    for seed in range(10):
        series = np.random.default_rng(seed).normal(size=25)
        found = change_point(series, np.random.default_rng(0), kind, resamples=9)
        step, explained = by_hand(series, kind)
        assert found.step == step
        assert found.explained == pytest.approx(explained)


def test_a_shift_is_found_with_its_levels() -> None:
    rng = np.random.default_rng(1)
    series = np.where(np.arange(60) < 37, 5.0, 2.0) + 0.3 * rng.normal(size=60)
    found = change_point(series, rng, "shift")
    assert found.step == 37
    assert found.lower <= 37 <= found.upper <= 39
    assert found.start == pytest.approx(series[:37].mean())
    assert found.end == pytest.approx(series[37:].mean())
    assert found.explained > 0.9


@pytest.mark.parametrize("step", [2, 8])
def test_the_first_and_the_last_place_are_two_steps_from_an_end(step: int) -> None:
    series = np.where(np.arange(10) < step, 5.0, 2.0)
    found = change_point(series, np.random.default_rng(0), "shift", resamples=9)
    assert (found.step, found.lower, found.upper) == (step, step, step)
    assert (found.start, found.end) == pytest.approx((5.0, 2.0))
    assert found.explained == pytest.approx(1.0)


def test_a_decline_that_comes_to_rest() -> None:
    rng = np.random.default_rng(2)
    truth = np.maximum(20.0 - np.arange(61), 5.0)
    found = change_point(truth + 0.5 * rng.normal(size=61), rng)
    assert found.lower <= 15 <= found.upper
    assert found.upper - found.lower < 8
    assert found.end == pytest.approx(5.0, abs=0.3)
    assert found.start == pytest.approx(20.0, abs=1.0)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    truth = np.maximum(8.0 - 0.3 * np.arange(40), 2.0)
    held = 0
    for _ in range(120):
        found = change_point(truth + rng.normal(size=40), rng, level=0.9, resamples=99)
        held += found.lower <= 20 <= found.upper
    assert held >= 0.8 * 120


def test_residuals_are_drawn_again_with_their_neighbours() -> None:
    # Of 27 steps in blocks of three: two of three neighbours stay neighbours, the others by chance.
    residuals = np.arange(27.0)
    drawn = _blocks(residuals, np.random.default_rng(6), 400) + residuals.mean()
    assert set(np.unique(drawn)) <= set(residuals)
    stay = (np.diff(drawn, axis=1) == 1).mean(axis=0)
    assert (stay[[k for k in range(26) if k % 3 != 2]] == 1).all()
    assert (stay[2::3] < 0.1).all()


def test_dependent_steps_make_the_interval_wider() -> None:
    rng = np.random.default_rng(7)
    truth, widths = np.where(np.arange(64) < 32, 2.0, 0.0), {}
    noise = rng.normal(size=(40, 80))
    dependent = np.array([np.convolve(row, 0.8 ** np.arange(17), "valid") for row in noise])
    for name, rows in (("own", noise[:, 16:]), ("dependent", dependent * 0.6)):
        found = [change_point(truth + row, rng, "shift", resamples=99) for row in rows]
        widths[name] = np.mean([each.upper - each.lower for each in found])
    # Both have the same variance, 1.
    assert widths["dependent"] > 2 * widths["own"]


def test_a_constant_series_has_nothing_to_explain() -> None:
    found = change_point(np.full(10, 0.1), np.random.default_rng(4))
    assert found.explained == 1.0
    assert found.start == found.end == 0.1


def test_bad_input_is_told() -> None:
    rng = np.random.default_rng(5)
    with pytest.raises(UnfitData, match="at least 6 steps, not 5"):
        change_point(np.ones(5), rng)
    assert change_point([3, 3, 3, 1, 1, 1], rng, "shift").step == 3
    with pytest.raises(UnfitData, match="values"):
        change_point([1, 2, np.nan, 3, 4, 5], rng)
    with pytest.raises(UnfitData, match="level"):
        change_point(np.ones(9), rng, level=2)
