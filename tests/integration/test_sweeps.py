"""Sweeps in processes of their own on this machine."""

import json
import multiprocessing
import os
import subprocess
import sys
import time

import pytest
from support.presets import TWO_WAYS, tiny

from lwd_tui.sweep.conduct import Conductor, is_under_way
from lwd_tui.sweep.own import read_plan
from lwd_tui.sweep.watch import Watch

pytestmark = pytest.mark.integration


def test_a_sweep_is_run_in_processes_and_summed_up(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "sweep.toml").write_text(TWO_WAYS)
    command = [sys.executable, "-m", "lwd_tui", "sweep", str(tmp_path / "sweep.toml")]
    command += ["--rehearse", "--out", str(tmp_path / "kept"), "--at-once", "2"]
    first = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert first.returncode == 0
    assert "4 runs, kept in" in first.stderr
    assert "done: without, seed 2" in first.stderr
    assert "difference from with, seed by seed" in first.stdout
    assert "is it the protocol?" in first.stdout
    files = sorted((tmp_path / "kept-rehearsal").glob("*.sqlite"))
    assert [path.stem for path in files] == [
        "with-seed-1", "with-seed-2", "without-seed-1", "without-seed-2"
    ]  # fmt: skip
    before = [path.read_bytes() for path in files]
    again = subprocess.run([*command, "--json"], capture_output=True, text=True, env=os.environ)
    *runs, summary = map(json.loads, again.stdout.splitlines())
    assert [path.read_bytes() for path in files] == before
    assert [(run["variant"], run["seed"]) for run in runs] == [
        ("with", 1), ("without", 1), ("with", 2), ("without", 2)
    ]  # fmt: skip
    assert [variant["name"] for variant in summary["variants"]] == ["with", "without"]
    assert summary["reference"] == "with"
    assert summary["variants"][0]["differences"] == {}
    one, other = (variant["values"]["norm"]["mean"] for variant in summary["variants"])
    difference = summary["variants"][1]["differences"]["norm"]["mean"]
    assert difference == pytest.approx(other - one)
    (factor,) = summary["protocol"]
    assert (factor["factor"], factor["levels"]) == ("reading", ["with", "without"])
    assert factor["seeds"] == [1, 2]
    changes = [variant["changes"]["distance_squared"] for variant in summary["variants"]]
    assert factor["effect"]["mean"] == pytest.approx(sum(each["mean"] for each in changes) / 2)


def test_a_sweep_is_paused_at_once_and_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    (tmp_path / "tiny.toml").write_text(tiny(steps=40))
    (tmp_path / "slow.toml").write_text(
        TWO_WAYS.replace("quickstart", "./tiny.toml").replace("steps = 2", "steps = 40")
        + "[set.scripted]\ntokens_per_second = 200\n"
    )
    jobs = read_plan(tmp_path / "slow.toml", shipped=False).jobs
    folder = jobs[0].path.parent
    folder.mkdir(parents=True)
    watch = Watch(jobs)
    conductor = Conductor(jobs, at_once=2)
    while sum(len(state.numbers) > 0 for state in watch.look()) < 2:
        assert conductor.busy
        time.sleep(0.05)
    assert is_under_way(folder)
    assert len(conductor.making) == 2
    conductor.pause()
    conductor.join(60)
    assert not conductor.busy
    assert not conductor.complaint
    assert not is_under_way(folder)
    assert multiprocessing.active_children() == []
    paused = [state for state in watch.look() if state.numbers]
    assert [state.status for state in paused] == ["stopped"] * 2
    again = Conductor(jobs, at_once=2)
    again.join(300)
    seen = {state.job: state for state in watch.look()}
    assert {state.status for state in seen.values()} == {"done"}
    for before in paused:
        assert seen[before.job].curve()[: len(before.numbers)].tolist() == before.curve().tolist()
