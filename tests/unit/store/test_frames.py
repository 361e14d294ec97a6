"""A run as frames: what they hold of the stored steps, and what is said where there are none."""

import signal
import sys
import threading

import numpy as np
import pytest
from support.statistics_samples import clouds, experiment, handmade

import lwd_tui as lwd
from lwd_tui.run.notebook import _apart
from lwd_tui.store.errors import StoreError
from lwd_tui.store.run import RunStore


@pytest.fixture
def run(tmp_path):
    """Two steps of two participants with three answers; one answer of the second step failed."""
    first, second = clouds([0, 1], responses=3), clouds([0, 1], responses=3, seed=1)
    second[1, 0] = np.nan
    steps = [{"vectors": first, "texts": [["\ud800a", "", "b"]] * 2}, {"vectors": second}]
    with handmade(tmp_path / "run.sqlite", steps):
        pass
    return lwd.load_run(tmp_path / "run.sqlite")


def test_frames_hold_what_the_steps_hold(run):
    step = run.step(1)
    frame = run.embeddings
    assert list(frame.index.names) == ["t", "participant", "response"]
    assert frame.loc[1].index.tolist() == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2)]
    np.testing.assert_array_equal(frame.loc[1].to_numpy(), step.embeddings)
    assert frame.to_numpy().dtype == np.float32
    answers = run.responses.set_index(["t", "participant", "response"])
    assert answers.text[0, 0, 0] == "\\ud800a"
    assert answers.problem[1, 1, 0] == "blank"
    assert np.isnan(answers.x[1, 1, 0])
    np.testing.assert_array_equal(answers.loc[1].x.dropna(), step.geometry.coordinates[:, 0])
    distance = run.distances.set_index(["t", "a", "b"]).distance[1, "ada", "ben"]
    assert distance == step.geometry.distances[0, 1]
    assert run.steps.norm.tolist() == [run.step(t).geometry.norm for t in (0, 1)]
    assert run.draws.posts[0] == list(step.draws[0].posts)
    assert run.draws.response.isna().all()
    np.testing.assert_array_equal(run.answers(1).owners, step.owners)
    assert "2 of 2 steps" in repr(run)
    assert (run.experiment.name, run.record) == ("tiny", {})
    with pytest.raises(StoreError, match="is of language models, not mixtures"):
        run.mixtures()


def test_mixtures_have_tables_of_their_own(tmp_path):
    found = lwd.mixtures("gmm-fig4", {"steps": 3, "replicates": 2}, out=tmp_path / "m.sqlite")
    run = lwd.load_run(tmp_path / "m.sqlite")
    norms = run.table("norms").pivot(index="replicate", columns="t", values="norm")
    np.testing.assert_allclose(norms.to_numpy(), found.norms, rtol=1e-12)
    np.testing.assert_array_equal(run.mixtures().weights, found.run.weights)
    assert run.experiment == found.run.spec
    # A specification, or its fields, do as well as a name.
    for spec in (found.run.spec, found.run.spec.to_dict()):
        np.testing.assert_array_equal(lwd.mixtures(spec).norms, found.norms)
    with pytest.raises(StoreError, match="no table 'posts'; it has steps, norms"):
        _ = run.posts
    with pytest.raises(StoreError, match="of mixtures"):
        run.answers(0)
    with pytest.raises(StoreError, match="exists already"):
        lwd.mixtures("gmm-fig4", out=tmp_path / "m.sqlite")


def test_without_pandas_a_sentence_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(StoreError, match=r"pip install 'lwd-tui\[notebook\]'"):
        _ = run.steps
    assert run.step(0).t == 0


def test_an_experiment_may_be_its_fields():
    whole = lwd.load_experiment("quickstart")
    assert lwd.load_experiment(whole.to_dict()) == whole
    assert lwd.load_experiment(whole, {"steps": 3}).steps == 3


async def test_a_run_can_be_made_where_an_event_loop_runs(tmp_path):
    run = lwd.run(experiment(), {"steps": 1}, out=tmp_path / "run.sqlite")
    assert run.steps.t.tolist() == [0, 1]
    with pytest.raises(StoreError):
        lwd.run(experiment(), out=tmp_path / "run.sqlite")


def test_an_interrupted_run_is_stored_and_let_go_of(tmp_path, request):
    # What was started in the background may ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    path = tmp_path / "run.sqlite"
    told = threading.Event()

    def interrupt():
        told.wait()
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    async def steps():
        async for _ in lwd.stream(experiment(steps=1000), out=path):
            told.set()

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        _apart(steps())
    with RunStore.open(path, write=True) as store:
        assert 1 <= store.finished() < 1001
