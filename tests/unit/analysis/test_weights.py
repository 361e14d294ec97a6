import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from lwd_tui.analysis.weights import (
    collapsed,
    distances,
    drift,
    first_death,
    norms,
    polarised,
    quantile_band,
    vertex_distances,
)

VERTICES = np.eye(3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 6), st.integers(2, 11))
def test_the_norm_is_the_frobenius_norm_of_the_full_matrix(seed, n, size):
    weights = np.random.default_rng(seed).dirichlet(np.ones(size), size=n)
    plain = squareform(pdist(weights))
    np.testing.assert_allclose(distances(weights), plain, atol=1e-12)
    assert norms(weights) == pytest.approx(np.linalg.norm(plain), abs=1e-12)


def test_each_row_of_a_run_has_the_norm_of_its_own():
    weights = np.random.default_rng(3).dirichlet(np.ones(4), size=(2, 5, 3))
    each = [[np.linalg.norm(squareform(pdist(step))) for step in steps] for steps in weights]
    np.testing.assert_allclose(norms(weights), each)


def test_equal_weights_have_norm_zero():
    assert norms(np.full((3, 7), 1 / 7)) == pytest.approx(0, abs=1e-15)
    # One mixture is at no distance from anybody.
    assert np.isnan(norms(np.full((2, 5, 1, 7), 1 / 7))).tolist() == [[True] * 5] * 2
    # Three vertices, 2 apart squared, six ordered pairs.
    assert norms(VERTICES) == pytest.approx(np.sqrt(12))


def test_a_band_is_made_of_quantiles_over_replicates():
    curves = np.arange(11.0)[:, None] * np.array([1.0, 2.0])
    np.testing.assert_allclose(quantile_band(curves), [[1, 2], [5, 10], [9, 18]])


def test_drift_is_the_distance_of_the_sum_from_one():
    np.testing.assert_allclose(drift(np.array([[0.5, 0.6], [0.2, 0.8]])), [0.1, 0], atol=1e-15)


def test_the_first_death_is_the_first_weight_near_zero():
    alive, dying = [0.5, 0.5], [1.0, 1e-6]
    weights = np.array([[[alive], [alive], [alive]], [[alive], [dying], [alive]]])
    assert first_death(weights, 1e-6).tolist() == [-1, 1]
    assert first_death(weights, 0.3).tolist() == [0, 0]
    # A thousandth is dead, and so is twice eps where that is more.
    faint = np.array([[[[1 - share, share]]] for share in (1e-3, 1.5e-3, 0.02, 0.03)])
    assert first_death(faint, 0.0).tolist() == [0, -1, -1, -1]
    assert first_death(faint, 0.01).tolist() == [0, 0, 0, -1]


def test_vertex_distances_run_from_zero_to_that_of_equal_weights():
    np.testing.assert_allclose(vertex_distances(VERTICES), 0)
    assert vertex_distances(np.full(4, 0.25)) == pytest.approx(np.sqrt(1 - 1 / 4))


@pytest.mark.parametrize(
    ("weights", "is_polarised", "is_collapsed"),
    [
        (VERTICES, True, False),
        (VERTICES[[0, 0, 1]], True, False),
        (VERTICES[[2, 2, 2]], False, True),
        ([[1, 0, 0], [0.4, 0.3, 0.3], [0.2, 0.4, 0.4]], False, False),
        ([[1, 0, 0], [0.4, 0.3, 0.3], [0, 0.95, 0.05]], True, False),
        # At a vertex are those within 0.1 of it: 0.94 and 0.06 are 0.085 away, 0.9 and 0.1 0.14.
        ([[0.9, 0.1, 0], [0.9, 0, 0.1], [0, 1, 0]], False, False),
        ([[0.94, 0.06, 0], [0.9, 0, 0.1], [0, 1, 0]], True, False),
        ([[0.94, 0.06, 0], [0.94, 0, 0.06], [1, 0, 0]], False, True),
        ([[0.94, 0.06, 0], [0.9, 0, 0.1], [1, 0, 0]], False, False),
        (np.full((3, 3), 1 / 3), False, False),
    ],
)
def test_polarised_and_collapsed(weights, is_polarised, is_collapsed):
    replicates = np.array([weights])
    assert polarised(replicates).tolist() == [is_polarised]
    assert collapsed(replicates).tolist() == [is_collapsed]
