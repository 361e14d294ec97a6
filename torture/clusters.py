"""A sweep on a Dask cluster whose workers, scheduler and command are killed, halted and restarted.

As a program it is the command line with a worker's leash of seconds, where it is a minute.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lwd_tui.store.errors import StoreError
from lwd_tui.store.files import save_preset
from lwd_tui.store.run import RunStore
from torture.runs import PATIENCE, Broken, Trial, experiment, nothing_lost, same, seeds_of

LEASH = 3.0
SWEEP = """
name = "torn"
preset = "./preset.toml"
seeds = [1, 2, 3, 4, 5, 6]
[[variant]]
name = "only"
"""
_REST = 0.02


def cluster(trial: Trial) -> None:
    """Make a sweep while its cluster comes apart: it ends as the one made here, asked for once."""
    from support.dask_cluster import DaskCluster
    from support.engine import StandInModel, WordEngine
    from support.http import in_thread
    from support.ollama_server import OllamaStandIn

    server = OllamaStandIn(
        models=[StandInModel("ada:1b")], engine=WordEngine(token_seconds=0.01), slots=4
    )
    server.hold("ada:1b", 4096)
    with in_thread(server):
        who = {"backend": "ollama", "model": "ada:1b", "host": server.url, "context": 4096}
        sampling = {"max_tokens": 32, "top_k": 0, "min_p": 0.0}
        people = [who | {"name": name, "sampling": sampling} for name in ("ada", "ben")]
        spec = experiment(participants=people, steps=12, seed=trial.rng.randrange(1000))
        save_preset(spec, trial.folder / "preset.toml")
        (trial.folder / "sweep.toml").write_text(SWEEP)
        trial.sees_through("sweep", "sweep.toml", "--out", "whole", "--at-once", "2")
        with DaskCluster(trial.folder / "dask", workers=2) as dask:
            torn = _Torn(trial, dask, server)
            events = [
                torn.kill_worker,
                torn.halt_worker,
                torn.restart_scheduler,
                torn.kill_command,
                torn.interrupt_command,
            ]
            trial.rng.shuffle(events)
            for event in events:
                torn.go_on()
                if torn.until_further():
                    event()
                    trial.counts[f"times to {event.__name__.replace('_', ' ')}"] += 1
            torn.see_through()
    whole = sorted((trial.folder / "whole").glob("*.sqlite"))
    made = sorted(torn.folder.glob("*.sqlite"))
    if [path.name for path in whole] != [path.name for path in made] or len(made) != 6:
        raise Broken(f"a sweep of 6 runs left {[path.name for path in made]}")
    if left := [path.name for path in torn.folder.iterdir() if path not in made]:
        raise Broken(f"{left} was left beside the runs")
    for one, two in zip(whole, made, strict=True):
        nothing_lost(two, {})
        same(one, two)


class _Torn:
    """A sweep under way on a cluster, and what came home of it so far."""

    def __init__(self, trial: Trial, dask: Any, server: Any) -> None:
        self.folder = trial.folder / "torn"
        self._trial, self._dask, self._server = trial, dask, server
        self._process: subprocess.Popen[str] | None = None
        self._stored: set[int] = set()
        self._seen = len(server.requests)
        self._kept: dict[Path, dict[Any, Any]] = {}

    def go_on(self) -> None:
        """Give the command, unless it is at work."""
        if self._process is None:
            words = ("sweep", "sweep.toml", "--out", self.folder, "--dask", self._dask.address)
            # So few that the turns of a worker that is gone are missed until they come free.
            self._process = self._trial.start(*words, "--per-server", "3", module=__name__)

    def until_further(self) -> bool:
        """Wait until more answers came home, and a while; say whether it still goes on."""
        assert self._process is not None
        before, deadline = len(self._stored), time.monotonic() + PATIENCE
        while self._process.poll() is None:
            self.look()
            self._replace_those_gone()
            if len(self._stored) > before:
                time.sleep(self._trial.rng.uniform(0, 1))
                self.look()
                return self._process.poll() is None
            if time.monotonic() > deadline:
                raise Broken("nothing comes home any more")
            time.sleep(_REST)
        return False

    def look(self) -> None:
        """See that no answer is asked for that had come home before, and take note of the rest."""
        asked = {
            request.body["options"].get("seed")
            for request in self._server.requests[self._seen :]
            if request.path == "/api/chat" and request.body.get("messages")
        }
        if again := asked & self._stored:
            raise Broken(f"{len(again)} answers were asked for though they had come home")
        seen, stored = len(self._server.requests), set()
        for path in self.folder.glob("[!.]*.sqlite"):
            stored |= seeds_of(path)
        if self._stored - stored:
            raise Broken(f"{len(self._stored - stored)} answers are gone")
        self._stored, self._seen = stored, seen

    def kill_worker(self) -> None:
        """End one worker without warning, and start another."""
        self._dask.kill(self._trial.rng.choice(self._dask.workers))
        self._dask.add()

    def halt_worker(self) -> None:
        """Halt a worker, for a moment or until it counts as gone; then let it go on."""
        worker = self._trial.rng.choice(self._dask.workers)
        worker.send_signal(signal.SIGSTOP)
        time.sleep(self._trial.rng.choice((1.0, 9.0)))
        self.look()
        worker.send_signal(signal.SIGCONT)

    def restart_scheduler(self) -> None:
        """Kill the scheduler, and start it again with new workers."""
        self._dask.restart_scheduler()

    def kill_command(self) -> None:
        """End the command without warning."""
        assert self._process is not None
        self._trial.kill(self._process)
        self._process = None
        self._whole_so_far()

    def interrupt_command(self) -> None:
        """Press Ctrl-C."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGINT)
        # It may have been done.
        self._trial.ended(self._process, 0, 130)
        self._process = None
        self._whole_so_far()

    def see_through(self) -> None:
        """Let the command end, and give it once more, which finds everything made."""
        self.go_on()
        while self.until_further():
            pass
        assert self._process is not None
        self._trial.ended(self._process, 0)
        self._process = None
        self.look()
        asked = len(self._server.requests)
        self.go_on()
        self._trial.ended(self._process, 0)
        if len(self._server.requests) != asked:
            raise Broken("a sweep that is made asked its server again")

    def _replace_those_gone(self) -> None:
        """Start others for workers that left because the scheduler had given them up."""
        for worker in [worker for worker in self._dask.workers if worker.poll() is not None]:
            self._dask.workers.remove(worker)
            self._dask.add()

    def _whole_so_far(self) -> None:
        for path in self.folder.glob("[!.]*.sqlite"):
            try:
                with RunStore.open(path):
                    pass
            except StoreError as error:
                raise Broken(str(error)) from None
            self._kept[path] = nothing_lost(path, self._kept.get(path, {}))


def main() -> None:
    """Run the command line."""
    from lwd_tui.cli.main import main as lwd
    from lwd_tui.sweep import cluster as on_cluster

    on_cluster.LEASH = LEASH
    sys.argv[0] = "lwd-tui"
    lwd()


if __name__ == "__main__":
    main()
