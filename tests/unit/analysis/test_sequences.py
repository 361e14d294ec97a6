"""Statements that hold at every t together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.sequences import (
    debiased_range,
    running_mean_sequence,
    simultaneous_level,
    student_evidence,
    student_sequence,
)


def test_the_level_of_each_of_many_steps() -> None:
    each = simultaneous_level(0.95, 61)
    assert each**61 == pytest.approx(0.95)
    assert simultaneous_level(0.9, 1) == 0.9
    for level, steps in ((1.0, 5), (0.95, 0)):
        with pytest.raises(UnfitData, match="level and steps"):
            simultaneous_level(level, steps)
    with pytest.raises(UnfitData, match="level"):
        student_sequence([1.0, 2.0, 3.0], 1.0)


@pytest.mark.parametrize("moving", [False, True])
def test_the_truth_is_never_left_more_often_than_stated(moving: bool) -> None:
    rng = np.random.default_rng(1)
    runs, steps = 300, 120
    left = 0
    for _ in range(runs):
        expectation = 0.5 + (0.3 * np.sin(np.arange(steps) / 9) if moving else 0.0)
        values = (rng.random(steps) < expectation).astype(float)
        found = running_mean_sequence(values, 0.0, 1.0, level=0.8)
        truth = np.cumsum(np.broadcast_to(expectation, steps)) / np.arange(1, steps + 1)
        left += bool(((truth < found.lower) | (truth > found.upper)).any())
    # Coin throws have the largest variance that fits the range, so that some do leave.
    assert left <= 0.2 * runs


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_width_is_where_the_mixture_reaches_its_bound_on_either_side(level: float) -> None:
    # Howard et al. (2021), Theorem 4, written down once more: each side has half of 1 - level.
    values = np.random.default_rng(4).random(30).round()
    found = running_mean_sequence(values, 0.0, 1.0, level)
    slopes = [0.5**k for k in range(1, 15)]
    variance = total = 0.0
    for t, value in enumerate(values):
        variance += (value - (total / t if t else 0.5)) ** 2
        total += value

        def martingale(deviation: float, variance: float = variance) -> float:
            return sum(
                math.exp(s * deviation - (-math.log(1 - s) - s) * variance) for s in slopes
            ) / len(slopes)

        width = brentq(lambda d: martingale(d) - 2 / (1 - level), 0, 200) / (t + 1)
        mean = total / (t + 1)
        assert found.upper[t] == pytest.approx(min(mean + width, 1), abs=1e-9)
        assert found.lower[t] == pytest.approx(max(mean - width, 0), abs=1e-9)


def test_intervals_narrow_and_small_variance_pays() -> None:
    rng = np.random.default_rng(2)
    wide = running_mean_sequence((rng.random(200) < 0.5).astype(float), 0, 1)
    narrow = running_mean_sequence(rng.uniform(0.45, 0.55, 200), 0, 1)
    assert (wide.upper - wide.lower)[-1] < 0.5 * (wide.upper - wide.lower)[20]
    assert (narrow.upper - narrow.lower)[-1] < 0.5 * (wide.upper - wide.lower)[-1]
    assert (wide.lower <= wide.means).all()
    assert (wide.means <= wide.upper).all()


def test_scale_and_place() -> None:
    values = np.random.default_rng(3).random(50)
    plain = running_mean_sequence(values, 0, 1)
    moved = running_mean_sequence(20 * values - 7, -7, 13)
    np.testing.assert_allclose(moved.upper, 20 * plain.upper - 7)
    np.testing.assert_allclose(moved.means, 20 * plain.means - 7)


def test_the_range_of_debiased_squares_is_reached() -> None:
    low, high = debiased_range(2, 4, radius=1.0)
    # Opposite means without spread; and equal means with all the spread that a ball allows.
    assert high == 2 * 2**2
    spread = np.array([1.0, 1.0, -1.0, -1.0]).var(ddof=1)
    assert low == pytest.approx(-2 * (spread / 4 + spread / 4))
    with pytest.raises(UnfitData, match="at least two responses"):
        debiased_range(3, 1)


def test_the_range_goes_with_the_square_of_the_ball() -> None:
    # Three participants of five: -2 x 2 x 3 / 4 to 2 x 9 in the unit ball, nine times that in 3.
    assert debiased_range(3, 5) == (-3, 18)
    assert debiased_range(3, 5, 3.0) == (-27, 162)


def test_bad_input_is_told() -> None:
    with pytest.raises(UnfitData, match="within 0 to 1"):
        running_mean_sequence([0.5, 1.5], 0, 1)
    with pytest.raises(UnfitData, match="holds no values"):
        running_mean_sequence([0.5], 1, 1)
    with pytest.raises(UnfitData, match="NaN"):
        running_mean_sequence([0.5, np.nan], 0, 1)
    with pytest.raises(UnfitData, match="level"):
        running_mean_sequence([0.5], 0, 1, level=0)
    assert running_mean_sequence([], 0, 1).means.shape == (0,)


def test_students_evidence_is_the_ratio_of_two_likelihoods_of_t() -> None:
    values = np.random.default_rng(5).normal(0.6, 1.0, 6)
    for m in (2, 6):
        t = stats.ttest_1samp(values[:m], 0).statistic

        def under(effect: float, m: int = m, t: float = t) -> float:
            likelihood = stats.nct.pdf(t, m - 1, effect * math.sqrt(m))
            return float(likelihood * stats.norm.pdf(effect, scale=math.sqrt(10)))

        mixed = quad(under, -12, 12, points=[0.0], limit=200)[0]
        expected = mixed / stats.t.pdf(t, m - 1)
        assert student_evidence(values)[m - 1] == pytest.approx(expected, rel=1e-3)


def test_students_sequence_ends_where_the_evidence_against_a_mean_is_enough() -> None:
    values = np.random.default_rng(6).normal(2.0, 0.5, 8)
    found = student_sequence(values, 0.9)
    assert found.means == pytest.approx([values[:m].mean() for m in range(1, 9)])
    assert np.isinf(found.upper[:2]).all()
    for m in range(4, 9):
        for edge in (found.lower[m - 1], found.upper[m - 1]):
            assert student_evidence(values - edge)[m - 1] == pytest.approx(10.0)
        # Who looks once, when all are there, has the narrower interval of Student.
        half = stats.t.ppf(0.95, m - 1) * stats.sem(values[:m])
        assert found.upper[m - 1] - found.means[m - 1] > half


def test_a_mean_is_wrongly_refused_at_any_look_as_seldom_as_stated() -> None:
    rng, runs, looks = np.random.default_rng(7), 400, 40
    edges = stats.t.ppf(0.9, [4, 9, 19, 39])
    once = always = 0
    for _ in range(runs):
        values = rng.normal(3.0, 2.0, looks)
        found = student_sequence(values, 0.8)
        always += bool(((found.lower > 3) | (found.upper < 3)).any())
        looked = [values[:m] for m in (5, 10, 20, 40)]
        t = [abs(seen.mean() - 3) / seen.std(ddof=1) * math.sqrt(len(seen)) for seen in looked]
        once += any(size > edge for size, edge in zip(t, edges, strict=True))
    error = math.sqrt(0.2 * 0.8 / runs)
    assert always <= (0.2 + 3 * error) * runs
    # Which is what it costs to look early without it.
    assert once > (0.2 + 3 * error) * runs


def test_values_that_are_equal_are_sure_or_nothing() -> None:
    found = student_sequence([0.1] * 5)
    assert found.lower[-1] == found.upper[-1] == 0.1
    assert (student_evidence([0.0] * 5) < 1.01).all()
    assert student_evidence([0.1] * 5)[-1] == pytest.approx(51**2)
