"""Standard errors of the debiased squares."""

from __future__ import annotations

from itertools import permutations

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


def test_noise_adds_to_the_first_term_what_is_taken_from_it() -> None:
    """Of normal answers with Sigma = 1, L = 4, and means so far apart that little is cut at 0.

    Then E(error^2) = 4 delta' (2 / L) delta + 4 p / (L (L - 1)) + 4 p / L^2. Taken from it is what
    has the first of these for its mean but varies most: delta' S delta, and by mirrored sample
    means, which are as likely with the same S, what is odd in them.
    """
    rng = np.random.default_rng(5)
    n, p, size, apart = 60, 10, 4, 6.0
    first = np.arange(n) < n // 2
    over = []
    for _ in range(15):
        noise = rng.normal(size=(n, size, p))
        along = apart**2 * noise[:, :, 0].var(axis=1, ddof=1) * 4 / size
        for points in (noise, noise - 2 * noise.mean(axis=1, keepdims=True)):
            points[~first, :, 0] += apart
            pairs = debiased_pairs(
                Responses.of(points.reshape(-1, p), np.repeat(np.arange(n), size), n)
            )
            squares = pairs.errors[np.ix_(first, ~first)] ** 2
            over.append((squares - along[first, None] - along[~first]).mean())
    expected = 4 * p / (size * (size - 1)) + 4 * p / size**2
    assert np.mean(over) == pytest.approx(expected, rel=0.1)


def squared_trace(x: np.ndarray) -> float:
    """tr(Sigma^2) by sums over different responses (Li and Chen 2012), one by one."""
    gram = x @ x.T
    sums, counts = np.zeros(3), np.zeros(3)
    for i, j, k, m in permutations(range(len(x)), 4):
        sums += gram[i, j] ** 2, gram[i, j] * gram[j, k], gram[i, j] * gram[k, m]
        counts += 1
    return float((sums / counts) @ [1, -2, 1])


@pytest.mark.parametrize("shift", [0.0, 4.0])
def test_an_error_is_what_its_formula_says(shift: float) -> None:
    points = np.random.default_rng(4).gamma(1.0, size=(13, 3)) * [3, 2, 1]
    x, y = points[:6], points[6:] + shift
    pairs = debiased_pairs(Responses.of(np.concatenate([x, y]), np.repeat([0, 1], [6, 7]), 2))
    one, other = np.cov(x.T), np.cov(y.T)
    own = 2 * squared_trace(x), 2 * squared_trace(y)
    both = 4 * np.trace(one @ other) / (6 * 7)
    noise = own[0] / (6 * 5) + own[1] / (7 * 6) + both
    # 4 E(d' Sigma d) of what d = X_i - X_j is off by, whose covariance is one / 6 + other / 7.
    added = 2 * (own[0] / 6**2 + own[1] / 7**2 + both)
    delta = x.mean(axis=0) - y.mean(axis=0)
    along = 4 * delta @ (one / 6 + other / 7) @ delta
    # Far apart the first term counts; at one place noise alone has made it.
    assert (along > added) == (shift > 0)
    assert pairs.errors[0, 1] ** 2 == pytest.approx(noise + max(along - added, 0))
    assert pairs.errors[0, 0] == pairs.errors[1, 1] == 0


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
