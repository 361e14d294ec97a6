"""Forks that are killed at random moments (SIGKILL), while they are made and while they run."""

from __future__ import annotations

from pathlib import Path

from lwd_tui.store.run import RunStore
from torture.runs import (
    Broken,
    Trial,
    content,
    experiment,
    nothing_lost,
    rest,
    same,
    tear,
    until_held,
    whole_run,
)

_CHANGES = ("--set", "fresh=2", "--set", "participants.1.silent=true", "--post", "The bank closed.")
_REPLICATES = 2


def fork(trial: Trial) -> None:
    """Kill a run and its forks: the run ends as a whole one, its twin too, its fork as its fork.

    All three go on from one past, which they share on the disk until the run itself is gone on
    with.
    """
    reserve = [{"text": f"Fresh {number}."} for number in range(40)]
    spec = experiment(fresh=1, reserve=reserve, seed=trial.rng.randrange(1000))
    whole, seconds = whole_run(trial, spec)
    oracle = content(whole)
    parent = trial.folder / "parent.sqlite"
    process = trial.start("--preset", "preset.toml", "--headless", "--out", parent)
    until_held(parent, process)
    rest(process, trial.rng.uniform(0.2, 0.8) * seconds)
    trial.kill(process)
    nothing_lost(parent, {})
    with RunStore.open(parent) as store:
        at = trial.rng.randint(0, min(store.finished(), spec.steps))
    kills = 1 if trial.short else 3

    def torn(name: str, of: Path, *words: str) -> Path:
        return tear(trial, seconds, kills, begin=("fork", of, *words), name=name)

    def forked(name: str, of: Path, *words: str) -> Path:
        out = trial.folder / f"{name}.sqlite"
        trial.sees_through("fork", of, *words, "--headless", "--out", out)
        return out

    there = ("--at", str(at))
    twin = torn("twin", parent, *there)
    changed = torn("changed", parent, *there, *_CHANGES)
    same(whole, tear(trial, seconds, kills, name="parent"))
    same(whole, twin)
    same(forked("whole-changed", whole, *there, *_CHANGES), changed)
    trial.counts["forks"] += 2
    if trial.short:
        return
    # A fork of a fork, whose own past is two files.
    later = ("--at", str(trial.rng.randint(at, spec.steps)))
    same(changed, torn("again", changed, *later))
    trial.counts["forks"] += 1
    _replicated(trial, whole, seconds, *later)
    if content(whole) != oracle:
        raise Broken(f"{whole} was changed by its forks")


def _replicated(trial: Trial, parent: Path, seconds: float, *there: str) -> None:
    """Kill a command that makes several forks and twins: given again, it goes on with them."""
    words = ("fork", parent, *there, *_CHANGES, "--replicates", str(_REPLICATES), "--out")
    for _ in range(3):
        process = trial.start(*words, "several.sqlite")
        rest(process, trial.rng.uniform(0.5, 2 * _REPLICATES * seconds))
        if process.poll() is not None:
            trial.ended(process, 0)
            break
        trial.kill(process)
        for path in trial.folder.glob("several*.sqlite"):
            nothing_lost(path, {})
    trial.sees_through(*words, "several.sqlite")
    trial.sees_through(*words, "once.sqlite")
    torn = sorted(trial.folder.glob("several*.sqlite"))
    once = [path.with_name(path.name.replace("several", "once")) for path in torn]
    if len(torn) != 2 * _REPLICATES:
        raise Broken(f"{_REPLICATES} forks and twins left {[path.name for path in torn]}")
    for one, other in zip(once, torn, strict=True):
        same(one, other)
    same(parent, trial.folder / "several-twin-1.sqlite")
    trial.counts["forks"] += len(torn)
