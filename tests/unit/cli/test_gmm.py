import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from lwd_tui.analysis.weights import norms
from lwd_tui.cli import runs
from lwd_tui.cli.gmm import gmm
from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import load_gmm_preset, preset_names
from lwd_tui.gmm.network import simulate
from lwd_tui.store.errors import StoreError
from lwd_tui.store.run import RunStore

app = typer.Typer()
app.command("gmm")(gmm)
app.add_typer(runs.app, name="runs")


def called(*arguments):
    """Return what the command writes; an error that a user would read is raised."""
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "90", "NO_COLOR": "1"})
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_json_is_one_object_a_step_then_a_summary():
    out = called("gmm", "--steps", "12", "--replicates", "4", "--seed", "3", "--json")
    *steps, summary = map(json.loads, out.splitlines())
    spec = load_gmm_preset("gmm-fig4").replaced({"steps": 12, "replicates": 4, "seed": 3})
    np.testing.assert_array_equal(
        np.transpose([step["norm"] for step in steps]), norms(simulate(spec).weights)
    )
    assert [step["t"] for step in steps] == list(range(13))
    assert [step["posts"] for step in steps] == [9 * t for t in range(13)]
    assert [step["k"] for step in steps] == [9 * t // 2 for t in range(13)]
    assert all(step["theory"] > 0 for step in steps)
    assert summary["summary"] is True
    assert summary["norm_last"] == steps[-1]["norm"]
    assert summary["experiment_sha256"] == spec.sha256
    assert summary["replicates"] == 4


@pytest.mark.parametrize("preset", preset_names("gmm"))
def test_every_preset_is_shown(preset):
    out = called("gmm", "--preset", preset, "--steps", "20", "--at", "0,20")
    assert "‖D(t)‖F" in out
    assert "at t = 0" in out
    assert "at t = 20" in out
    assert "weight of component" in out
    assert "norm first" in out
    assert "predicted noise floor" in out


def test_many_replicates_are_a_band_and_a_shortened_table():
    out = called("gmm", "--steps", "5", "--replicates", "30")
    assert "median" in out
    assert "10 more replicates are in --json and --out" in out


def test_a_plane_and_eleven_components_are_shown():
    settings = ("means=[[0,0],[4,0],[0,4]]", "covariance=[1,2]", "moving=all")
    pairs = [part for setting in settings for part in ("--set", setting)]
    assert "along the first axis" in called("gmm", "--steps", "5", *pairs)


def test_one_step_without_anything_to_draw():
    out = called("gmm", "--steps", "1", "--replicates", "1")
    assert "1 replicate" in out


def test_out_keeps_the_run_and_runs_show_shows_it_again(tmp_path):
    path = tmp_path / "kept.sqlite"
    arguments = ("gmm", "--steps", "8", "--replicates", "3", "--out", str(path))
    shown = called(*arguments)
    assert called("runs", "show", str(path)) == shown
    again = called("runs", "show", str(path), "--json")
    assert again == called("gmm", "--steps", "8", "--replicates", "3", "--json")
    with RunStore.open(path) as store:
        assert store.record["versions"]["numba"]
    with pytest.raises(LwdError, match="exists already"):
        called(*arguments)


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_computed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("lwd_tui.gmm.network.simulate", None)
    with pytest.raises(StoreError, match="there is no such folder"):
        called("gmm", "--out", str(tmp_path / "none" / "kept.sqlite"))


def test_points_come_from_a_file(tmp_path):
    path = tmp_path / "points.txt"
    path.write_text("-5\n5\n5\n5\n")
    setting = f"human.points_file={path}"
    out = called("gmm", "--steps", "3", "--set", setting, "--json")
    assert json.loads(out.splitlines()[0])["posts"] == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--preset", "gmm-fig44"), "no preset is called 'gmm-fig44'; did you mean gmm-fig4?"),
        (("--preset", "missing.toml"), "missing.toml: there is no such file"),
        (("--steps", "0"), "steps = 0: must be at least 1"),
        (("--responses", "0"), "responses = 0: must be at least 1"),
        (("--beta", "1.5"), "beta = 1.5: must be at most 1"),
        (("--set", "beta=nan"), "beta = nan"),
        (("--set", "means=[1,[2,3]]"), r"means\[1\]: has 2 numbers, means\[0\] has 1"),
        (("--set", "covariance=-1"), "covariance: must be positive definite"),
        (("--set", "betta=1"), "did you mean beta?"),
        (("--set", "human.points_file=none.txt"), "none.txt: there is no such file"),
        (("--at", "0,x"), "write steps with commas between them"),
        (("--at", "500"), "there is no step 500; the run has steps 0 to 200"),
    ],
)
def test_bad_input_is_one_clear_sentence(arguments, sentence):
    with pytest.raises(LwdError, match=sentence) as told:
        called("gmm", *arguments)
    assert "\n" not in str(told.value)
    assert told.value.exit_code == 2


def test_a_preset_of_language_models_is_told():
    with pytest.raises(LwdError, match="specifies language models"):
        called("gmm", "--preset", "quickstart")
