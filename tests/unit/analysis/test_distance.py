"""Distances, norms and what of them is noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.distance import (
    debiased_norm,
    debiased_squared_distances,
    dispersion,
    distance_matrix,
    distances_from_means,
    frobenius_norm,
    geometry,
    mean_embeddings,
    noise_floor,
)

# Two participants in the plane: means (0, 1) and (4, 1), with S = 2 and S = 8.
POINTS = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 1.0], [6.0, 1.0]])
OWNERS = np.array([0, 0, 1, 1])


def some_step(seed: int, n: int = 3, responses: int = 5, p: int = 4) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(n), responses)
    return rng.normal(size=(n * responses, p)) + 3 * rng.normal(size=(n, p))[owners], owners


def test_a_case_worked_by_hand() -> None:
    step = geometry(Responses.of(POINTS, OWNERS, 2))
    assert step.distances.tolist() == [[0.0, 4.0], [4.0, 0.0]]
    assert step.norm == pytest.approx(np.sqrt(32))
    assert step.dispersion.tolist() == [2.0, 8.0]
    assert step.noise_floor == pytest.approx(np.sqrt(2 * (2 / 2 + 8 / 2)))
    assert step.norm_debiased == pytest.approx(np.sqrt(2 * (16 - 1 - 4)))
    assert step.owners.tolist() == [0, 0, 1, 1]


def test_means_and_distances_agree_with_numpy_and_scipy() -> None:
    points, owners = some_step(1, n=5, p=30)
    means = mean_embeddings(Responses.of(points.astype(np.float32), owners, 5))
    expected = [points.astype(np.float32)[owners == i].mean(axis=0, dtype=float) for i in range(5)]
    np.testing.assert_allclose(means, expected, rtol=1e-12)
    assert means.dtype == np.float64
    np.testing.assert_allclose(distance_matrix(means), squareform(pdist(means)), rtol=1e-12)
    traces = [np.trace(np.cov(points[owners == i].T)) for i in range(5)]
    np.testing.assert_allclose(dispersion(Responses.of(points, owners, 5)), traces, rtol=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(1e-6, 1e6))
def test_the_numbers_ignore_motion_and_order_and_follow_scale(seed: int, scale: float) -> None:
    points, owners = some_step(seed)
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    order = rng.permutation(len(points))
    plain = geometry(Responses.of(points, owners, 3))
    moved = geometry(
        Responses.of((scale * (points @ rotation) + 7 * scale)[order], owners[order], 3)
    )
    np.testing.assert_allclose(moved.distances, scale * plain.distances, rtol=1e-9, atol=0)
    np.testing.assert_allclose(moved.dispersion, scale**2 * plain.dispersion, rtol=1e-9)
    assert moved.norm == pytest.approx(scale * plain.norm)
    assert moved.noise_floor == pytest.approx(scale * plain.noise_floor)
    assert moved.norm_debiased == pytest.approx(scale * plain.norm_debiased, abs=1e-6 * scale)
    assert moved.explained == pytest.approx(plain.explained)


def test_debiased_squares_are_unbiased_with_unequal_counts() -> None:
    rng = np.random.default_rng(2)
    counts, repeats, p = np.array([3, 5, 9]), 4000, 3
    truth = np.array([[0.0, 0, 0], [0.0, 0, 0], [1.0, 0, 0]])
    spread = np.array([1.0, 2.0, 0.5])
    owners = np.repeat([0, 1, 2], counts)
    draws = np.empty((repeats, 3, 3))
    for r in range(repeats):
        points = truth[owners] + spread[owners, None] * rng.normal(size=(len(owners), p))
        d = distance_matrix(mean_embeddings(Responses.of(points, owners, 3)))
        draws[r] = debiased_squared_distances(
            d, dispersion(Responses.of(points, owners, 3)), counts
        )
    expected = squareform(pdist(truth)) ** 2
    # Five standard errors of the simulation: a correct estimate fails once in a million.
    error = 5 * draws.std(axis=0) / np.sqrt(repeats)
    assert (np.abs(draws.mean(axis=0) - expected) <= error + 1e-12).all()
    assert error[0, 1] < 0.25
    # The plain square, by contrast, is off by the floor.
    plain = draws.mean(axis=0)[0, 1] + 3 * (1 / 3 + 4 / 5)
    assert plain > 3


def test_after_collapse_nothing_is_lost_to_rounding() -> None:
    rng = np.random.default_rng(3)
    centre = rng.normal(size=768)
    centre *= 23 / np.linalg.norm(centre)
    offsets = 1e-9 * rng.normal(size=(12, 768))
    owners = np.repeat([0, 1, 2], 4)
    step = geometry(Responses.of(centre + offsets, owners, 3))
    alone = geometry(Responses.of((centre + offsets) - centre, owners, 3))
    assert step.norm == pytest.approx(alone.norm, rel=1e-6)
    assert step.noise_floor == pytest.approx(alone.noise_floor, rel=1e-6)
    assert np.isfinite(step.coordinates).all()


def test_equal_texts_are_exactly_nowhere_apart() -> None:
    vector = np.random.default_rng(4).normal(size=384).astype(np.float32)
    step = geometry(Responses.of(np.tile(vector, (10, 1)), np.repeat([0, 1, 2], [3, 3, 4]), 3))
    assert step.norm == step.norm_debiased == step.noise_floor == 0.0
    assert not step.coordinates.any()
    assert not step.dispersion.any()
    assert step.explained == 1.0


def test_a_participant_without_responses_is_missing_not_zero() -> None:
    step = geometry(Responses.of(POINTS, np.array([0, 0, 2, 2]), 3))
    assert np.isnan(step.distances[1]).all()
    assert np.isnan(step.distances[:, 1]).all()
    assert step.distances[0, 2] == 4.0
    assert np.isnan([step.norm, step.norm_debiased, step.noise_floor]).all()
    assert np.isnan(step.dispersion[1])
    assert step.coordinates.shape == (4, 2)


def test_one_response_each_has_a_norm_but_no_noise_floor() -> None:
    step = geometry(Responses.of(POINTS[:2], np.array([0, 1]), 2))
    assert step.norm == pytest.approx(2 * np.sqrt(2))
    assert np.isnan([step.norm_debiased, step.noise_floor, *step.dispersion]).all()


def test_one_participant_alone_is_at_no_distance() -> None:
    step = geometry(Responses.of(POINTS, np.zeros(4, dtype=int), 1))
    assert np.isnan([step.norm, step.norm_debiased, step.noise_floor]).all()
    assert step.dispersion[0] > 0


def test_no_responses_at_all_is_a_defined_case() -> None:
    step = geometry(Responses.of(np.empty((0, 5)), np.empty(0, dtype=int), 2))
    assert np.isnan(step.norm)
    assert step.coordinates.shape == (0, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e200])
def test_numbers_that_are_none_are_refused(bad: float) -> None:
    points = POINTS.copy()
    points[2, 1] = bad
    with pytest.raises(UnfitData, match="embeddings: row 2 holds"):
        geometry(Responses.of(points, OWNERS, 2))


def test_owners_must_fit() -> None:
    with pytest.raises(UnfitData, match="4 are needed, one an embedding"):
        geometry(Responses.of(POINTS, np.array([0, 1]), 2))
    for owners in ([0, 0, 1, 2], [0, 0, -1, 1]):
        with pytest.raises(UnfitData, match="0 to 1"):
            geometry(Responses.of(POINTS, np.array(owners), 2))
    with pytest.raises(UnfitData, match="2 dimensions are needed"):
        geometry(Responses.of(POINTS[0], OWNERS, 2))


def test_norms_of_the_parts() -> None:
    distances = np.array([[0.0, 3.0], [3.0, 0.0]])
    counts = np.array([4, 9])
    spread = np.array([8.0, 18.0])
    assert frobenius_norm(distances) == pytest.approx(np.sqrt(18))
    assert noise_floor(spread, counts) == pytest.approx(np.sqrt(2 * (2 + 2)))
    assert debiased_norm(distances, spread, counts) == pytest.approx(np.sqrt(2 * (9 - 4)))
    # All of it noise: the estimate is negative, the norm is 0.
    assert debiased_squared_distances(distances / 3, spread, counts)[0, 1] == pytest.approx(-3)
    assert debiased_norm(distances / 3, spread, counts) == 0.0
    assert Responses.of(np.zeros((3, 1)), [2, 0, 2], 4).counts.tolist() == [1, 0, 2, 0]


def test_frames_follow_one_another() -> None:
    points, owners = some_step(5, p=20)
    first = geometry(Responses.of(points, owners, 3))
    rotation = np.linalg.qr(np.random.default_rng(6).normal(size=(20, 20)))[0]
    second = geometry(Responses.of(points @ rotation + 5, owners, 3), previous=first)
    np.testing.assert_allclose(second.coordinates, first.coordinates, atol=1e-9)


def test_each_response_is_measured_from_each_mean() -> None:
    means = np.array([[2 / 3, 1.0], [6.0, 1.0]])
    owners = np.array([0, 0, 0, 1])
    expected = np.linalg.norm(POINTS[:, None] - means, axis=2)
    np.testing.assert_allclose(distances_from_means(Responses.of(POINTS, owners, 2)), expected)


def test_distances_from_a_missing_mean_are_missing() -> None:
    found = distances_from_means(Responses.of(POINTS, OWNERS, 3))
    np.testing.assert_array_equal(np.isnan(found), np.tile([False, False, True], (4, 1)))
    np.testing.assert_allclose(found[0, :2], [1, np.hypot(4, 1)])
    assert distances_from_means(
        Responses.of(np.empty((0, 2)), np.empty(0, dtype=int), 2)
    ).shape == (0, 2)


def test_a_step_without_any_response_has_no_norm() -> None:
    nothing = geometry(Responses.of(np.empty((0, 0)), np.empty(0, dtype=np.int64), 3))
    assert np.isnan(nothing.norm)
    assert np.isnan(nothing.distances[0, 1])
    assert nothing.coordinates.shape == (0, 2)
