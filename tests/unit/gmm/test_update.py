import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gmm_oracle import algorithm_2

from lwd_tui.gmm.update import Rule, absorb, write_densities


def table_of(points, centres):
    table = np.empty((len(points), len(centres)))
    write_densities(points, centres, table)
    return table


def absorbed(weights, points, centres, alpha, c, eps=1e-6, renormalise=True):
    weights = np.array(weights, dtype=float)
    rows = np.arange(len(points), dtype=np.int32)
    table = table_of(points, centres)
    lifted = absorb(weights, table, rows, Rule(alpha, c, eps, renormalise))
    return weights, lifted


@st.composite
def updates(draw_from):
    size = draw_from(st.integers(2, 6))
    dimension = draw_from(st.integers(1, 3))
    rng = np.random.default_rng(draw_from(st.integers(0, 2**32)))
    centres = rng.normal(scale=4, size=(size, dimension))
    points = centres[rng.integers(size, size=40)] + rng.normal(size=(40, dimension))
    return (
        rng.dirichlet(np.ones(size)),
        points,
        centres,
        draw_from(st.floats(0.001, 0.9)),
        draw_from(st.floats(0.001, 0.9)) / size,
        draw_from(st.sampled_from([0.0, 1e-6, 1e-2])),
        draw_from(st.booleans()),
    )


@settings(max_examples=60, deadline=None)
@given(updates())
def test_updates_equal_the_plain_algorithm(update):
    weights, points, centres, alpha, c, eps, renormalise = update
    fast, lifted = absorbed(*update)
    plain, expected = algorithm_2(
        weights, points, centres, np.eye(centres.shape[1]), alpha, c, eps, renormalise
    )
    assert lifted == expected
    np.testing.assert_allclose(fast, plain, rtol=0, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(updates())
def test_weights_stay_a_probability_vector(update):
    *rest, _ = update
    weights, _ = absorbed(*rest, renormalise=True)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(updates(), st.randoms(use_true_random=False))
def test_the_order_of_components_does_not_matter(update, random):
    weights, points, centres, alpha, c, _, _ = update
    order = list(range(len(weights)))
    random.shuffle(order)
    # Lifting follows the order of the components, so eps = 0, where it commutes.
    plain, _ = absorbed(weights, points, centres, alpha, c, 0.0)
    permuted, _ = absorbed(weights[order], points, centres[order], alpha, c, 0.0)
    np.testing.assert_allclose(permuted, plain[order], rtol=0, atol=1e-12)


def test_a_lifted_weight_by_hand():
    # pi = (1/2, 1/2), alpha = 1/2, c = 0.3 and a point far in component 0, with ownership (1, 0):
    # (1/4, 1/4) + 1/2 (0.7, -0.3) / 0.4 = (1.125, -0.125), so the first is divided by 1.225.
    points, centres = np.array([[-9.0]]), np.array([[-9.0], [9.0]])
    weights, lifted = absorbed([0.5, 0.5], points, centres, 0.5, 0.3, 0.1, renormalise=False)
    assert lifted == 1
    first = 1.125 / 1.225
    np.testing.assert_allclose(weights, [first, 0.1], rtol=1e-12)
    weights, _ = absorbed([0.5, 0.5], points, centres, 0.5, 0.3, 0.1, renormalise=True)
    np.testing.assert_allclose(weights, np.array([first, 0.1]) / (first + 0.1), rtol=1e-12)


@pytest.mark.parametrize(
    ("weights", "at", "expected"),
    [
        ([0.0, 1.0], -400.0, [0, 1]),
        ([0.0, 0.5, 0.5], -400.0, [0, 1, 0]),
        ([1e-300, 1 - 1e-300], -60.0, [0, 1]),
        ([0.5, 0.5], 1e100, [0, 1]),
        ([0.5, 0.5], -1e100, [1, 0]),
    ],
)
def test_far_points_have_the_ownership_that_logarithms_give(weights, at, expected):
    centres = np.array([[-400.0], [0.0], [400.0]])[: len(weights)]
    # With c near 0 an update with alpha moves the weights by alpha towards the ownership.
    moved, _ = absorbed(weights, np.array([[at]]), centres, 0.5, 1e-12, 0.0)
    np.testing.assert_allclose(moved, 0.5 * (np.array(weights) + expected), atol=1e-9)


def test_densities_hold_in_a_hundred_dimensions_and_with_tiny_variances():
    rng = np.random.default_rng(0)
    centres = 1e6 * rng.normal(size=(5, 100))
    points = centres[[3, 1]] + rng.normal(size=(2, 100))
    table = table_of(points, centres)
    assert np.isfinite(table).all()
    assert table.argmax(axis=1).tolist() == [3, 1]
    assert (np.sort(table, axis=1)[:, :-1] < 0).all()
