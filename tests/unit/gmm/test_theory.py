import numpy as np
import pytest

from lwd_tui.analysis.weights import norms
from lwd_tui.experiment.gmm import GmmRun, GmmSpec
from lwd_tui.gmm.network import simulate
from lwd_tui.gmm.theory import (
    draw_variance,
    expected_norm,
    expected_weights,
    noise_floor,
)

START = [[0.3, 0.7], [0.5, 0.5], [0.65, 0.35]]
POINTS = [-20.0, -20.0, -20.0, 20.0]
REPLICATES = 600
FIRST = range(1)


def spec_of(**changes):
    # Components 40 standard deviations apart, as the Appendix assumes: ownerships are 0 or 1.
    fields = {"name": "x", "means": [-20, 20], "weights": START, "steps": 40, "alpha": 0.02}
    return GmmSpec.from_dict({**fields, "replicates": REPLICATES, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"alpha": "1/k"},
        {"c": 0.01, "dirichlet": 3},
        {"posting": "window", "window": 4, "responses": 9},
        {"human": {"points": POINTS}},
        {"reads": [[0, 1], [1, 2], [2]]},
        {"interaction": False, "human": {"points": POINTS * 5}},
    ],
)
def test_the_mean_over_replicates_is_the_appendix_recursion(changes):
    spec = spec_of(**changes)
    run = simulate(spec)
    # The recursion leaves out the lifting to eps, which must hardly happen for this to be a test.
    assert run.lifted.any(axis=(1, 2)).mean() < 0.02
    expected = expected_weights(spec, FIRST)[0]
    error = run.weights.std(axis=0) / np.sqrt(REPLICATES) + 1e-4
    # About 40 * 3 correlated comparisons: 4.5 standard errors of the mean over the replicates,
    # and 1e-4 for the few replicates in which a weight was lifted.
    assert (np.abs(run.weights.mean(axis=0) - expected) / error).max() < 4.5


def test_differences_shrink_by_gamma_a_step():
    spec = spec_of(alpha=0.05, c=0.001)
    expected = expected_weights(spec, FIRST)[0]
    k = np.floor(0.5 * 9 * np.arange(40))
    shrunk = np.concatenate(([1], np.cumprod(0.95**k)))
    difference = expected[:, 0] - expected[:, 2]
    np.testing.assert_allclose(difference, shrunk[:, None] * difference[0], atol=1e-12)


def test_one_step_by_hand():
    # t = 1: nine points with composition mean(START), k = 4, alpha = 1/4, c = 1/16.
    spec = spec_of(alpha="1/k", steps=2, c="1/(k B^2)")
    kept, share = 0.75**4, np.mean(START, axis=0)
    by_hand = kept * np.array(START) + (1 - kept) * (share - 1 / 16) / (1 - 2 / 16)
    expected = expected_weights(spec, FIRST)[0]
    np.testing.assert_allclose(expected[1], START, atol=1e-15)
    np.testing.assert_allclose(expected[2], by_hand, atol=1e-15)


def test_the_variance_of_one_step_by_enumeration():
    from itertools import permutations

    # A pool of 1 + 3 points, of which two are drawn: every ordered draw, by brute force.
    spec = spec_of(
        participants=2,
        weights=[[0.5, 0.5]] * 2,
        interaction=False,
        human={"points": POINTS},
        steps=1,
        alpha=0.3,
        c=0.1,
    )
    ends = []
    for draw in permutations([1.0, 1.0, 1.0, 0.0], 2):
        pi = 0.5
        for owned in draw:
            pi = 0.7 * pi + 0.3 * (owned - 0.1) / (1 - 2 * 0.1)
        ends.append(pi)
    variance = draw_variance(spec, FIRST, expected_weights(spec, FIRST))[0]
    # Two components move by the same amount in opposite directions.
    np.testing.assert_allclose(variance[1], [2 * np.var(ends)] * 2, rtol=1e-12)
    np.testing.assert_allclose(expected_weights(spec, FIRST)[0][1, :, 0], np.mean(ends), rtol=1e-12)


def test_the_floor_of_a_constant_alpha_is_the_measured_one():
    spec = spec_of(alpha=0.05, c=0.0005, steps=120, replicates=200)
    run = simulate(spec)
    late = norms(run.weights)[:, 80:]
    measured = np.sqrt(np.square(late).mean(axis=1))
    predicted = noise_floor(run)[:, 80:]
    ratio = np.sqrt(np.square(measured).mean() / np.square(predicted).mean())
    assert ratio == pytest.approx(1, abs=0.1)
    # The closed form: 2 n (n - 1) s^2 alpha / (2 - alpha), with s^2 = 2 p (1 - p) at most 1/2.
    most = np.sqrt(12 * 0.5 * 0.05 / 1.95) / (1 - 2 * 0.0005)
    assert predicted.max() <= most * 1.01
    even = GmmRun(spec, FIRST, np.full((1, 121, 3, 2), 0.5), run.lifted[:1])
    assert noise_floor(even)[0, -1] == pytest.approx(most, rel=0.05)


def test_the_norm_of_theory_and_simulation_agree_where_draws_dominate():
    spec = spec_of(alpha="1/k", steps=60)
    run = simulate(spec)
    expected = expected_weights(spec, FIRST)
    theory = expected_norm(expected, draw_variance(spec, FIRST, expected))[0]
    measured = np.sqrt(np.square(norms(run.weights)).mean(axis=0))
    assert theory[0] == pytest.approx(measured[0])
    # The pool's own spread over replicates makes draws a little less noisy than at its mean.
    ratio = measured[5:] / theory[5:]
    assert ratio.min() > 0.85
    assert ratio.max() < 1.05


def test_what_is_posted_counts_its_points_whatever_the_weights_sum_to():
    spec = spec_of(alpha=0.1, c=0.001, steps=20)
    weights = expected_weights(spec, FIRST)
    expected = draw_variance(spec, FIRST, weights)
    np.testing.assert_allclose(draw_variance(spec, FIRST, 1.2 * weights), expected, rtol=1e-9)


def test_a_shared_draw_adds_no_difference():
    assert noise_floor(simulate(spec_of(retrieval="shared", replicates=1))).max() == 0


def test_expected_weights_that_would_be_negative_are_lifted():
    spec = spec_of(alpha="1/k", c=0.3, weights=[[0.1, 0.9]] * 3)
    expected = expected_weights(spec, FIRST)[0]
    assert expected.min() > 0
    assert expected[-1, 0].tolist() == pytest.approx([1e-6, 1], abs=1e-5)
