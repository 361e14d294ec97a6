import csv
import json
import tracemalloc

import numpy as np
import pytest

from lwd_tui.analysis.weights import norms
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.network import simulate
from lwd_tui.gmm.trace import internet
from lwd_tui.run.mixtures import keep, summarise, theory
from lwd_tui.store.errors import RunExists
from lwd_tui.store.export import export
from lwd_tui.store.folder import find_run, list_runs, new_run_path
from lwd_tui.store.gmm import _norms, read_gmm_run
from lwd_tui.store.run import RunStore


def run_of(**changes):
    return simulate(GmmSpec(name="tiny", steps=6, replicates=3, **changes))


@pytest.fixture
def stored(tmp_path):
    run, path = run_of(), tmp_path / "tiny.sqlite"
    keep(run, path)
    return run, path


@pytest.mark.parametrize("moving", ["none", "all"])
def test_a_stored_run_reads_back_as_it_was(tmp_path, moving):
    run, path = run_of(moving=moving), tmp_path / "tiny.sqlite"
    keep(run, path)
    with RunStore.open(path) as store:
        assert store.kind == "gmm"
        again = read_gmm_run(store)
    assert (again.spec, again.replicates) == (run.spec, run.replicates)
    np.testing.assert_array_equal(again.weights, run.weights)
    np.testing.assert_array_equal(again.lifted, run.lifted)
    if moving == "all":
        np.testing.assert_array_equal(again.means, run.means)
        np.testing.assert_array_equal(again.covariances, run.covariances)
    else:
        assert again.means is None
        assert again.covariances is None
    np.testing.assert_array_equal(internet(again, 2).positions, internet(run, 2).positions)


def test_the_norms_of_many_mixtures_take_the_memory_of_one_step_once():
    weights = np.random.default_rng(0).dirichlet([1, 1], size=(21, 300))
    tracemalloc.start()
    found = _norms(weights)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == pytest.approx(norms(weights), rel=1e-12)
    # 300 x 300 x 2 numbers are 1.4 MB; all steps at once, and their squares, were 60.
    assert peak < 3e6


def test_a_run_is_not_written_over(stored):
    run, path = stored
    with pytest.raises(RunExists):
        keep(run, path)


def test_a_stored_run_is_listed_and_found(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path))
    run = run_of()
    path = new_run_path(run.spec.name)
    keep(run, path)
    (listed,) = list_runs()
    assert (listed.status, listed.done, listed.steps) == ("done", 7, 7)
    assert listed.participants == ("mixture 1", "mixture 2", "mixture 3")
    assert listed.norm_last == pytest.approx(np.median(norms(run.weights)[:, -1]))
    assert find_run(listed.name) == path


def test_export_as_csv(stored, tmp_path):
    run, path = stored
    with RunStore.open(path) as store:
        paths = export(store, "csv", tmp_path / "out")
    assert sorted(file.name for file in paths) == [
        "lifted.csv",
        "norms.csv",
        "run.csv",
        "steps.csv",
        "weights.csv",
    ]
    with (tmp_path / "out" / "norms.csv").open() as file:
        told = np.array([float(row["norm"]) for row in csv.DictReader(file)])
    np.testing.assert_allclose(told.reshape(norms(run.weights).shape), norms(run.weights))
    with (tmp_path / "out" / "weights.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == run.weights.size
    values = np.array([float(row["weight"]) for row in rows]).reshape(run.weights.shape)
    np.testing.assert_array_equal(values, run.weights)
    assert [rows[-1][name] for name in ("replicate", "t", "participant", "component")] == [
        "2",
        "6",
        "2",
        "1",
    ]


def test_equal_runs_export_equal_content(tmp_path):
    texts = []
    for name in ("one", "two"):
        keep(run_of(), tmp_path / f"{name}.sqlite")
        with RunStore.open(tmp_path / f"{name}.sqlite") as store:
            out = tmp_path / f"{name}.jsonl"
            export(store, "jsonl", out, content_only=True)
        texts.append(out.read_bytes())
    assert texts[0] == texts[1]
    kinds = [json.loads(line)["kind"] for line in texts[0].splitlines()]
    assert kinds.count("steps") == 7
    assert kinds.count("run") == 1


def test_a_summary_says_what_the_weights_say():
    weights = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]
    run = run_of(weights=weights, interaction=False)
    summary = summarise(run)
    np.testing.assert_allclose(summary.norm_first, np.sqrt(2 * (2 + 0.5 + 0.5)))
    np.testing.assert_array_equal(summary.norm_first, summary.norm_last)
    assert summary.near_zero == 0
    assert summary.polarised.all()
    assert not summary.collapsed.any()
    assert summary.first_death.tolist() == [0, 0, 0]
    np.testing.assert_allclose(summary.vertex_distance, np.sqrt(0.5) / 3)
    assert summary.floor_predicted == 0
    assert summary.floor_measured == pytest.approx(np.sqrt(6))
    plain = json.loads(json.dumps(summary.to_dict(), allow_nan=False))
    assert plain["polarised"] == 1
    # Nothing is drawn, so nothing is expected to change.
    np.testing.assert_allclose(theory(run), np.sqrt(6))
