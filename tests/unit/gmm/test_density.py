"""Densities of the mixtures against SciPy."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from support.gmm_oracle import log_densities

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.density import densities, line_grid, log_density
from lwd_tui.gmm.network import simulate

POINTS = np.array([[0.0, 0.0], [2.0, 4.0]])
PLANE = {"means": [[-3, 0], [3, 0]], "covariance": [[1.0, 0.4], [0.4, 2.0]]}


def test_densities_are_scipys():
    rng = np.random.default_rng(1)
    points, means = rng.normal(size=(30, 3)), rng.normal(size=(4, 3))
    weights = rng.dirichlet(np.ones(4))
    root = rng.normal(size=(4, 3, 3))
    each = root @ np.swapaxes(root, 1, 2) + np.eye(3)
    for covariance in (each[0], each):
        shared = np.broadcast_to(covariance, (4, 3, 3))
        plain = sum(
            weight * multivariate_normal(mean, sigma).pdf(points)
            for weight, mean, sigma in zip(weights, means, shared, strict=True)
        )
        np.testing.assert_allclose(
            np.exp(log_density(points, weights, means, covariance)), plain, rtol=1e-10
        )


def test_densities_are_finite_far_away_and_for_tiny_variances():
    far = log_density(np.full((1, 100), 1e90), np.ones(2) / 2, np.zeros((2, 100)), np.eye(100))
    assert far[0] == pytest.approx(-0.5e182, rel=1e-9)
    near = log_density(np.zeros((1, 100)), np.ones(2) / 2, np.zeros((2, 100)), 1e-20 * np.eye(100))
    assert near[0] == pytest.approx(100 * (0.5 * 20 * np.log(10) - 0.5 * np.log(2 * np.pi)))


@pytest.mark.parametrize("moving", ["none", "all"])
def test_densities_on_the_grid_integrate_to_one(moving):
    run = simulate(GmmSpec(name="x", steps=20, replicates=1, moving=moving))
    grid = line_grid(run, 400)
    shown = densities(run, 0, 0, grid)
    assert shown.shape == (3, 400)
    np.testing.assert_allclose(np.trapezoid(shown, grid[:, 0], axis=1), 1, atol=1e-3)
    later = densities(run, 0, 20, np.linspace(-40, 40, 4000)[:, None])
    np.testing.assert_allclose(later.sum(axis=1) * 80 / 3999, 1, atol=1e-3)


@pytest.mark.parametrize("moving", ["none", "all"])
def test_each_participant_has_a_density_of_its_own(moving):
    run = simulate(GmmSpec.from_dict({"name": "x", "steps": 4, "replicates": 2, "moving": moving,
                                      **PLANE}))  # fmt: skip
    found = densities(run, 1, 3, POINTS)
    assert found.shape == (3, 2)
    for i in range(3):
        means = np.array(PLANE["means"]) if moving == "none" else run.means[1, 3, i]
        sigmas = [PLANE["covariance"]] * 2 if moving == "none" else run.covariances[1, 3, i]
        expected = sum(
            run.weights[1, 3, i, b] * np.exp(log_densities(POINTS, [means[b]], sigmas[b])[:, 0])
            for b in range(2)
        )
        np.testing.assert_allclose(found[i], expected)


def test_a_line_shows_every_component_out_to_four_deviations():
    means = [[-5, 1], [5, 2], [0, 9]]
    run = simulate(GmmSpec(name="x", steps=1, means=means, covariance=[4.0, 1.0]))
    grid = line_grid(run)
    assert grid.shape == (200, 2)
    np.testing.assert_allclose(grid[:, 0], np.linspace(-5 - 4 * 2, 5 + 4 * 2, 200))
    np.testing.assert_allclose(grid[:, 1], 4.0)
    assert line_grid(run, 50).shape == (50, 2)
