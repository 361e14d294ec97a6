"""The bootstrap interval of the norm; its coverage is simulated among the integration tests."""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.bootstrap import _most, _resampled, _widening, norm_interval
from lwd_tui.analysis.distance import geometry

OWNERS = np.repeat([0, 1, 2], 20)


def step(seed: int, apart: float) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(60, 10))
    points[:, 0] += apart * OWNERS
    return points


def test_the_interval_holds_the_estimate_and_the_truth() -> None:
    points = step(2, 2.0)
    found = norm_interval(Responses.of(points, OWNERS, 3), np.random.default_rng(0))
    assert found.estimate == pytest.approx(geometry(Responses.of(points, OWNERS, 3)).norm_debiased)
    assert found.lower < found.estimate < found.upper
    assert found.lower < np.sqrt(2 * (4 + 4 + 16)) < found.upper


def test_it_matches_the_normal_interval_far_from_zero() -> None:
    # One dimension, far apart: the norm is sqrt(2) |difference of means|, nearly normal.
    rng = np.random.default_rng(2)
    owners = np.repeat([0, 1], 50)
    points = rng.normal(size=(100, 1)) + 10 * owners[:, None]
    found = norm_interval(Responses.of(points, owners, 2), rng, 0.95, 4000)
    error = np.sqrt(2 * (points[:50].var(ddof=1) + points[50:].var(ddof=1)) / 50)
    difference = np.sqrt(2) * (points[50:].mean() - points[:50].mean())
    assert found.lower == pytest.approx(difference - 1.96 * error, abs=0.1 * error)
    assert found.upper == pytest.approx(difference + 1.96 * error, abs=0.1 * error)


def test_two_responses_each_by_hand() -> None:
    # Residuals of 1 are stretched to the square root of 2, and so are means of two that are drawn
    # alike; those of both are in one of sixteen resamples, and the norm is then off by 4.
    points = np.array([[-1.0], [1.0], [99.0], [101.0]])
    found = norm_interval(Responses.of(points, [0, 0, 1, 1], 2), np.random.default_rng(1))
    assert [found.lower, found.upper] == pytest.approx([141.42 - 4, 141.42 + 4], abs=0.1)


def test_more_responses_narrow_it() -> None:
    rng = np.random.default_rng(3)
    widths = []
    for size in (10, 160):
        owners = np.repeat([0, 1], size)
        points = rng.normal(size=(2 * size, 5)) + owners[:, None]
        found = norm_interval(Responses.of(points, owners, 2), rng)
        widths.append(found.upper - found.lower)
    assert widths[1] < widths[0] / 2.5


def test_order_and_motion_do_not_matter() -> None:
    points = step(4, 1.0)
    rng = np.random.default_rng(5)
    rotation = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    plain = norm_interval(Responses.of(points, OWNERS, 3), np.random.default_rng(6))
    moved = norm_interval(Responses.of(points @ rotation + 8, OWNERS, 3), np.random.default_rng(6))
    assert moved.upper == pytest.approx(plain.upper)
    order = np.concatenate([np.arange(20) + 20, np.arange(20), np.arange(20) + 40])
    other = norm_interval(Responses.of(points[order], OWNERS[order], 3), np.random.default_rng(6))
    assert other.upper == pytest.approx(plain.upper)


def test_a_difference_along_the_widest_axis_is_covered_from_above() -> None:
    # The direction of the difference is mostly noise, along which responses vary less than along
    # the true one. An upper end at 0.975 that is not widened for it holds in 0.88 of the cases.
    rng = np.random.default_rng(8)
    owners, scale = np.repeat([0, 1], 10), 1 / np.arange(1, 51)
    apart, held, data_sets = 0.6, 0, 400
    for _ in range(data_sets):
        points = scale * rng.normal(size=(20, 50))
        points[owners == 1, 0] += apart
        found = norm_interval(Responses.of(points, owners, 2), rng, resamples=199)
        held += np.sqrt(2) * apart <= found.upper
    assert held / data_sets > 0.975 - 3 * np.sqrt(0.975 * 0.025 / data_sets)


def test_degenerate_steps_have_defined_answers() -> None:
    rng = np.random.default_rng(7)
    same = norm_interval(Responses.of(np.full((60, 4), 0.7), OWNERS, 3), rng)
    assert (same.estimate, same.lower, same.upper) == (0, 0, 0)
    alone = norm_interval(Responses.of(step(8, 0)[:20], np.zeros(20, dtype=int), 1), rng)
    assert (alone.estimate, alone.upper) == (0, 0)
    single = norm_interval(Responses.of(np.eye(3), np.arange(3), 3), rng)
    assert np.isnan([single.estimate, single.lower, single.upper]).all()
    # Everybody repeats one sentence: nothing varies, so nothing is uncertain to a bootstrap.
    fixed = norm_interval(Responses.of(np.eye(3)[OWNERS], OWNERS, 3), rng)
    assert fixed.lower == fixed.upper == pytest.approx(np.sqrt(12))
    # Means that agree to the last digit, of responses that don't.
    balanced = norm_interval(
        Responses.of([[1.0], [-1.0], [1.0], [-1.0]], np.array([0, 0, 1, 1]), 2), rng
    )
    assert balanced.estimate == 0.0
    assert balanced.upper > 0.5
    for level in (0.0, 1.0):
        with pytest.raises(UnfitData, match="level"):
            norm_interval(Responses.of(np.eye(3), np.arange(3), 3), rng, level=level)


def test_a_resample_is_what_its_definition_says() -> None:
    counts, resamples = np.array([2, 3, 5]), 6
    rng = np.random.default_rng(9)
    residuals, along = rng.normal(size=(10, 4)), rng.normal(size=10)
    b, v = _resampled(residuals @ residuals.T, along, counts, np.random.default_rng(10), resamples)
    rng, starts = np.random.default_rng(10), [0, 2, 5]
    rows = [
        low + rng.integers(L, size=(resamples, L)) for low, L in zip(starts, counts, strict=True)
    ]
    for k in range(resamples):
        drawn = [residuals[row[k]] for row in rows]
        means = [part.mean(axis=0) for part in drawn]
        noise = [part.var(axis=0, ddof=1).sum() / len(part) for part in drawn]
        debiased = sum(
            ((means[i] - means[j]) ** 2).sum() - noise[i] - noise[j]
            for i in range(3)
            for j in range(3)
            if i != j
        )
        assert v[k] == pytest.approx(debiased)
        assert b[k] == pytest.approx(sum(along[row[k]].mean() for row in rows))


def test_the_widening_worked_by_hand() -> None:
    # Two participants vary by 1 and 2 along one axis; Var e = 1/2 and 4/2, and b = 8 n times that.
    residuals = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    gram = residuals @ residuals.T
    assert _most(gram, np.array([2, 2])) == pytest.approx(8 * 2 * 2)
    # Along c: (2^2 x 3 - 2 x 1) / 2 = 5 where 3 is seen, unless no direction has so much.
    assert _widening(3.0, 1.0, 2.0, 2.0, 10.0) == pytest.approx(np.sqrt(5 / 3))
    assert _widening(2.0, 1.0, 3.0, 4.0, 10.0) == pytest.approx(np.sqrt(4 / 2))
    assert _widening(3.0, 1.0, 2.0, 2.0, 4.0) == pytest.approx(np.sqrt(4 / 3))
    assert _widening(3.0, 1.0, 2.0, 2.0, 2.0) == 1.0
    assert _widening(3.0, 5.0, 2.0, 2.0, 9.0) == 1.0
    # Nothing is left of the length once its noise is taken off: the most there is.
    assert _widening(3.0, 1.0, 2.0, 0.0, 12.0) == 2.0
    assert _widening(3.0, 1.0, 2.0, -1.0, 12.0) == 2.0
    assert _widening(0.0, 1.0, 2.0, 2.0, 9.0) == 1.0
