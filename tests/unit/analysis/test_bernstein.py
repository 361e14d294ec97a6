"""Bounds for any distribution inside a ball."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.bernstein import norm_bound, responses_needed
from lwd_tui.analysis.distance import geometry


def test_a_case_worked_by_hand() -> None:
    # Two participants that never vary: sigma <= 2 sqrt(4 x / L) is beyond the radius, so it is 1.
    bound = norm_bound(0.0, np.zeros(2), np.array([4, 4]), radius=1.0, level=0.95)
    x = math.log(4 / 0.05)
    linear = math.sqrt(2) * 2 / 4 * x / 3
    expected = linear + math.sqrt(linear**2 + 2 * (2 * (1 / 4 + 1 / 4)) * x)
    assert bound.radius == pytest.approx(expected)
    assert bound.vacuous
    assert bound.lower == 0.0
    assert bound.upper == pytest.approx(2 * math.sqrt(2))


def test_the_most_that_a_ball_allows_is_the_norm_of_opposite_means() -> None:
    step = geometry(Responses.of([[1.0], [1.0], [-1.0], [-1.0]], np.array([0, 0, 1, 1]), 2))
    bound = norm_bound(step.norm, step.dispersion, np.array([2, 2]), radius=1.0)
    assert bound.upper == pytest.approx(step.norm)


@pytest.mark.parametrize("distribution", ["sphere", "rare"])
def test_the_bound_holds_more_often_than_it_says(distribution: str) -> None:
    rng = np.random.default_rng(1)
    n, size, p, repeats = 2, 60, 4, 400
    owners = np.repeat([0, 1], size)
    missed, worst = 0, 0.0
    for _ in range(repeats):
        if distribution == "sphere":
            points = rng.normal(size=(n * size, p))
            points /= np.linalg.norm(points, axis=1, keepdims=True)
            truth = 0.0
        else:
            # A rare answer far away: the hardest case for a variance that must be estimated.
            points = np.zeros((n * size, p))
            points[:, 0] = np.where(rng.random(n * size) < 0.02 * owners, 1.0, -1.0)
            truth = math.sqrt(2) * 2 * 0.02
        step = geometry(Responses.of(points, owners, n))
        bound = norm_bound(step.norm, step.dispersion, np.array([size] * 2), 1.0, level=0.8)
        missed += not bound.lower <= truth <= bound.upper
        worst = max(worst, abs(step.norm - truth) / bound.radius)
    assert missed <= 0.2 * repeats
    # Wide, but of the right order: not so wide that it couldn't fail.
    assert worst > 0.1


def test_the_responses_that_would_do() -> None:
    spread = np.full(3, 0.3)
    needed = responses_needed(0.2, spread, radius=1.0)
    assert needed is not None
    assert norm_bound(1.0, spread, np.full(3, needed), 1.0).radius <= 0.2
    assert norm_bound(1.0, spread, np.full(3, needed - 1), 1.0).radius > 0.2
    assert responses_needed(1e-6, spread, radius=1.0) is None
    assert responses_needed(100.0, spread, radius=1.0) == 2


def test_scale() -> None:
    small = norm_bound(1.0, np.full(3, 0.3), np.full(3, 50), radius=1.0)
    large = norm_bound(23.0, np.full(3, 0.3 * 23**2), np.full(3, 50), radius=23.0)
    assert large.radius == pytest.approx(23 * small.radius)


def test_bad_input_is_told() -> None:
    with pytest.raises(UnfitData, match="fit in a ball"):
        norm_bound(1.0, np.full(2, 0.3), np.full(2, 40), radius=0.1)
    with pytest.raises(UnfitData, match="at least two usable responses"):
        norm_bound(1.0, np.full(2, 0.3), np.array([40, 1]), radius=1.0)
    with pytest.raises(UnfitData, match="dispersion"):
        norm_bound(1.0, np.array([0.3, np.nan]), np.array([40, 40]), radius=1.0)
    with pytest.raises(UnfitData, match="radius"):
        norm_bound(1.0, np.full(2, 0.3), np.full(2, 40), radius=0.0)
    with pytest.raises(UnfitData, match="level"):
        norm_bound(1.0, np.full(2, 0.3), np.full(2, 40), radius=1.0, level=95)
    assert norm_bound(0.0, np.array([0.3]), np.array([40]), radius=1.0).upper == 0.0
