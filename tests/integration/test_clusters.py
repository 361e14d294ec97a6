"""Sweeps on Dask clusters of real processes; torture/clusters.py takes such a cluster apart."""

import json
import os
import subprocess
import sys

import pytest
from support.dask_cluster import DaskCluster
from support.engine import StandInModel, WordEngine
from support.http import in_thread
from support.ollama_server import OllamaStandIn
from support.presets import TWO_WAYS, tiny

from lwd_tui import __version__
from lwd_tui.store.run import RunStore

pytestmark = pytest.mark.integration


def swept(folder, address, *words):
    return subprocess.run(
        [sys.executable, "-m", "lwd_tui", "sweep", "sweep.toml", "--dask", address, *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"LWD_HOME": str(folder / "home"), "COLUMNS": "200"},
        check=False,
    )


def test_a_scheduler_that_is_not_there_is_told(tmp_path):
    (tmp_path / "sweep.toml").write_text(TWO_WAYS)
    result = swept(tmp_path, "tcp://127.0.0.1:9", "--rehearse")
    assert result.returncode == 3
    assert "no Dask scheduler answers" in result.stderr
    assert "Traceback" not in result.stderr


def pretending(folder, text):
    """Return a folder whose lwd_tui comes before ours, and is what is written here."""
    package = folder / "lwd_tui"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(text)
    return folder


def test_only_workers_of_our_version_are_given_runs_and_nobody_needs_to_share_a_folder(tmp_path):
    (tmp_path / "sweep.toml").write_text(TWO_WAYS)
    other = pretending(tmp_path / "other", "__version__ = '0.0.9'\n")
    none = pretending(tmp_path / "none", "raise ImportError('not here')\n")
    with DaskCluster(tmp_path / "dask") as dask:
        nobody = swept(tmp_path, dask.address, "--rehearse")
        dask.add(before=other)
        dask.until_there(1)
        unfit = swept(tmp_path, dask.address, "--rehearse")
        dask.add(before=none)
        dask.add()
        dask.until_there(3)
        fit = swept(tmp_path, dask.address, "--rehearse", "--json", "--out", "runs")
        left = [path for path in tmp_path.glob("dask/*/**/*") if ".sqlite" in path.name]
    told = f"start some: dask worker {dask.address}"
    assert (nobody.returncode, nobody.stderr.splitlines()[-1].endswith(told)) == (3, True)
    assert unfit.returncode == 3
    assert f"has lwd-tui 0.0.9, and this is {__version__}" in unfit.stderr.splitlines()[-1]
    assert "Traceback" not in nobody.stderr + unfit.stderr + fit.stderr
    assert fit.returncode == 0
    assert "has lwd-tui 0.0.9" in fit.stderr
    assert "has no lwd-tui" in fit.stderr
    assert [json.loads(line).get("variant") for line in fit.stdout.splitlines()[:-1]] == [
        "with", "without", "with", "without"
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "runs-rehearsal").iterdir()) == [
        f"{variant}-seed-{seed}.sqlite" for variant in ("with", "without") for seed in (1, 2)
    ]
    assert left == []


def test_what_is_in_flight_at_a_server_is_bounded_over_all_workers(tmp_path):
    model = StandInModel("ada:1b")
    server = OllamaStandIn(models=[model], engine=WordEngine(token_seconds=0.02), slots=16)
    server.hold("ada:1b", 4096)
    with in_thread(server), DaskCluster(tmp_path / "dask", workers=6) as dask:
        asked = f'backend = "ollama"\nhost = "{server.url}"\ncontext = 4096\nmodel = "ada:1b"'
        preset = tiny(steps=2)
        for name in ("ada", "ben"):
            preset = preset.replace(f'backend = "scripted"\nmodel = "{name}"', asked)
        (tmp_path / "tiny.toml").write_text(preset)
        sweep = TWO_WAYS.replace("[1, 2]", "[1, 2, 3]").replace("quickstart", "./tiny.toml")
        (tmp_path / "sweep.toml").write_text(sweep)
        # Which runs overlap is chance; that more than three are in flight without a limit isn't.
        bounded = swept(tmp_path, dask.address, "--out", "runs", "--per-server", "3")
        most, server.most_active["ada:1b"] = server.most_active["ada:1b"], 0
        free = swept(tmp_path, dask.address, "--out", "others", "--per-server", "64")
    assert bounded.returncode == free.returncode == 0, bounded.stderr + free.stderr
    assert most == 3
    assert server.most_active["ada:1b"] > 3


def test_small_runs_of_mixtures_are_given_together(tmp_path):
    (tmp_path / "sweep.toml").write_text(
        'name = "mixed"\npreset = "gmm-fig4"\n'
        f"seeds = {list(range(40))}\n[set]\nreplicates = 1\nsteps = 20\n"
        '[[variant]]\nname = "few"\n[[variant]]\nname = "many"\nset = { beta = 0.3 }\n'
    )
    here = subprocess.run(
        [sys.executable, "-m", "lwd_tui", "sweep", "sweep.toml", "--out", "here", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"LWD_HOME": str(tmp_path / "home")},
        check=True,
    )
    with DaskCluster(tmp_path / "dask", workers=2) as dask:
        there = swept(tmp_path, dask.address, "--out", "there", "--json")
    assert there.returncode == 0, there.stderr
    assert there.stdout.replace("there/", "here/") == here.stdout
    *runs, summary = map(json.loads, here.stdout.splitlines())
    assert len(runs) == 80
    assert summary["variants"][1]["differences"]["norm"]["mean"] is not None
    with RunStore.open(tmp_path / "there" / "few-seed-0.sqlite") as store:
        assert (store.kind, store.finished()) == ("gmm", 21)
