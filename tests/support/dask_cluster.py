"""A Dask scheduler and its workers as processes of this machine, to be killed and halted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PATIENCE = 120.0

SETTINGS = {
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "6s",
    "DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_TIMEOUT": "3s",
    "DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_VALIDATION_INTERVAL": "1s",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
}


class DaskCluster(AbstractContextManager["DaskCluster"]):
    """A scheduler at a port that was free, and as many workers as are asked for.

    What they say is kept in `folder`, and shown by nobody.
    """

    def __init__(self, folder: Path, workers: int = 0, **settings: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._env = os.environ | SETTINGS | settings | {"OPENBLAS_NUM_THREADS": "1"}
        self._env["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._count = 0
        self.scheduler = self._scheduler()
        for _ in range(workers):
            self.add()
        self.until_there(workers)

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def add(self, *, before: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker with one thread; modules in a folder may come before all others."""
        self._count += 1
        name = f"worker-{self._count}"
        path = self._env["PYTHONPATH"]
        process = self._start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--name", name,
            "--local-directory", str(self.folder / name), "--death-timeout", "60",
            log=name, path=path if before is None else f"{before}{os.pathsep}{path}",
        )  # fmt: skip
        self.workers.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a worker without warning."""
        process.kill()
        process.wait()
        self.workers.remove(process)

    def restart_scheduler(self) -> None:
        """Kill the scheduler; its workers leave by themselves, and are waited for. Begin anew."""
        count = len(self.workers)
        self.scheduler.send_signal(signal.SIGKILL)
        self.scheduler.wait()
        for process in self.workers:
            process.wait(_PATIENCE)
        self.workers.clear()
        self.scheduler = self._scheduler()
        for _ in range(count):
            self.add()

    def until_there(self, count: int) -> None:
        """Wait until so many workers have registered."""
        from distributed import Client

        with Client(self.address, timeout=_PATIENCE, set_as_default=False) as client:
            deadline = time.monotonic() + _PATIENCE
            while len(client.nthreads()) < count:
                assert time.monotonic() < deadline, "the workers don't come"
                time.sleep(0.05)

    def _scheduler(self) -> subprocess.Popen[bytes]:
        return self._start(
            "scheduler", "--host", "127.0.0.1", "--port", str(self.port), log="scheduler",
            path=self._env["PYTHONPATH"],
        )  # fmt: skip

    def _start(self, *words: str, log: str, path: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
        with (self.folder / f"{log}.log").open("ab") as said:
            return subprocess.Popen(
                [*command, "--no-dashboard"],
                env=self._env | {"PYTHONPATH": path},
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,  # Where no package lies that would come before those of the path.
                start_new_session=True,
            )
