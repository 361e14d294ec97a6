import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gmm_oracle import algorithm_2, full_update

from lwd_tui.experiment.gmm import GmmSpec, covariance_matrix
from lwd_tui.gmm.network import GmmNetwork, simulate
from lwd_tui.gmm.plan import HUMAN, NOISE, plan_of
from lwd_tui.gmm.trace import drawn, internet, posted

PLANE = {"means": [[-3, 0], [3, 0], [0, 4]], "covariance": [[1.0, 0.4], [0.4, 2.0]]}
VARIANTS = {
    "paper": {},
    "plane": PLANE,
    "eleven": {"means": list(range(-30, 31, 6)), "responses": 2},
    "constant alpha and c": {"alpha": 0.05, "c": 0.02},
    "alpha by step": {"alpha": "1/(1+t)", "human": {"count": 4}},
    "no eps": {"eps": 0.0, "dirichlet": 0.2},
    "as printed": {"eps": 0.01, "renormalise": False, "dirichlet": 0.2},
    "given weights": {"weights": [[1.0, 0.0], [0.5, 0.5], [0.2, 0.8]], "eps": 0.0},
    "window": {"posting": "window", "window": 3, "human": {"count": 7}},
    "ring": {"participants": 5, "topology": "ring"},
    "own graph": {"reads": [[1], [0, 2], [2]]},
    "human": {"human": {"points": [-9.0, 0.0, 9.0]}, "fresh": 2, "noise": 1, **PLANE},
    "shared": {"retrieval": "shared"},
    "one post a step": {"participants": 1, "responses": 1},
    "control": {"interaction": False, "human": {"count": 9}},
}
VARIANTS["human"]["human"] = {"points": [[-9.0, 0.0], [9.0, 1.0]], "weights": [1, 0, 0]}


def spec_of(name="paper", **changes):
    given_fields = {"name": name, "steps": 25, "replicates": 1, **VARIANTS[name], **changes}
    return GmmSpec.from_dict(given_fields)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_engine_equals_the_plain_algorithm_on_the_same_draws(name):
    spec = spec_of(name)
    run, plan = simulate(spec), plan_of(spec)
    points = internet(run, 0).positions
    means = np.array(spec.means)
    covariance = covariance_matrix(spec.covariance, spec.dimension, "covariance")
    for participant in range(spec.participants):
        pi = run.weights[0, 0, participant]
        for t in range(spec.steps):
            rows = drawn(run, 0, t, participant)
            assert len(rows) == plan.k[t, participant]
            if len(rows):
                alpha = {
                    "1/k": 1 / max(len(rows), 2),
                    "1/(1+t)": 1 / max(1 + t, 2),
                }.get(spec.alpha, spec.alpha)
                c = spec.c if spec.c != "1/(k B^2)" else 1 / (len(rows) * len(means) ** 2)
                pi, lifted = algorithm_2(
                    pi, points[rows], means, covariance, alpha, c, spec.eps, spec.renormalise
                )
                assert run.lifted[0, t + 1, participant] == lifted
            reached = run.weights[0, t + 1, participant]
            np.testing.assert_allclose(reached, pi, rtol=0, atol=1e-12)


# Far apart, a point has no share at all in the components that it isn't from.
@pytest.mark.parametrize(("moving", "apart"), [("means", 1), ("all", 1), ("all", 40)])
def test_moving_components_equal_the_full_update(moving, apart):
    # A small alpha and even weights stay clear of the guards, which the plain update lacks.
    means = (apart * np.array(PLANE["means"])).tolist()
    spec = spec_of("plane", means=means, moving=moving, steps=12, alpha=0.02, c=0.002, dirichlet=20)
    run = simulate(spec)
    points = internet(run, 0).positions
    sigma = covariance_matrix(spec.covariance, 2, "covariance")
    for participant in range(spec.participants):
        pi = run.weights[0, 0, participant]
        means, covariances = np.array(spec.means), np.stack([sigma] * 3)
        for t in range(spec.steps):
            rows = drawn(run, 0, t, participant)
            if len(rows):
                pi, means, covariances = full_update(
                    pi, means, covariances, points[rows], 0.02, 0.002, spec.eps, moving == "all"
                )
        np.testing.assert_allclose(run.weights[0, -1, participant], pi, atol=1e-9)
        np.testing.assert_allclose(run.means[0, -1, participant], means, atol=1e-9)
        np.testing.assert_allclose(run.covariances[0, -1, participant], covariances, atol=1e-9)


def test_a_component_without_weight_learns_nothing():
    spec = spec_of("given weights", moving="all")
    run = simulate(spec)
    assert (run.weights[0, :, 0] == [1.0, 0.0]).all()
    np.testing.assert_array_equal(run.means[0, -1, 0, 1], run.means[0, 0, 0, 1])
    assert (run.means[0, -1, 0, 0] != run.means[0, 0, 0, 0]).all()


@pytest.mark.parametrize("moving", ["none", "all"])
def test_a_replicate_does_not_depend_on_the_others_or_on_threads(moving):
    spec = spec_of("human", moving=moving, replicates=4)
    together = simulate(spec, threads=2)
    for number in range(4):
        alone = simulate(spec.replaced({"replicates": 1}), range(number, number + 1), threads=1)
        np.testing.assert_array_equal(alone.weights[0], together.weights[number])
        np.testing.assert_array_equal(alone.lifted[0], together.lifted[number])
    assert not np.array_equal(together.weights[0], together.weights[1])


@pytest.mark.parametrize("name", ["paper", "control"])
def test_threads_over_participants_change_nothing(name, monkeypatch):
    monkeypatch.setattr("lwd_tui.gmm.network._WORTH_A_THREAD", 1)
    spec = spec_of(name)
    wide = GmmNetwork(spec, threads=3)
    wide.advance(spec.steps)
    np.testing.assert_array_equal(wide.result().weights, simulate(spec, threads=1).weights)


def test_what_goes_wrong_in_a_thread_is_raised(monkeypatch):
    network = GmmNetwork(spec_of("paper", replicates=2), threads=2)

    def fails(start, stop):
        raise MemoryError

    monkeypatch.setattr(network._members[1], "advance", fails)
    with pytest.raises(MemoryError):
        network.advance()


def test_batches_and_slices_change_nothing(monkeypatch):
    spec = spec_of("paper", replicates=5)
    whole = simulate(spec)
    monkeypatch.setattr("lwd_tui.gmm.network._SLICE", 100)
    monkeypatch.setattr("lwd_tui.gmm.network._TOGETHER", 1)
    shares = []
    parts = simulate(spec, threads=2, progress=shares.append)
    np.testing.assert_array_equal(parts.weights, whole.weights)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_step_by_step_is_the_whole_run():
    spec = spec_of("paper")
    network = GmmNetwork(spec)
    assert network.result().weights.shape == (1, 1, 3, 2)
    for _ in range(spec.steps + 3):
        network.advance()
    assert network.t == spec.steps
    np.testing.assert_array_equal(network.result().weights, simulate(spec).weights)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.permutations(range(3)))
def test_the_order_of_participants_does_not_matter_on_the_same_draws(seed, order):
    # A shared draw leaves nothing of a participant to chance but the points that it posts.
    weights = np.random.default_rng(seed).dirichlet([1, 1], size=3)
    changes = {"retrieval": "shared", "interaction": False, "human": {"count": 30}, "seed": seed}
    plain = simulate(spec_of(weights=weights.tolist(), **changes))
    permuted = simulate(spec_of(weights=weights[order].tolist(), **changes))
    np.testing.assert_allclose(permuted.weights, plain.weights[:, :, order], rtol=0, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.permutations(range(3)))
def test_the_order_of_components_does_not_matter_on_the_same_points(seed, order):
    rng = np.random.default_rng(seed)
    weights, means = rng.dirichlet([1, 1, 1], size=3), rng.normal(scale=3, size=(3, 2))
    points = rng.normal(scale=3, size=(30, 2)).tolist()
    changes = {"interaction": False, "human": {"points": points}, "eps": 0.0}
    plain = simulate(spec_of(means=means.tolist(), weights=weights.tolist(), **changes))
    permuted = simulate(
        spec_of(means=means[order].tolist(), weights=weights[:, order].tolist(), **changes)
    )
    np.testing.assert_allclose(permuted.weights, plain.weights[..., order], rtol=0, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(VARIANTS)), st.integers(0, 2**32), st.sampled_from(["none", "all"]))
def test_weights_stay_probability_vectors(name, seed, moving):
    spec = spec_of(name, seed=seed, steps=8, moving=moving, renormalise=True)
    weights = simulate(spec).weights
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=0, atol=1e-12)


def test_who_may_read_what():
    spec = spec_of("ring", posting="window", window=2, fresh=1, noise=1, human={"count": 3})
    run = simulate(spec)
    points = internet(run, 0)
    readers = spec.readers(5)
    for t in (0, 1, 2, 10):
        newest = 3 + 17 * t
        oldest = 0 if t < 2 else newest - 34
        for participant in range(5):
            rows = drawn(run, 0, t, participant)
            assert len(set(rows.tolist())) == len(rows)
            assert rows.min() >= oldest
            assert rows.max() < newest
            authors = points.author[rows]
            assert all(a < 0 or readers[participant, a] for a in authors)
            pool = points.author[oldest:newest]
            allowed = (pool < 0) | readers[participant, np.maximum(pool, 0)]
            assert len(rows) == allowed.sum() // 2


def test_a_shared_draw_is_the_same_for_all():
    run = simulate(spec_of("shared"))
    for t in (1, 7):
        np.testing.assert_array_equal(drawn(run, 0, t, 0), drawn(run, 0, t, 2))
    run = simulate(spec_of("paper"))
    assert not np.array_equal(drawn(run, 0, 7, 0), drawn(run, 0, 7, 2))


def test_points_know_where_they_come_from():
    spec = spec_of("human", steps=4)
    run = simulate(spec)
    points = internet(run, 0)
    assert points.author.tolist() == ([HUMAN] * 2) + (
        [0, 0, 0, 1, 1, 1, 2, 2, 2, HUMAN, HUMAN, NOISE] * 4
    )
    np.testing.assert_allclose(points.positions[:2], [[-9, 0], [9, 1]], atol=1e-12)
    later = posted(run, 0, 2)
    block = slice(2 + 24, 2 + 24 + 9)
    np.testing.assert_array_equal(points.positions[block], later.positions)
    np.testing.assert_array_equal(points.component[block], later.component)
    assert (points.component[points.author < 0] == -1).all()


def test_nothing_moves_while_nothing_can_be_read():
    run = simulate(spec_of("paper", interaction=False))
    np.testing.assert_array_equal(run.weights[0, 0], run.weights[0, -1])


def test_components_that_see_one_point_stay_sound():
    points = [[-3.0, 0.0]] * 40
    spec = spec_of("plane", moving="all", interaction=False, human={"points": points}, alpha=0.3)
    run = simulate(spec)
    assert np.isfinite(run.weights).all()
    assert np.isfinite(run.means).all()
    assert np.linalg.eigvalsh(run.covariances).min() > 0
    np.testing.assert_allclose(run.means[0, -1, :, 0], [[-3, 0]] * 3, atol=1e-6)


@pytest.mark.parametrize(
    ("means", "covariance", "together"),
    [
        # Variance of the means and of each component: 25 + 4; 0 + 1 and 9 + 9.
        ([[-5], [5]], 4.0, [29]),
        ([[2, 0], [2, 6]], [1.0, 9.0], [1, 18]),
    ],
)
def test_noise_is_three_times_as_wide_as_the_components_together(means, covariance, together):
    spec = GmmSpec(name="noise", steps=20, noise=250, replicates=1, means=means,
                   covariance=covariance)  # fmt: skip
    found = internet(simulate(spec), 0)
    noise = found.positions[found.author == NOISE]
    assert len(noise) == 5000
    error = 1 / np.sqrt(2 * len(noise))
    assert noise.std(axis=0) / np.sqrt(together) == pytest.approx(3, rel=4 * error)
    shift = np.abs(noise.mean(axis=0) - np.mean(means, axis=0))
    assert (shift < 4 * 3 * np.sqrt(together) / np.sqrt(len(noise))).all()
