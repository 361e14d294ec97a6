"""Runs that are long or large: what a step, a redraw and a question take, and the memory of it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from benchmarks.terminal import TimedTerminal
from lwd_tui.store.files import save_preset
from lwd_tui.store.run import RunStore
from torture.runs import Broken, Trial, experiment, nobody_left, nothing_lost

_PARTS = 5
_REST = 0.4
"""Seconds after a key in which all that it asks for is painted."""
_SLOWER = 1.5
"""Times as long as after a fifth of the run that a step or a redraw may take at its end."""
_GROWTH = 12.0
"""MiB that the explorer may take more for each thousand steps: their posts and numbers."""
_MOST = 1_000
"""MiB that any command may take, of a million answers."""
_AT_ONCE = 2.0
"""Seconds of a processor that what the explorer asks may take."""


class _Point(NamedTuple):
    """What was seen of the explorer at a step; seconds are of a processor, of all its threads.

    Up to when the run was held there, when it was let on, and for a key.
    """

    t: int
    mib: float
    held: float
    began: float
    redraw: float


def long(trial: Trial) -> None:
    """Make a long run with the explorer before it: memory, a step and a redraw stay what they were.

    What is read is bounded by a window: without one it grows with t, and a step with it.
    """
    steps, keys = (300, 6) if trial.short else (5_000, 30)
    home = trial.folder / "home"
    home.mkdir()
    (home / "app.json").write_text(json.dumps({"delay": 0}))
    preset, path = trial.folder / "preset.toml", trial.folder / "long.sqlite"
    spec = experiment(
        responses=2,
        steps=steps,
        posting="window",
        window=20,
        scripted={"failures": 0.1},
        seed=trial.rng.randrange(1000),
    )
    save_preset(spec, preset)
    command = [sys.executable, "-m", "lwd_tui", "--preset", str(preset), "--out", str(path)]
    with TimedTerminal(command, **trial.environment()) as terminal:
        points = [_looked_at(terminal, path, steps * part // _PARTS, keys) for part in range(6)]
        pid = terminal.pid
    nobody_left(pid)
    nothing_lost(path, {})
    _stays_flat(trial, points)


def _looked_at(terminal: TimedTerminal, path: Path, t: int, keys: int) -> _Point:
    """Wait until a step is whole, hold the run, press keys, and let it go on."""
    while _whole(path) <= t:
        terminal.press("")  # What was painted is forgotten.
        terminal.rest(0.2)
    terminal.press(" ")
    at = -1
    while at != (at := _whole(path)):
        terminal.rest(1)
    held = terminal.processor()
    for key in ",." * (keys // 2):
        terminal.press(key)
        terminal.rest(_REST)
    redraw = (terminal.processor() - held) / keys
    mib, began = terminal.memory("VmRSS"), terminal.processor()
    terminal.press(" ")
    return _Point(at, mib, held, began, redraw)


def _stays_flat(trial: Trial, points: list[_Point]) -> None:
    steps = [
        (after.held - before.began) / (after.t - before.t) for before, after in pairwise(points)
    ]
    first, last = points[1], points[-1]
    growth = 1000 * (last.mib - first.mib) / (last.t - first.t)
    told = ", ".join(
        f"t {point.t}: {point.mib:.0f} MiB, {1000 * step:.1f} ms a step, "
        f"{1000 * point.redraw:.0f} ms a redraw"
        for step, point in zip(steps, points[1:], strict=True)
    )
    trial.figures.append(told)
    if not trial.short and (
        growth > _GROWTH or steps[-1] > _SLOWER * steps[1] or last.redraw > _SLOWER * first.redraw
    ):
        raise Broken(f"it doesn't stay as it was: {told}")


def answers(trial: Trial) -> None:
    """Make a file of a million answers, of a thousand participants or of a thousand steps, and ask.

    What is asked must be answered in bounded memory; a search, and opening, at once.
    """
    many = trial.rng.random() < 0.5
    people, each, steps = (1000, 20, 50) if many else (20, 50, 1000)
    if trial.short:
        people, each, steps = people // 10, each // 10, steps // 10
    spec = experiment(
        participants=[
            {"name": f"p{number}", "backend": "scripted", "model": f"m{number % 4}"}
            for number in range(people)
        ],
        embedder={"backend": "scripted", "model": "words-32"},
        responses=each,
        steps=steps - 1,
        posting="replace",
        beta=min(10 / people, 0.5),
        scripted={},
        seed=trial.rng.randrange(1000),
    )
    preset, path = trial.folder / "preset.toml", trial.folder / "large.sqlite"
    save_preset(spec, preset)
    told = [_asked(trial, "made", "--preset", preset, "--headless", "--out", path)]
    told.append(f"{path.stat().st_size / 2**20:.0f} MiB")
    with RunStore.open(path) as store:
        for what, question in _QUESTIONS.items():
            began = time.process_time()
            question(store)
            seconds = time.process_time() - began
            told.append(f"{what} {1000 * seconds:.0f} ms")
            if seconds > _AT_ONCE:
                raise Broken(f"{what} took {seconds:.1f} s of a processor")
    for what, *words in (
        ("csv", "runs", "export", path, "--format", "csv", "--out", trial.folder / "csv"),
        ("parquet", "runs", "export", path, "--format", "parquet", "--out", trial.folder / "arrow"),
        ("report", "report", path, "-o", trial.folder / "report.html"),
        ("stats", "stats", path, "--permutations", "19"),
    ):
        told.append(_asked(trial, what, *words))
    trial.counts["answers"] += people * each * steps
    trial.figures.append(f"{people} participants, {steps} steps: {', '.join(told)}")


_QUESTIONS: dict[str, Callable[[RunStore], object]] = {
    "numbers": lambda store: store.numbers(),
    "last step": lambda store: store.step(store.finished() - 1),
    "search": lambda store: store.search_responses("steady builders"),
    "readers": lambda store: store.readers(store.posts(0)[0]),
}
"""What the explorer asks of a run, all posts aside."""


def _asked(trial: Trial, what: str, *words: str | Path) -> str:
    """Run a command; return what it took, and see that it took no more memory than it may."""
    said = trial.folder / "said"
    with said.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "lwd_tui", *map(str, words)],
            stdout=file,
            stderr=file,
            env=trial.environment(),
            cwd=trial.folder,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    most = used.ru_maxrss / 1024
    if process.returncode or most > _MOST:
        end = said.read_text()[-500:]
        raise Broken(f"{what} ended with {process.returncode}, {most:.0f} MiB: {end}")
    return f"{what} {used.ru_utime:.0f} s, {most:.0f} MiB"


def _whole(path: Path) -> int:
    """Return how many steps of a run are whole; 0 before its file is there."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as file:
        (count,) = file.execute("SELECT count(*) FROM steps WHERE whole").fetchone()
        return int(count)
