"""Frames of the scatter that can be compared with one another."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.distance import geometry
from lwd_tui.analysis.frames import aligned, apart, axis_limits, common_basis

OWNERS = np.repeat([0, 1, 2], 4)


def centres(coordinates: np.ndarray) -> np.ndarray:
    return np.array([coordinates[i == OWNERS].mean(axis=0) for i in range(3)])


def test_the_fit_is_the_best_there_is() -> None:
    rng = np.random.default_rng(1)
    before = geometry(Responses.of(rng.normal(size=(12, 2)), OWNERS, 3))
    now = rng.normal(size=(12, 2))
    turned = aligned(now, OWNERS, before)
    np.testing.assert_allclose(pdist(turned), pdist(now))
    target = centres(before.coordinates)
    best = ((centres(turned) - target) ** 2).sum()
    for angle in np.linspace(0, 2 * np.pi, 60):
        for mirror in (1, -1):
            rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            other = (now - centres(now).mean(axis=0)) @ rotation * [1, mirror]
            assert ((centres(other) + target.mean(axis=0) - target) ** 2).sum() >= best - 1e-12
    # SciPy's Procrustes scales as well; what is left over after ours is no smaller than that.
    assert best >= procrustes(target, centres(now))[2] * ((target - target.mean(0)) ** 2).sum()


@pytest.mark.parametrize("mirror", [1, -1])
def test_a_turned_picture_is_turned_back(mirror: int) -> None:
    points = np.random.default_rng(2).normal(size=(12, 2))
    before = geometry(Responses.of(points, OWNERS, 3))
    turned = before.coordinates @ [[0.6, -0.8], [0.8, 0.6]] * [1, mirror] + 3
    np.testing.assert_allclose(aligned(turned, OWNERS, before), before.coordinates, atol=1e-9)


def test_two_participants_are_rotated_never_mirrored() -> None:
    owners = np.repeat([0, 1], 6)
    points = np.random.default_rng(3).normal(size=(12, 2))
    before = geometry(Responses.of(points, owners, 2))
    turned = before.coordinates @ [[0.6, -0.8], [0.8, 0.6]]
    np.testing.assert_allclose(aligned(turned, owners, before), before.coordinates, atol=1e-9)


def test_a_line_is_turned_onto_a_line() -> None:
    before = geometry(Responses.of([[1.0, 0.0], [-1.0, 0.0]], [0, 1], 2))
    turned = aligned(np.array([[0.0, 1.0], [0.0, -1.0]]), np.arange(2), before)
    np.testing.assert_allclose(turned, before.coordinates, atol=1e-12)


def test_where_all_are_at_one_place_nothing_is_turned() -> None:
    before = geometry(Responses.of(np.ones((2, 2)), [0, 1], 2))
    drawn = np.array([[1.0, 2.0], [-1.0, -2.0], [3.0, 1.0], [-3.0, -1.0]])
    np.testing.assert_allclose(aligned(drawn, np.array([0, 0, 1, 1]), before), drawn, atol=1e-12)


def test_a_participant_that_comes_or_goes_does_not_break_the_chain() -> None:
    points = np.random.default_rng(4).normal(size=(12, 2))
    first = geometry(Responses.of(points, OWNERS, 3))
    second = geometry(Responses.of(points[4:], OWNERS[4:], 3), first)
    for i in (1, 2):
        here, there = second.coordinates[second.owners == i], first.coordinates[i == OWNERS]
        np.testing.assert_allclose(here.mean(axis=0), there.mean(axis=0), atol=1e-9)
    alone = geometry(Responses.of(points[:4], OWNERS[:4], 3), second)
    np.testing.assert_allclose(pdist(alone.coordinates), pdist(points[:4]))
    nobody = geometry(Responses.of(np.empty((0, 2)), np.empty(0, dtype=int), 3), alone)
    after = geometry(Responses.of(points, OWNERS, 3), nobody)
    np.testing.assert_allclose(after.coordinates, first.coordinates)


def test_one_basis_for_all_steps() -> None:
    rng = np.random.default_rng(5)
    steps = [rng.normal(size=(m, 6)) * [5, 3, 1, 1, 1, 1] + 40 for m in (7, 0, 9, 4)]
    pooled = np.concatenate(steps)
    basis = common_basis(steps)
    left, singular, _ = np.linalg.svd(pooled - pooled.mean(axis=0), full_matrices=False)
    projected = np.concatenate([basis.project(step) for step in steps])
    np.testing.assert_allclose(np.abs(projected), np.abs(left * singular)[:, :2], atol=1e-9)
    assert basis.explained == pytest.approx((singular[:2] ** 2).sum() / (singular**2).sum())
    np.testing.assert_allclose(basis.axes.T @ basis.axes, np.eye(2), atol=1e-12)


def test_a_basis_of_very_little() -> None:
    basis = common_basis([np.full((3, 1), 2.0)])
    assert basis.explained == 1.0
    assert basis.project([[2.0]]).tolist() == [[0.0, 0.0]]
    with pytest.raises(UnfitData, match="at least one response"):
        common_basis([])
    with pytest.raises(UnfitData, match="step 1: 3 numbers a vector, where earlier steps have 2"):
        common_basis([np.ones((1, 2)), np.ones((1, 3))])


def test_limits_are_square_and_hold_everything() -> None:
    points = np.random.default_rng(6).normal(size=(50, 2)) * [4, 1]
    (left, right), (low, high) = axis_limits(points, scale=1.0)
    assert right - left == pytest.approx(high - low)
    assert left < points[:, 0].min()
    assert right > points[:, 0].max()
    assert low < points[:, 1].min()
    assert high > points[:, 1].max()
    assert right - left == pytest.approx(1.1 * np.ptp(points[:, 0]))


def test_limits_do_not_magnify_noise() -> None:
    (left, right), (low, high) = axis_limits(
        1e-8 * np.random.default_rng(7).normal(size=(9, 2)), 23
    )
    assert right - left == pytest.approx(0.23)
    assert high - low == pytest.approx(0.23)
    assert axis_limits(np.empty((0, 2)), 2.0) == ((-0.01, 0.01), (-0.01, 0.01))


@pytest.mark.parametrize(
    ("falling", "lowest", "placed"),
    [
        ([5, 3, 1], 0, [5, 3, 1]),
        ([5, 4.5, 4.4, 1], 0, [5, 4, 3, 1]),
        # No room below: those above make way.
        ([0.5, 0.2], 0, [1, 0]),
        ([2.5, 0.5, 0.2], 0, [2.5, 1, 0]),
        ([], 0, []),
    ],
)
def test_words_stand_beside_what_they_name_and_never_over_one_another(
    falling: list[float], lowest: float, placed: list[float]
) -> None:
    assert apart(falling, 1, lowest) == placed
