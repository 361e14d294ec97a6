"""Densities of the mixtures against SciPy."""

import numpy as np
import pytest
from scipy.special import logsumexp
from support.gmm_oracle import log_densities

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.density import densities, line_grid, log_density
from lwd_tui.gmm.network import simulate

WEIGHTS, MEANS = np.array([0.2, 0.0, 0.8]), np.array([[-3.0, 0.0], [1.0, 1.0], [2.0, 5.0]])
POINTS = np.array([[0.0, 0.0], [2.0, 4.0], [900.0, -900.0]])
WIDE, NARROW = np.array([[2.0, 0.6], [0.6, 1.0]]), np.array([[0.5, -0.1], [-0.1, 0.25]])
PLANE = {"means": [[-3, 0], [3, 0]], "covariance": [[1.0, 0.4], [0.4, 2.0]]}


def test_one_covariance_for_all():
    expected = logsumexp(log_densities(POINTS, MEANS, WIDE), b=WEIGHTS, axis=1)
    np.testing.assert_allclose(log_density(POINTS, WEIGHTS, MEANS, WIDE), expected)


def test_a_covariance_for_each():
    each = np.stack([WIDE, WIDE, NARROW])
    logs = np.hstack(
        [log_densities(POINTS, [mean], sigma) for mean, sigma in zip(MEANS, each, strict=True)]
    )
    expected = logsumexp(logs, b=WEIGHTS, axis=1)
    np.testing.assert_allclose(log_density(POINTS, WEIGHTS, MEANS, each), expected)


@pytest.mark.parametrize("moving", ["none", "all"])
def test_each_participant_has_a_density_of_its_own(moving):
    run = simulate(GmmSpec.from_dict({"name": "x", "steps": 4, "replicates": 2, "moving": moving,
                                      **PLANE}))  # fmt: skip
    found = densities(run, 1, 3, POINTS[:2])
    assert found.shape == (3, 2)
    for i in range(3):
        means = np.array(PLANE["means"]) if moving == "none" else run.means[1, 3, i]
        sigmas = [PLANE["covariance"]] * 2 if moving == "none" else run.covariances[1, 3, i]
        expected = sum(
            run.weights[1, 3, i, b] * np.exp(log_densities(POINTS[:2], [means[b]], sigmas[b])[:, 0])
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
