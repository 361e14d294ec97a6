"""Standard errors of the debiased squares."""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.distance import geometry
from lwd_tui.analysis.standard_errors import debiased_pairs


def test_the_squares_are_those_of_the_norm() -> None:
    rng = np.random.default_rng(1)
    owners = np.repeat([0, 1, 2], [5, 7, 9])
    points = rng.normal(size=(21, 8)) + 2 * owners[:, None]
    pairs = debiased_pairs(Responses.of(points, owners, 3))
    assert np.sqrt(pairs.squares.sum()) == pytest.approx(
        geometry(Responses.of(points, owners, 3)).norm_debiased
    )
    np.testing.assert_array_equal(pairs.squares, pairs.squares.T)
    np.testing.assert_allclose(pairs.errors, pairs.errors.T)


@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("skewed", [False, True])
def test_errors_are_the_spread_of_the_estimates(shift: float, skewed: bool) -> None:
    rng = np.random.default_rng(2)
    sizes, p, repeats = (10, 15), 12, 1500
    owners = np.repeat([0, 1], sizes)
    scale = np.arange(1, p + 1) ** -0.5
    estimates, variances = np.empty(repeats), np.empty(repeats)
    for r in range(repeats):
        noise = rng.exponential(size=(25, p)) - 1 if skewed else rng.normal(size=(25, p))
        points = scale * noise
        points[owners == 1, 0] += shift
        pairs = debiased_pairs(Responses.of(points, owners, 2))
        estimates[r], variances[r] = pairs.squares[0, 1], pairs.errors[0, 1] ** 2
    true = estimates.var()
    # Wide by up to 1.4 (2 for the square) where the means are equal: the first term is kept >= 0.
    assert 0.9 * true < variances.mean() < {0.0: 2.2, 0.5: 1.6, 3.0: 1.15}[shift] * true


def test_few_or_equal_responses() -> None:
    points = np.random.default_rng(3).normal(size=(7, 3))
    pairs = debiased_pairs(Responses.of(points, np.array([0, 0, 0, 1, 1, 1, 1]), 2))
    assert np.isfinite(pairs.squares).all()
    assert np.isnan(pairs.errors[0, 1])
    same = debiased_pairs(Responses.of(np.full((8, 3), 0.1), np.repeat([0, 1], 4), 2))
    assert not same.squares.any()
    assert not same.errors.any()
    alone = debiased_pairs(Responses.of(points, np.zeros(7, dtype=int), 1))
    assert alone.squares.tolist() == [[0.0]]
