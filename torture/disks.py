"""Disks that are full, fail or may not be written, clocks that jump, and power that is cut."""

from __future__ import annotations

import asyncio
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.llm.network import ResponseArrived
from lwd_tui.run.session import Session
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
    whole_run,
)

_PAGE = 4096
_UNSHARE = ("unshare", "--mount", "--map-root-user")


def disk(trial: Trial) -> None:
    """Fill the disk at a random write, let every write fail from a random moment, forbid all."""
    spec = experiment(scripted={"failures": 0.2, "tokens_per_second": 2000}, steps=12)
    whole, seconds = whole_run(trial, spec)
    if subprocess.run([*_UNSHARE, "true"], capture_output=True).returncode:
        trial.counts["parts left out: no small disk can be mounted here"] += 1
    else:
        for _ in range(1 if trial.short else 4):
            _fills_up(trial, whole)
        _read_only(trial, whole)
    for _ in range(1 if trial.short else 4):
        _fails(trial, whole, seconds)


def _on_small_disk(trial: Trial, size: int, command: str) -> subprocess.Popen[str]:
    """Run a shell's command with a tmpfs of some KiB at ./disk, all of which is kept in ./after."""
    after = trial.folder / "after"
    shutil.rmtree(after, ignore_errors=True)
    (trial.folder / "disk").mkdir(exist_ok=True)
    mount = f"mount -t tmpfs -o size={size}k tmpfs disk"
    script = f"{mount} && {{ {command}; code=$?; cp -a disk after; exit $code; }}"
    return subprocess.Popen(
        [*_UNSHARE, "sh", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=trial.folder,
        env=trial.environment(),
        start_new_session=True,
    )


def _lwd(*words: str) -> str:
    return shlex.join([sys.executable, "-m", "lwd_tui", *words])


def _fills_up(trial: Trial, whole: Path) -> None:
    size = trial.rng.randrange(8, max(16, whole.stat().st_size // 1024 + 200), 4)
    words = ("--preset", "preset.toml", "--headless", "--out", "disk/torn.sqlite")
    told = trial.ended(_on_small_disk(trial, size, _lwd(*words)), 0, 2, 4)
    torn = trial.folder / "after" / "torn.sqlite"
    trial.counts["disks too small"] += 1
    if "the disk is full" in told or "No space left" in told:
        trial.counts["disks that filled up"] += 1
    if torn.exists():
        kept = nothing_lost(torn, {})
        with RunStore.open(torn) as store:
            stopped = store.status != "done"
        if stopped:
            trial.sees_through("resume", torn, "--headless")
        nothing_lost(torn, kept)
        same(whole, torn)


def _read_only(trial: Trial, whole: Path) -> None:
    """A run that lies where nothing can be written is shown, and not gone on with."""
    preset = ("--preset", "preset.toml", "--headless", "--out", "disk/torn.sqlite")
    some = f"timeout -s KILL {trial.rng.uniform(2.5, 4):.1f} {_lwd(*preset)}"
    # The one that was killed may still hold the file for a moment.
    ro = "until mount -o remount,ro disk 2>/dev/null; do sleep 0.1; done"
    show = _lwd("stats", "disk/torn.sqlite", "--json")
    resume = _lwd("resume", "disk/torn.sqlite", "--headless")
    command = f"{some} >/dev/null; {ro}; {show}; {resume}"
    told = trial.ended(_on_small_disk(trial, 100_000, command), 0, 2)
    trial.counts["disks made read-only"] += 1
    torn = trial.folder / "after" / "torn.sqlite"
    if torn.exists():
        with RunStore.open(torn) as store:
            # One that was whole before it could be killed has nothing left to be written.
            said = "are stored already" if store.status == "done" else "Read-only"
        if said not in told and "there is no run" not in told:
            raise Broken(f"of a run on a read-only disk it was not said that {said!r}: {told}")
        trial.sees_through("resume", torn, "--headless")
        same(whole, torn)


def _fails(trial: Trial, whole: Path, seconds: float) -> None:
    """From a random moment no file can grow any more (RLIMIT_FSIZE), then all is well again."""
    torn = trial.folder / "failed.sqlite"
    torn.unlink(missing_ok=True)
    process = trial.start("--preset", "preset.toml", "--headless", "--out", torn)
    while process.poll() is None and not torn.exists():
        time.sleep(0.005)
    rest(process, trial.rng.uniform(0, seconds / 2))
    if process.poll() is None:
        _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, most))
        trial.counts["disks that failed"] += 1
    # 2 where the file was made and couldn't be opened any more.
    trial.ended(process, 0, 2, 4)
    kept = nothing_lost(torn, {})
    trial.sees_through("resume", torn, "--headless")
    nothing_lost(torn, kept)
    same(whole, torn)


def clock(trial: Trial) -> None:
    """Let the wall clock jump by up to years at every look, and kill the run meanwhile."""
    whole, seconds = whole_run(trial, experiment())
    torn = tear(trial, seconds, 1 if trial.short else 4, module="torture.jumping")
    same(whole, torn)
    trial.sees_through("stats", torn, "--json", module="torture.jumping")
    trial.sees_through("runs", "list", module="torture.jumping")
    trial.counts["runs under a clock that jumps"] += 1


@dataclass(frozen=True)
class Image:
    """A run's files at one moment.

    Attributes
    ----------
    file, log : bytes
    answers : tuple
        The responses that were committed, in order.
    """

    file: bytes
    log: bytes
    answers: tuple[tuple[int, int, int], ...]


def power(trial: Trial) -> None:
    """Cut the power after any commit: what of the log wasn't synced may be there, in any pieces."""
    spec = experiment(scripted={"failures": 0.2}, responses=3, steps=6)
    whole, path = trial.folder / "whole.sqlite", trial.folder / "run.sqlite"
    asyncio.run(_through(Session.start(spec, whole, Wishes(), _unheard)))
    images = asyncio.run(_photographed(spec, path, checkpoint=trial.rng.choice((20, 50, 1000))))
    oracle = content(whole)
    for number in range(6 if trial.short else 60):
        place = trial.rng.randrange(len(images))
        torn = trial.folder / f"cut-{number}.sqlite"
        least = _cut(trial, images, place, torn)
        _recovered(torn, images, place, least)
        asyncio.run(_through(Session.resume(torn, _unheard)))
        if content(torn) != oracle:
            raise Broken(f"{torn}, cut after commit {place}, ends otherwise")
        trial.counts["cuts of power"] += 1


async def _through(opening: Awaitable[Session]) -> None:
    async with await opening as session, aclosing(session.run()) as events:
        async for _ in events:
            pass


async def _photographed(spec: Experiment, path: Path, checkpoint: int) -> list[Image]:
    """Make a run; return what its files hold after each commit."""
    images: list[Image] = []
    answers: list[tuple[int, int, int]] = []
    async with await Session.start(spec, path, Wishes(), _unheard) as session:
        execute = session.store._connection.execute
        # As the run's own file, which the pictures below rest on.
        assert execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert execute("PRAGMA synchronous").fetchone() == (1,)
        execute(f"PRAGMA wal_autocheckpoint = {checkpoint}")
        async with aclosing(session.run()) as events:
            async for event in events:
                if isinstance(event, ResponseArrived):
                    answer = event.response
                    answers.append((answer.t, answer.participant, answer.index))
                images.append(_image(path, answers))
    return images


def _image(path: Path, answers: list[tuple[int, int, int]]) -> Image:
    return Image(path.read_bytes(), _log(path).read_bytes(), tuple(answers))


def _cut(trial: Trial, images: list[Image], place: int, torn: Path) -> int:
    """Write what the disk may hold after a cut; return how many answers must be there.

    With synchronous = NORMAL SQLite syncs the log before it writes any of it into the file, and the
    file before it begins the log anew. So up to the last such moment all is there; after it, each
    page of the log may have reached the disk or not. While the log is written back, each page of
    the file may be old or new, but the log is whole.
    """
    now = images[place]
    changed = (n for n in range(1, place + 1) if images[n].file != images[n - 1].file)
    synced = max(changed, default=0)
    durable = len(images[synced].answers) if synced else 0
    if synced and trial.rng.random() < 0.3:
        # In the middle of the last writing back.
        old, new = images[synced - 1], images[synced]
        pages = range(0, max(len(old.file), len(new.file)), _PAGE)
        mixed = b"".join(
            (old if trial.rng.random() < 0.5 and n < len(old.file) else new).file[n : n + _PAGE]
            for n in pages
        )
        # The head of a log that was begun anew is another one.
        log = new.log if new.log[:32] == old.log[:32] else None
        if log is not None:
            torn.write_bytes(mixed)
            _log(torn).write_bytes(log)
            return durable
    old = images[synced]
    # A log that was begun anew has its head synced before anything else; one that goes on is synced
    # as far as it was. Pages behind that may be those of then, or zero, or not there at all.
    goes_on = synced and now.log[:32] == old.log[:32]
    sure = len(old.log) if goes_on else 32
    kept = bytearray(now.log)
    for start in range(0, len(kept), _PAGE):
        if trial.rng.random() < 0.3:
            piece = (old.log if synced else b"")[start : start + _PAGE].ljust(_PAGE, b"\0")
            kept[start : start + _PAGE] = piece[: len(kept) - start]
    kept[:sure] = now.log[:sure]
    if trial.rng.random() < 0.5:
        least = max(sure, len(old.log) if synced else 0)
        del kept[trial.rng.randrange(min(least, len(kept)), len(kept) + 1) :]
    torn.write_bytes(now.file)
    _log(torn).write_bytes(bytes(kept))
    return durable


def _recovered(torn: Path, images: list[Image], place: int, least: int) -> None:
    """See that a cut run holds whole commits, none left out between, and at least the synced."""
    nothing_lost(torn, {})
    with RunStore.open(torn) as store:
        done = store.finished()
        there = {
            (answer.t, answer.participant, answer.index)
            for t in range(done + 1)
            for answer in store.pending(t)
        }
    order = images[place].answers
    if there != set(order[: len(there)]):
        raise Broken(f"{torn} has answers of later commits without those before")
    if len(there) < least:
        raise Broken(f"{torn} has {len(there)} answers, and {least} were synced")


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _unheard(_: str) -> None: ...
