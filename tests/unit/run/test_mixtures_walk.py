"""A network that is walked through comes to what the same one comes to that is run at once."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lwd_tui.analysis.weights import norms
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.network import simulate
from lwd_tui.run.mixtures import summarise, theory
from lwd_tui.run.mixtures_walk import DRAWN, TooLarge, Walk


def spec_of(**changes):
    return GmmSpec(**{"name": "small", "steps": 12, "replicates": 3, **changes})


def walked(source, t):
    walk = Walk(source)
    while walk.reached < t:
        walk.go(t, 5)
    return walk


def test_it_begins_at_the_start_of_the_run():
    spec = spec_of()
    scene = Walk(spec).look(9, 1)
    run = simulate(spec)
    assert (scene.t, scene.reached, scene.place) == (0, 0, 1)
    np.testing.assert_array_equal(scene.weights, run.weights[1, :1])
    np.testing.assert_allclose(scene.norms, norms(run.weights[:, :1]), rtol=1e-12)


@pytest.mark.parametrize("moving", ["none", "all"])
def test_steps_one_by_one_are_the_run(moving):
    spec = spec_of(moving=moving)
    walk, run = Walk(spec), simulate(spec)
    for t in (1, 2, 3, 8, 12):
        walk.go(t, 5)
        assert walk.reached == t
    for t in (12, 4, 0):
        scene = walk.look(t, 2)
        assert (scene.t, scene.reached) == (t, 12)
        np.testing.assert_array_equal(scene.weights, run.weights[2])
        np.testing.assert_allclose(scene.norms, norms(run.weights), rtol=1e-12)


def test_no_time_is_still_one_step():
    walk = Walk(spec_of(steps=200, responses=300, replicates=20))
    walk.go(200, 0.0)
    assert walk.reached == 0
    walk.go(200, 1e-3)
    assert 0 < walk.reached < 200


def test_what_a_scene_says_of_t():
    # n = 3, L = 3 and an empty A(0): |A(t)| = 9 t, and half of it is read, rounded down.
    scene = walked(spec_of(), 5).look(5, 0)
    assert (scene.size, scene.k) == (45, 22)


def test_densities_are_those_of_the_mixture():
    scene = walked(spec_of(), 7).look(7, 1)
    for weights, density in zip(scene.weights[7], scene.density, strict=True):
        bells = [
            np.exp(-((scene.grid - mean) ** 2) / 2) / np.sqrt(2 * np.pi) for mean in (-5.0, 5.0)
        ]
        np.testing.assert_allclose(density, weights @ np.array(bells), atol=1e-12)
        assert np.trapezoid(density, scene.grid) == pytest.approx(1, abs=1e-3)
    assert scene.highest >= scene.density.max()


def test_only_as_many_densities_as_can_be_told_apart():
    scene = Walk(spec_of(participants=25)).look(0, 0)
    assert scene.density.shape[0] == DRAWN
    assert scene.weights.shape[1] == 25


def test_the_expectation_is_the_theory_of_the_session():
    spec = spec_of(steps=30)
    walk = Walk(spec)
    assert walk.look(0, 0).expected is None
    assert walk.reckon()
    assert not walk.reckon()
    expected = walk.look(0, 0).expected
    together = np.sqrt(np.square(expected.norm).mean(axis=0))
    np.testing.assert_allclose(together, theory(simulate(spec)), rtol=1e-12)
    # The floor is the part that is left where the expected weights are the same.
    assert (expected.floor <= expected.norm + 1e-12).all()
    assert (expected.floor[:, 0] == 0).all()


def test_the_summary_is_there_once_the_run_is_whole():
    spec = spec_of()
    walk = walked(spec, 11)
    walk.reckon()
    assert walk.look(11, 0).summary is None
    walk.go(12, 5)
    assert walk.reckon()
    assert walk.look(3, 0).summary.to_dict() == summarise(simulate(spec)).to_dict()


def test_a_stored_run_is_walked_through_as_it_is():
    run = simulate(spec_of())
    walk = Walk(run)
    assert walk.reached == 12
    np.testing.assert_array_equal(walk.look(4, 1).weights, run.weights[1])


def test_a_run_that_stopped_goes_on():
    run = simulate(spec_of())
    stopped = replace(run, weights=run.weights[:, :6], lifted=run.lifted[:, :6])
    walk = walked(stopped, 12)
    np.testing.assert_array_equal(walk.run.weights, run.weights)
    np.testing.assert_allclose(walk.look(12, 0).norms, norms(run.weights), rtol=1e-12)


def test_an_earlier_scene_stays_as_it_was():
    walk = Walk(spec_of())
    walk.go(4, 5)
    scene = walk.look(4, 0)
    weights, curves = scene.weights.copy(), scene.norms.copy()
    walk.go(12, 5)
    np.testing.assert_array_equal(scene.weights, weights)
    np.testing.assert_array_equal(scene.norms, curves)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"replicates": 100_000, "steps": 1000}, "GB of memory"),
        ({"participants": 5000, "steps": 50, "replicates": 1}, "too many"),
    ],
)
def test_what_is_too_large_is_refused_at_once(changes, words):
    with pytest.raises(TooLarge, match=words) as error:
        Walk(spec_of(**changes))
    assert "lwd-tui gmm" in str(error.value)


def test_theory_that_would_take_minutes_is_left_out():
    walk = Walk(spec_of(participants=400, steps=60, replicates=60, responses=1))
    assert not walk.reckon()
    scene = walk.look(0, 0)
    assert scene.expected is None
    assert "too long" in scene.left_out


def test_the_first_scene_needs_no_compiler():
    script = (
        "import sys; from lwd_tui.run.mixtures_walk import Walk;"
        "from lwd_tui.experiment.gmm import GmmSpec;"
        "walk = Walk(GmmSpec(name='x')); walk.look(0, 0); walk.reckon();"
        "print([name for name in ('numba', 'textual') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
