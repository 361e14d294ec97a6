"""Classical scaling against scikit-learn, SciPy and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from sklearn.manifold import ClassicalMDS

from lwd_tui.analysis import principal
from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.cmds import classical_mds, with_fixed_signs


def up_to_signs(ours: np.ndarray, other: np.ndarray) -> np.ndarray:
    return other * np.sign((ours * other).sum(axis=0))


@pytest.mark.parametrize("shape", [(30, 4), (30, 100), (120, 768), (450, 300), (300, 450)])
def test_points_agree_with_scikit_learn(shape: tuple[int, int]) -> None:
    points = np.random.default_rng(1).normal(size=shape) * np.arange(1, shape[1] + 1) ** -0.5 + 9
    ours = classical_mds(points)
    theirs = ClassicalMDS().fit(points)
    np.testing.assert_allclose(ours.eigenvalues, theirs.eigenvalues_, rtol=1e-9)
    expected = up_to_signs(ours.coordinates, theirs.embedding_)
    np.testing.assert_allclose(ours.coordinates, expected, atol=1e-7)
    total = (pdist(points) ** 2).sum() / len(points)
    assert ours.explained == pytest.approx(ours.eigenvalues.sum() / total)


def test_a_square_is_drawn_as_a_square() -> None:
    corners = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 2.0], [2.0, 0.0]])
    drawn = classical_mds(corners)
    np.testing.assert_allclose(pdist(drawn.coordinates), pdist(corners))
    assert drawn.explained == 1.0
    np.testing.assert_allclose(drawn.eigenvalues, [4, 4])


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 6))
def test_motion_leaves_the_picture_alone(seed: int, m: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(m, p))
    rotation = np.linalg.qr(rng.normal(size=(p, p)))[0]
    ours, moved = classical_mds(points), classical_mds(points @ rotation + rng.normal(size=p))
    assert ours.coordinates.shape == (m, 2)
    np.testing.assert_allclose(pdist(moved.coordinates), pdist(ours.coordinates), atol=1e-6)
    assert 0.0 <= ours.explained <= 1.0
    # In a plane nothing is lost.
    if p <= 2:
        np.testing.assert_allclose(pdist(ours.coordinates), pdist(points), atol=1e-7)


def test_axes_that_are_not_reached_are_zero() -> None:
    line = classical_mds(np.array([[1.0], [2.0], [4.0]]))
    assert line.coordinates.shape == (3, 2)
    assert not line.coordinates[:, 1].any()
    assert np.ptp(line.coordinates[:, 0]) == pytest.approx(3)
    assert classical_mds(np.ones((1, 5))).coordinates.tolist() == [[0.0, 0.0]]
    assert classical_mds(np.ones((0, 5))).coordinates.shape == (0, 2)
    same = classical_mds(np.full((300, 250), 0.1))
    assert not same.coordinates.any()
    assert same.explained == 1.0
    assert not classical_mds(np.full((300, 250), 0.1), 1).coordinates.any()


@pytest.mark.parametrize("rank", [1, 2, 3, 5])
def test_large_clouds_of_low_rank(rank: int) -> None:
    rng = np.random.default_rng(rank)
    points = rng.normal(size=(500, rank)) @ rng.normal(size=(rank, 400))
    drawn = classical_mds(points)
    singular = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    expected = np.where(np.arange(2) < rank, singular[:2] ** 2, 0.0)
    np.testing.assert_allclose(drawn.eigenvalues, expected, rtol=1e-9, atol=1e-9 * expected[0])
    if rank <= 2:
        np.testing.assert_allclose(pdist(drawn.coordinates), pdist(points), rtol=1e-5)


def test_large_clouds_with_equal_leading_eigenvalues() -> None:
    # The corners of a regular simplex: all eigenvalues are the same.
    drawn = classical_mds(np.eye(260))
    np.testing.assert_allclose(drawn.eigenvalues, [1, 1], rtol=1e-9)
    assert drawn.explained == pytest.approx(2 / 259)


def test_large_clouds_without_structure() -> None:
    points = np.random.default_rng(3).normal(size=(400, 300))
    singular = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(classical_mds(points).eigenvalues, singular[:2] ** 2, rtol=1e-12)


def test_a_round_cloud_needs_no_full_decomposition(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(5).normal(size=(600, 500))
    theirs = ClassicalMDS().fit(points)

    def refuse(*_: object) -> None:
        raise AssertionError("the iteration should have ended by itself")

    monkeypatch.setattr(principal, "_dense", refuse)
    ours = classical_mds(points)
    np.testing.assert_allclose(ours.eigenvalues, theirs.eigenvalues_, rtol=1e-12)
    expected = up_to_signs(ours.coordinates, theirs.embedding_)
    # Where axes are nearly as long as each other, their directions are less sure.
    np.testing.assert_allclose(ours.coordinates, expected, atol=1e-4)


def test_a_cloud_that_the_iteration_gives_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(6).normal(size=(400, 300))
    theirs = ClassicalMDS().fit(points)

    monkeypatch.setattr(principal, "_LARGEST", 30)
    ours = classical_mds(points)
    expected = up_to_signs(ours.coordinates, theirs.embedding_)
    np.testing.assert_allclose(ours.coordinates, expected, atol=1e-9)


def test_two_axes_of_one_length_are_both_found() -> None:
    # A ring in a plane, and little else: the two leading eigenvalues are equal.
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    points = np.random.default_rng(7).normal(size=(400, 350)) * 1e-6
    points[:, 3] += np.cos(angles)
    points[:, 8] += np.sin(angles)
    drawn = classical_mds(points)
    np.testing.assert_allclose(drawn.eigenvalues, [200, 200], rtol=1e-5)
    np.testing.assert_allclose(np.hypot(*drawn.coordinates.T), 1, atol=1e-4)


def test_three_answers_as_far_from_each_other_make_a_triangle() -> None:
    # Two equal eigenvalues, as after a collapse to three texts; what else there is is small.
    corners = np.eye(400)[np.arange(450) % 3]
    drawn = classical_mds(corners + np.random.default_rng(8).normal(size=(450, 400)) * 1e-7)
    np.testing.assert_allclose(drawn.eigenvalues, [150, 150], rtol=1e-5)
    sides = pdist([drawn.coordinates[i::3].mean(axis=0) for i in range(3)])
    np.testing.assert_allclose(sides, np.sqrt(2), rtol=1e-5)


@pytest.mark.parametrize("shape", [(500, 400), (120, 768), (160, 768), (1000, 384)])
@pytest.mark.parametrize("falling", [0.0, 0.5, 1.0])
def test_coordinates_are_accurate_to_1e_9(shape: tuple[int, int], falling: float) -> None:
    rng = np.random.default_rng(9)
    points = rng.normal(size=shape) * np.arange(1, shape[1] + 1) ** -falling
    left, singular, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    ours = classical_mds(points).coordinates
    expected = up_to_signs(ours, left[:, :2] * singular[:2])
    np.testing.assert_allclose(ours, expected, atol=1e-9 * np.abs(expected).max())


def cloud_of(values: np.ndarray, m: int, p: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points with these eigenvalues, and their coordinates along the first two axes."""
    rng = np.random.default_rng(seed)
    left = rng.normal(size=(m, len(values)))
    # Orthonormal, and orthogonal to the mean.
    left = np.linalg.qr(np.column_stack([np.ones(m), left]))[0][:, 1:]
    right = np.linalg.qr(rng.normal(size=(p, len(values))))[0]
    return left * np.sqrt(values) @ right.T, left[:, :2] * np.sqrt(values[:2])


@pytest.mark.parametrize("third", [0.3, 0.5, 0.7])
def test_each_axis_is_good_to_1e_9_of_its_length(third: float) -> None:
    for seed in range(30):
        values = np.concatenate([[1, 0.8], third * np.linspace(1, 0, 100) ** (1 + seed % 3)])
        points, exact = cloud_of(values, 120, 150, seed)
        ours = classical_mds(points).coordinates
        error = np.linalg.norm(ours - up_to_signs(ours, exact), axis=0)
        assert (error <= 1e-9 * np.linalg.norm(exact, axis=0)).all()


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("third", [0.3, 0.9])
def test_axes_that_are_nearly_as_long_are_told_apart(gap: float, third: float) -> None:
    values = np.concatenate([[1, 1 - gap], third * np.arange(1, 199.0) ** -0.5])
    points, exact = cloud_of(values, 300, 200, 10)
    drawn = classical_mds(points)
    np.testing.assert_allclose(drawn.eigenvalues, [1, 1 - gap], rtol=1e-13)
    error = np.abs(drawn.coordinates - up_to_signs(drawn.coordinates, exact)).max()
    # Rounding alone turns axes by 1e-16 over the gap.
    assert error <= (1e-9 + 1e-14 / gap) * np.abs(exact).max()


@pytest.mark.parametrize("offset", [0.0, 2.0**10, 2.0**30, 2.0**44])
def test_points_may_lie_far_from_zero(offset: float) -> None:
    # In steps of 1/256, so that a point and its offset have an exact sum.
    points = np.round(256 * np.random.default_rng(11).normal(size=(300, 150))) / 256
    points[:, 3:5] *= 4
    ours = classical_mds(points + offset).coordinates
    left, singular, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    expected = up_to_signs(ours, left[:, :2] * singular[:2])
    np.testing.assert_allclose(ours, expected, atol=1e-9 * np.abs(expected).max())


def test_the_points_are_left_alone() -> None:
    points = np.arange(12.0).reshape(4, 3)
    classical_mds(points)
    assert points.tolist() == np.arange(12.0).reshape(4, 3).tolist()


def test_signs_are_fixed() -> None:
    points = np.random.default_rng(4).normal(size=(15, 5))
    drawn, mirrored = classical_mds(points), classical_mds(-points)
    largest = np.abs(drawn.coordinates).argmax(axis=0)
    assert (drawn.coordinates[largest, [0, 1]] > 0).all()
    np.testing.assert_allclose(mirrored.coordinates, drawn.coordinates, atol=1e-9)


def test_bad_input_is_told() -> None:
    with pytest.raises(UnfitData, match="points: row 1 holds NaN"):
        classical_mds([[0.0], [np.nan]])
    with pytest.raises(UnfitData, match="row 1"):
        classical_mds(np.array([[0.0], [np.inf]], dtype=np.float32))


def test_the_largest_coordinate_of_each_axis_is_positive() -> None:
    drawn = with_fixed_signs(np.array([[0.1, 0.2], [-0.4, 0.3], [0.3, -0.1]]))
    assert drawn.tolist() == [[-0.1, 0.2], [0.4, 0.3], [-0.3, -0.1]]
    # Of two that differ in rounding only, the first: the picture doesn't turn over.
    assert with_fixed_signs(np.array([[-0.4], [0.4 + 1e-12]]))[0, 0] == 0.4
    assert with_fixed_signs(np.array([[0.0], [0.0]])).tolist() == [[0.0], [0.0]]
    assert with_fixed_signs(np.empty((0, 2))).shape == (0, 2)
