"""The paper's figures of mixtures over many seeds, with bounds that hold for the distribution."""

import numpy as np
import pytest
from scipy.stats import binom

from lwd_tui.analysis.weights import norms
from lwd_tui.experiment.files import load_gmm_preset
from lwd_tui.gmm.density import densities
from lwd_tui.gmm.network import simulate
from lwd_tui.gmm.theory import draw_variance, expected_norm, expected_weights, noise_floor

pytestmark = pytest.mark.integration

SEEDS = 200


@pytest.fixture(scope="module")
def fig4():
    return simulate(load_gmm_preset("gmm-fig4").replaced({"replicates": SEEDS}))


@pytest.fixture(scope="module")
def fig6():
    return simulate(load_gmm_preset("gmm-fig6").replaced({"replicates": SEEDS}))


def sudden_falls(curves, width=10, least=0.1):
    """Return each curve's largest relative fall between two means of `width` steps, and when.

    The three steps between them are left out; a mean below `least` counts as having fallen.
    """
    size = curves.shape[1]
    sums = np.cumsum(np.pad(curves, ((0, 0), (1, 0))), axis=1)
    falls = np.zeros(curves.shape)
    for t in range(width, size - width - 3):
        before = (sums[:, t] - sums[:, t - width]) / width
        after = (sums[:, t + 3 + width] - sums[:, t + 3]) / width
        falls[:, t] = np.where(before > least, 1 - after / before, 0)
    return falls


def test_figure_4_the_norm_falls_near_zero_in_all_five_replicates():
    curves = norms(simulate(load_gmm_preset("gmm-fig4")).weights)
    assert 2.2 < curves[:, 0].max() < 2.5
    assert (curves[:, -1] < 0.1).all()


def test_figure_4_over_many_seeds(fig4):
    curves = norms(fig4.weights)
    # The paper's highest start, 2.3, is an ordinary one: some, and not most, start above it.
    assert 0.01 < (curves[:, 0] > 2.2).mean() < 0.15
    ended = int((curves[:, -1] < 0.1).sum())
    # At 1 in 50 failing, 200 seeds would show fewer than 192 once in 5,000 times.
    assert ended >= binom.ppf(2e-4, SEEDS, 0.98)


def test_figure_4_follows_the_theory(fig4):
    expected = expected_weights(fig4.spec, fig4.replicates)
    theory = expected_norm(expected, draw_variance(fig4.spec, fig4.replicates, expected))
    ratio = np.square(norms(fig4.weights)).mean(axis=0) / np.square(theory).mean(axis=0)
    assert ratio[0] == pytest.approx(1)
    # A squared norm of 200 seeds has a standard error of about a tenth: five of them at each t,
    # and for the mean over t, which a pool other than the expected one makes a little smaller.
    assert ratio.min() > 0.5
    assert ratio.max() < 1.5
    assert ratio[20:].mean() == pytest.approx(0.95, abs=0.15)


def test_figure_4_without_eps_stays_apart_where_a_component_died():
    spec = load_gmm_preset("gmm-fig4").replaced({"replicates": SEEDS, "eps": 0.0})
    ended = norms(simulate(spec).weights)[:, -1]
    # A weight of exactly 0 never comes back: the share that ends near 0 is far from all of them.
    assert 0.6 < (ended < 0.1).mean() < 0.9


def test_figure_5_different_densities_become_the_same():
    run = simulate(load_gmm_preset("gmm-fig4"))
    grid = np.linspace(-10, 10, 400)[:, None]
    apart = []
    for t in (0, 200):
        shown = [densities(run, place, t, grid) for place in range(5)]
        # Half the area between two densities is the total variation distance, at most 1.
        area = [np.abs(one[0] - one[1]).sum() * 20 / 399 / 2 for one in shown]
        apart.append(np.mean(area))
    assert apart[0] > 0.15
    assert apart[1] < 0.03


def test_figure_6_some_replicates_fall_suddenly_and_late(fig6):
    falls = sudden_falls(norms(fig6.weights))
    late = (falls[:, 100:] > 0.5).any(axis=1).mean()
    assert 0.01 < late < 0.15
    # The fifth replicate of the preset is one: near t = 160, like the paper's.
    assert 150 <= falls[4].argmax() <= 165
    assert falls[4].max() > 0.5


def test_figure_6_falls_where_a_lost_component_comes_back(fig6):
    t = sudden_falls(norms(fig6.weights))[4].argmax()
    before, after = fig6.weights[4, t - 5], fig6.weights[4, t + 8]
    revived = (before < 1e-2) & (after > 0.05)
    assert revived.any()


def test_a_constant_alpha_rests_on_the_predicted_floor():
    run = simulate(load_gmm_preset("gmm-constant-alpha").replaced({"replicates": SEEDS}))
    late = np.square(norms(run.weights)[:, 100:]).mean(axis=1)
    predicted = np.square(noise_floor(run)[:, 100:]).mean(axis=1)
    assert np.sqrt(late.mean() / predicted.mean()) == pytest.approx(1, abs=0.04)
    assert np.corrcoef(late, predicted)[0, 1] > 0.7
