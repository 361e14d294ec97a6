"""Power: against the tables of G*Power, and against simulations with a test of our own."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.planning import (
    Scatter,
    expected_floor,
    least_effect,
    least_norm,
    responses_to_show,
    scatter,
    seeds_needed,
    seeds_power,
    step_power,
)

SPECTRUM = np.array([1.0, 0.6, 0.4, 0.2, 0.1, 0.1])
FOUND = Scatter(np.full(3, SPECTRUM.sum()), SPECTRUM.sum() ** 2 / np.square(SPECTRUM).sum())
PERMUTATIONS = 199


def one_axis(n):
    return Scatter(np.ones(n), 1.0)


# G*Power 3.1: groups, Cohen's f, and the size of a group, at 5 % and a power of 80 %.
GROUPS = [(2, 0.25, 64), (3, 0.25, 53), (4, 0.25, 45), (3, 0.4, 22)]


@pytest.mark.parametrize(("n", "f", "size"), GROUPS)
def test_on_one_axis_it_is_the_analysis_of_variance(n, f, size):
    norm = math.sqrt(2) * n * f
    assert responses_to_show(norm, one_axis(n)) == size
    assert step_power(norm, one_axis(n), size) >= 0.8 > step_power(norm, one_axis(n), size - 1)
    assert least_norm(one_axis(n), size) <= norm < least_norm(one_axis(n), size - 1)


# G*Power 3.1: matched pairs, two tails, 5 % and 80 %.
@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.5, 6)])
def test_pairs_of_seeds_are_students(effect, pairs):
    assert seeds_needed(effect * 0.3, 0.3) == pairs
    assert least_effect(pairs) <= effect < least_effect(pairs - 1)
    assert seeds_power(effect, 1.0, 1) == 0
    assert seeds_power(-effect, 1.0, pairs) == pytest.approx(seeds_power(effect, 1.0, pairs))


def integrated_power(effect, pairs, level):
    """Return the power of Student's test: the normal law, averaged over what the deviation may be.

    Without the noncentral t, whose lower tail SciPy 1.17 doesn't know at many places.
    """
    df, shift = pairs - 1, effect * math.sqrt(pairs)
    bound = stats.t.isf((1 - level) / 2, df) / math.sqrt(df)

    def shown(chi):
        tails = stats.norm.cdf([shift - bound * chi, -shift - bound * chi])
        return stats.chi.pdf(chi, df) * tails.sum()

    return integrate.quad(shown, 0, math.sqrt(df) + 10, points=[shift / bound], limit=200)[0]


@pytest.mark.parametrize(
    ("pairs", "level", "effect"),
    [(2, 0.95, 11.55), (3, 0.95, 3.26), (6, 0.95, 1.44), (6, 0.99, 2.11), (12, 0.99, 1.17)],
)
def test_the_least_effect_has_the_power_that_an_integral_says(pairs, level, effect):
    found = least_effect(pairs, level)
    assert found == pytest.approx(effect, abs=0.006)
    assert integrated_power(found, pairs, level) == pytest.approx(0.8, abs=1e-5)


@pytest.mark.parametrize(
    ("effect", "level", "pairs"), [(4, 0.95, 3), (3, 0.99, 5), (12, 0.95, 2), (1, 0.95, 10)]
)
def test_the_fewest_pairs_are_those_that_an_integral_says(effect, level, pairs):
    assert seeds_needed(effect, 1, level) == pairs
    assert integrated_power(effect, pairs, level) >= 0.8
    assert pairs == 2 or integrated_power(effect, pairs - 1, level) < 0.8


def simulated(rng, norm, length, repeats=500):
    """Return the mean of the squared norm of D, and the share of tests that reject at 5 %."""
    n, p = 3, len(SPECTRUM)
    squares, rejected = 0.0, 0
    for _ in range(repeats):
        true = rng.normal(size=(n, p)) * np.sqrt(SPECTRUM)
        true -= true.mean(axis=0)
        true *= norm / math.sqrt(2 * n * np.square(true).sum())
        points = true[:, None] + rng.normal(size=(n, length, p)) * np.sqrt(SPECTRUM)
        means = points.mean(axis=1)
        squares += np.square(means[:, None] - means[None]).sum()
        order = np.argsort(rng.random((PERMUTATIONS, n * length)), axis=1)
        shuffled = points.reshape(-1, p)[order].reshape(PERMUTATIONS, n, length, p).mean(axis=2)
        centre = means.mean(axis=0)
        between = np.square(shuffled - centre).sum(axis=(1, 2))
        reached = (between >= np.square(means - centre).sum() * (1 - 1e-12)).sum()
        rejected += (1 + reached) / (1 + PERMUTATIONS) <= 0.05
    return squares / repeats, rejected / repeats


@pytest.mark.parametrize("length", [4, 12])
def test_simulated_steps_have_the_floor_and_the_power_that_were_predicted(length):
    rng = np.random.default_rng(11)
    norm = least_norm(FOUND, length)
    equal, level = simulated(rng, 0.0, length)
    apart, power = simulated(rng, norm, length)
    # The squared norm of equal means has a relative deviation of sqrt(2 / (nu (n - 1))).
    error = math.sqrt(2 / (FOUND.directions * 2) / 500)
    floor = expected_floor(FOUND, length)
    assert equal == pytest.approx(floor**2, rel=4 * error)
    assert apart == pytest.approx(floor**2 + norm**2, rel=4 * error)
    assert level == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 500))
    assert power == pytest.approx(0.8, abs=4 * math.sqrt(0.8 * 0.2 / 500))


def test_the_scatter_of_answers_that_vary_in_known_directions():
    rng = np.random.default_rng(5)
    owners = np.repeat(np.arange(3), 8)
    steps = [
        Responses.of(rng.normal(size=(24, 6)) * np.sqrt(SPECTRUM), owners, 3) for _ in range(400)
    ]
    found = scatter(steps)
    assert found.mean == pytest.approx(FOUND.mean, rel=0.03)
    assert found.directions == pytest.approx(FOUND.directions, rel=0.05)
    with pytest.raises(UnfitData, match="4 usable answers"):
        scatter([Responses.of(np.zeros((6, 2)), [0, 0, 0, 1, 1, 1], 2)])


def test_where_nothing_could_show_and_where_anything_would():
    # Of 2 x 3 answers there are ten splits: p is never below 0.1.
    assert math.isinf(least_norm(one_axis(2), 3))
    assert step_power(100, one_axis(2), 3) == 0
    assert step_power(100, one_axis(1), 50) == 0
    assert math.isinf(least_effect(1))
    still = Scatter(np.zeros(2), 1.0)
    assert least_norm(still, 4) == 0
    assert step_power(0.1, still, 4) == 1
    assert expected_floor(still, 4) == 0
    assert responses_to_show(1e-4, one_axis(2)) is None
