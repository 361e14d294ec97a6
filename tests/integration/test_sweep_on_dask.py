import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration

TWO = """
name = "two"
preset = "quickstart"
seeds = [1, 2]
[set]
steps = 2
[[variant]]
name = "one"
[[variant]]
name = "silent"
set = { interaction = false }
"""


def test_the_workers_of_a_cluster_make_the_runs(tmp_path):
    distributed = pytest.importorskip("distributed")
    (tmp_path / "two.toml").write_text(TWO)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        lwd = [sys.executable, "-m", "lwd_tui", "sweep", "two.toml", "--rehearse", "--json"]
        result = subprocess.run(
            [*lwd, "--out", str(tmp_path / "runs"), "--dask", cluster.scheduler_address],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"LWD_HOME": str(tmp_path)},
            check=True,
        )
    runs = [json.loads(line) for line in result.stdout.splitlines()][:-1]
    assert len(runs) == 4
    assert len(list((tmp_path / "runs-rehearsal").glob("*.sqlite"))) == 4


def test_a_scheduler_that_is_not_there_is_told(tmp_path):
    (tmp_path / "two.toml").write_text(TWO)
    lwd = [sys.executable, "-m", "lwd_tui", "sweep", "two.toml", "--rehearse"]
    result = subprocess.run(
        [*lwd, "--out", str(tmp_path / "runs"), "--dask", "tcp://127.0.0.1:9"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"LWD_HOME": str(tmp_path)},
        check=False,
    )
    assert result.returncode == 3
    assert "no Dask scheduler answers" in result.stderr
    assert "Traceback" not in result.stderr
