"""Runs in processes of their own: begun, killed, gone on with, and compared with a whole one."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lwd_tui.experiment.llm import Experiment
from lwd_tui.store.export import export
from lwd_tui.store.files import save_preset
from lwd_tui.store.lock import is_locked
from lwd_tui.store.run import RunStore

ROOT = Path(__file__).parents[1]
PATIENCE = 300.0
"""Seconds after which a process that should have ended counts as hung."""
_MAKING = 0.05
"""Seconds in which a run's file is made."""
_LEAVE = 20.0
"""Seconds that the children of a killed process have to notice."""


class Broken(Exception):
    """A promise isn't kept."""


@dataclass
class Trial:
    """One round of one part: its folder, its chance, and what came of it.

    Attributes
    ----------
    folder : Path
        Its own; LWD_HOME and all temporary files of its processes are in it.
    rng : random.Random
    short : bool
        Whether it should take seconds.
    counts : Counter of str
        What was done, by its name.
    figures : list of str
        What was measured, a line each.
    """

    folder: Path
    rng: random.Random
    short: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    figures: list[str] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """Return the environment of a process of this trial."""
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        paths = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
        kept = {name: os.environ[name] for name in os.environ.keys() - {"OLLAMA_HOST"}}
        home = {"LWD_HOME": str(self.folder / "home"), "TMPDIR": str(temporary)}
        return kept | home | {"PYTHONPATH": paths}

    def start(self, *words: str | Path, module: str = "lwd_tui") -> subprocess.Popen[str]:
        """Start the command line in a session of its own, so that its children can be found."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
            cwd=self.folder,
            start_new_session=True,
        )

    def ended(self, process: subprocess.Popen[str], *codes: int) -> str:
        """Wait for a process, and return what it said; it must leave with one of the codes."""
        try:
            out, errors = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Broken(f"{process.args} hangs: {process.communicate()[1][-2000:]}") from None
        if process.returncode not in codes or "Traceback" in errors:
            raise Broken(f"{process.args} ended with {process.returncode}: {errors[-4000:]}")
        return out + errors

    def sees_through(self, *words: str | Path, module: str = "lwd_tui") -> str:
        """Run a command to its end; it must succeed."""
        return self.ended(self.start(*words, module=module), 0)

    def kill(self, process: subprocess.Popen[str]) -> None:
        """End a process without warning, and see that its children don't outlive it for long."""
        process.kill()
        process.communicate()
        self.counts["kills"] += 1
        nobody_left(process.pid)


def nobody_left(session: int) -> None:
    """Raise Broken if processes of a session are still there after a while."""
    deadline = time.monotonic() + _LEAVE
    while left := _members(session):
        if time.monotonic() > deadline:
            os.killpg(session, signal.SIGKILL)
            raise Broken(f"processes outlive the one that was killed: {left}")
        time.sleep(0.05)


def _members(session: int) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name, _, rest = (folder / "stat").read_text().rpartition(")")
            state, _, _, its = rest.split()[:4]
            if int(its) == session and state != "Z":
                found.append(name)
    return found


def experiment(name: str = "torn", /, **changes: Any) -> Experiment:
    """Return a small experiment of scripted models, some of whose answers can't be used."""
    return Experiment.from_dict(
        {
            "name": name,
            "query": "What next?",
            "responses": 4,
            "steps": 8,
            "scripted": {"failures": 0.2, "tokens_per_second": 400},
            "embedder": {"backend": "scripted", "model": "words-16"},
            "participants": [
                {"name": who, "backend": "scripted", "model": who} for who in ("ada", "ben", "cleo")
            ],
            "posts": [{"text": f"Post number {number}."} for number in range(6)],
        }
        | changes
    )


def whole_run(trial: Trial, spec: Experiment) -> tuple[Path, float]:
    """Make the run that nothing happens to; return its file, and the seconds that it was held."""
    preset, path = trial.folder / "preset.toml", trial.folder / "whole.sqlite"
    save_preset(spec, preset)
    process = trial.start("--preset", preset, "--headless", "--out", path)
    until_held(path, process)
    began = time.monotonic()
    trial.ended(process, 0)
    return path, time.monotonic() - began


def tear(
    trial: Trial,
    seconds: float,
    kills: int,
    look: Callable[[Path], None] = lambda _: None,
    module: str = "lwd_tui",
    *,
    begin: tuple[str | Path, ...] = ("--preset", "preset.toml"),
    name: str = "torn",
) -> Path:
    """Begin a run, kill it at random moments, and go on with it until it is whole.

    Parameters
    ----------
    trial : Trial
        `whole_run` has left its preset there.
    seconds : float
        What a run takes that nothing happens to.
    kills : int
    look : callable
        Called with the file after each kill.
    begin : tuple
        The words that begin it.
    name : str
        Of its file; one that is there is gone on with.
    """
    path = trial.folder / f"{name}.sqlite"
    kept: dict[Any, Any] = {}
    for number in range(kills + 1):
        words = ("resume", path) if path.exists() else (*begin, "--out", path)
        there = _beside(path)
        process = trial.start(*words, "--headless", module=module)
        if number == kills:
            trial.ended(process, 0)
            break
        # Most of them once the file is held, some while it is made, or while Python still starts.
        moment = trial.rng.random()
        if moment < 0.1:
            rest(process, trial.rng.uniform(0, 1))
        elif moment < 0.5 and not path.exists():
            while process.poll() is None and _beside(path) == there:
                time.sleep(0.001)
            rest(process, trial.rng.uniform(0, _MAKING))
        else:
            until_held(path, process)
            rest(process, trial.rng.uniform(0, seconds / kills))
        if process.poll() is not None:
            trial.ended(process, 0)
            break
        trial.kill(process)
        if path.exists():
            kept = nothing_lost(path, kept)
            look(path)
    nothing_lost(path, kept)
    return path


def rest(process: subprocess.Popen[str], seconds: float) -> None:
    """Wait for some time, or for a process to end."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def _beside(path: Path) -> set[tuple[str, int]]:
    """Return the files that a run's name is in, hidden ones too, and when they were written."""
    found = set()
    for file in path.parent.glob(f"*{path.name}*"):
        with suppress(FileNotFoundError):
            found.add((file.name, file.stat().st_mtime_ns))
    return found


def until_held(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a run's file is written by somebody, or the process has ended."""
    while process.poll() is None and not (path.exists() and is_locked(path)):
        time.sleep(0.005)


def nothing_lost(path: Path, kept: dict[Any, Any]) -> dict[Any, Any]:
    """See that a stored run is sound, and that what was kept is there unchanged; return all of it.

    Raises
    ------
    Broken
        If the file is damaged, a step isn't whole, or something is gone, changed or there twice.
    """
    found: dict[Any, Any] = {}
    with RunStore.open(path) as store:
        asked = len(store.experiment.cast) * store.experiment.responses
        if store.status == "running":
            raise Broken(f"{path} is said to run though it was killed")
        for t in range(store.finished()):
            step = store.step(t)
            usable = asked - step.failed
            if len(step.responses) != asked or len(step.embeddings) != usable:
                raise Broken(f"{path}: step {t} isn't whole")
            found["step", t] = step.embeddings.tobytes()
            found |= {("response", t, a.participant, a.index): a for a in step.responses}
        for answer in store.pending(store.finished()):
            found["response", answer.t, answer.participant, answer.index] = answer
        found |= {("post", post.id): post for post in store.posts()}
    with closing(sqlite3.connect(path)) as file, closing(sqlite3.connect(":memory:")) as copy:
        file.backup(copy)
        told = copy.execute("PRAGMA integrity_check").fetchall()
        if told != [("ok",)]:
            raise Broken(f"{path} is damaged: {told[:3]}")
        final = """SELECT count(*) FROM attempts WHERE final
                   GROUP BY t, participant, response HAVING count(*) > 1"""
        if copy.execute(final).fetchall():
            raise Broken(f"{path} counts a response twice")
    for what, value in kept.items():
        if found.get(what) != value:
            raise Broken(f"{path}: {what} was {value!r} and is {found.get(what)!r}")
    return found


def content(path: Path) -> bytes:
    """Return all that equal experiments have in common."""
    out = path.with_name(f"{path.stem}-content.jsonl")
    with RunStore.open(path) as store:
        if store.status != "done":
            raise Broken(f"{path} is {store.status}, not done")
        export(store, "jsonl", out, content_only=True, embeddings=True, overwrite=True)
    return out.read_bytes()


def same(whole: Path, torn: Path) -> None:
    """Raise Broken unless two runs have the same content."""
    one, two = content(whole).splitlines(), content(torn).splitlines()
    for a, b in zip(one, two, strict=False):
        if a != b:
            raise Broken(f"{torn} differs from {whole}: {b[:500]!r} instead of {a[:500]!r}")
    if len(one) != len(two):
        raise Broken(f"{torn} has {len(two)} rows and {whole} has {len(one)}")


def seeds_of(path: Path) -> set[int]:
    """Return the seeds of all stored attempts."""
    with closing(sqlite3.connect(path)) as file:
        return {seed for (seed,) in file.execute("SELECT seed FROM attempts")}
