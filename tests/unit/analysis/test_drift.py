"""Movement from step to step."""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.drift import drift

OWNERS = np.repeat([0, 1], 12)


def test_who_moves_is_told_from_who_stands_still() -> None:
    rng = np.random.default_rng(1)
    steps = []
    for t in range(30):
        points = rng.normal(size=(24, 5))
        points[OWNERS == 1, 0] += 3 * t
        steps.append(Responses.of(points, OWNERS, 2))
    found = drift(steps, 2)
    assert found.squares.shape == found.errors.shape == (29, 2)
    error = found.squares.std(axis=0) / np.sqrt(29)
    np.testing.assert_array_less(np.abs(found.squares.mean(axis=0) - [0, 9]), 4 * error)
    assert np.median(np.abs(found.ratios[:, 0])) < 2
    assert (found.ratios[:, 1] > 2).all()


def test_a_case_worked_by_hand() -> None:
    # From mean 1 to mean 5, S = 2 both times: 16 - 2/2 - 2/2.
    found = drift([Responses.of([[x], [x + 2]], [0, 0], 1) for x in (0.0, 4.0)], 1)
    assert found.squares.tolist() == [[pytest.approx(14.0)]]
    assert np.isnan(found.errors).all()
    assert np.isnan(found.ratios).all()


def test_nothing_varies() -> None:
    still = Responses.of(np.full((4, 2), 0.1), np.zeros(4, dtype=int), 1)
    moved = Responses.of(np.full((4, 2), 0.3), np.zeros(4, dtype=int), 1)
    assert drift([still, still, moved], 1).ratios.tolist() == [[0.0], [np.inf]]


def test_an_error_that_is_not_known_is_never_zero() -> None:
    still = Responses.of(np.full((3, 2), 0.1), np.zeros(3, dtype=int), 1)
    found = drift([still, still], 1)
    assert found.squares.tolist() == [[0.0]]
    assert np.isnan(found.errors).all()
    assert np.isnan(found.ratios).all()


def test_gaps_and_short_runs() -> None:
    points = np.random.default_rng(2).normal(size=(24, 3))
    whole, half = (Responses.of(points[:m], OWNERS[:m], 2) for m in (24, 12))
    gap = drift([whole, half, whole], 2)
    assert np.isfinite(gap.squares[:, 0]).all()
    assert np.isnan(gap.squares[:, 1]).all()
    assert drift([whole], 2).squares.shape == (0, 2)
    assert drift([], 2).squares.shape == (0, 2)
