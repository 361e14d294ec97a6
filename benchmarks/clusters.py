"""What a cluster costs: many small runs of mixtures on local workers, and longer ones on 1 and 2.

    python -m benchmarks clusters            a thousand runs, two workers
    python -m benchmarks.clusters --runs 10000 --workers 2

Processor time a run and memory of the scheduler, of each worker and of the command, from /proc
(Linux). Wall time counts only on an idle machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.dask_cluster import DaskCluster

_TICK = os.sysconf("SC_CLK_TCK")
_LOOK = 0.5


def seconds(pid: int) -> float:
    """Return the processor seconds that a process took."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def mebibytes(pid: int) -> float:
    """Return what a process holds in memory."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def sweep(folder: Path, runs: int, steps: int) -> None:
    """Write a sweep of two variants."""
    (folder / "sweep.toml").write_text(
        f'name = "many"\npreset = "gmm-fig4"\nseeds = {list(range(runs // 2))}\n'
        f"[set]\nreplicates = 1\nsteps = {steps}\n"
        '[[variant]]\nname = "all"\n[[variant]]\nname = "tenth"\nset = { beta = 0.1 }\n'
    )


def measure(folder: Path, dask: DaskCluster, runs: int) -> None:
    """Make the sweep, and print what each process took and held as it went on."""
    who = {"scheduler": dask.scheduler.pid}
    who |= {f"worker {i}": worker.pid for i, worker in enumerate(dask.workers, 1)}
    before = {name: seconds(pid) for name, pid in who.items()}
    began = time.monotonic()
    words = "sweep", "sweep.toml", "--out", f"runs-{time.monotonic_ns()}", "--dask", dask.address
    process = subprocess.Popen(
        [sys.executable, "-m", "lwd_tui", *words],
        cwd=folder,
        env=os.environ | {"LWD_HOME": str(folder / "home")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    marks = [round(runs * share) for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0)]
    home = folder / words[3]
    while process.poll() is None:
        time.sleep(_LOOK)
        made = sum(path.name[0] != "." for path in home.iterdir()) if home.is_dir() else 0
        if marks and made >= marks[0] and process.poll() is None:
            marks.pop(0)
            pids = who | {"command": process.pid}
            held = ", ".join(f"{name} {mebibytes(pid):.0f}" for name, pid in pids.items())
            took = {name: seconds(pid) - before.get(name, 0.0) for name, pid in pids.items()}
            each = ", ".join(f"{name} {1000 * each / made:.1f}" for name, each in took.items())
            wall = time.monotonic() - began
            print(f"{made} runs, {wall:.0f} s: MiB {held}; ms a run {each}", flush=True)
    size = sum(path.stat().st_size for path in home.iterdir()) / 2**20
    print(f"all: {time.monotonic() - began:.0f} s, exit code {process.returncode}, {size:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=100)
    asked, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="lwd-clusters-") as name:
        folder = Path(name)
        sweep(folder, asked.runs, asked.steps)
        with DaskCluster(folder / "dask", workers=asked.workers) as dask:
            measure(folder, dask, asked.runs)


if __name__ == "__main__":
    main()
