"""Where runs live: their folder, their names, and the list of them."""

from __future__ import annotations

import difflib
import glob
import os
import re
import shlex
import shutil
import time
import unicodedata
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path

from platformdirs import user_data_path

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import user_path
from lwd_tui.store.connection import settle_file, size_of
from lwd_tui.store.errors import (
    ENDING,
    DamagedRun,
    NewerRun,
    NoSuchRun,
    RunExists,
    StoreError,
    run_name,
)
from lwd_tui.store.lock import WriterLock, is_locked, lock_path
from lwd_tui.store.pasts import past_paths, shared_size
from lwd_tui.store.records import RunSummary, Status
from lwd_tui.store.run import RunStore

_DAY = 86_400.0
_KEPT = 30 * _DAY
_ORIGIN = "origin.txt"


def home() -> Path:
    """Return the folder of all that lwd-tui keeps: LWD_HOME, or the platform's own."""
    chosen = os.environ.get("LWD_HOME")
    if chosen:
        return user_path(chosen).absolute()
    return user_data_path("lwd-tui", appauthor=False)


def runs_folder() -> Path:
    """Return the folder of the runs, which may not exist yet."""
    return home() / "runs"


def made_folder(folder: Path) -> Path:
    """Make a folder and those above it; raise StoreError if it can't be made or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror
    else:
        if os.access(folder, os.W_OK):
            return folder
        reason = "Permission denied"
    advice = "set LWD_HOME to" if folder.is_relative_to(home()) else "use"
    raise StoreError(f"can't write to {folder}: {reason}; {advice} a folder that you may write to")


def new_run_path(name: str) -> Path:
    """Return a path for a new run of an experiment of that name, such as ``bitcoin-2026-11-22-1``.

    It is kept for the caller: another process that asks at the same time gets another.
    """
    folder = made_folder(runs_folder())
    _forget_unused_names(folder)
    stem = f"{_slug(name, 40).lower()}-{date.today().isoformat()}"
    paths = (folder / f"{stem}-{number}{ENDING}" for number in count(1))
    return next(path for path in paths if not path.exists() and _reserve(path))


def reference(path: Path) -> str:
    """Return what a command takes for a run: its name, or its file if it is kept elsewhere.

    With blanks or signs that a shell takes for its own it is in quotes.
    """
    here = path.suffix == ENDING and path.resolve().parent == runs_folder().resolve()
    text = path.stem if here else str(path)
    return text if re.fullmatch(r"[\w.,:@%+=/\\-]+", text) else shlex.quote(text)


def find_run(text: str) -> Path:
    """Return the file of a run: by its name, by the beginning of one name only, or by its path.

    Raises
    ------
    NoSuchRun
        With the nearest names.
    """
    names = _names()
    if text in names:
        return _path(text)
    file = user_path(text)
    # A name may be too long to look for.
    with suppress(OSError):
        if file.is_file():
            return file
    begun = [name for name in names if text and name.startswith(text)]
    if len(begun) == 1:
        return _path(begun[0])
    if begun:
        shown = ", ".join(begun[:5]) + (" and others" if len(begun) > 5 else "")
        raise NoSuchRun(f"{text!r} begins the names of {len(begun)} runs: {shown}; give one whole")
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "`lwd-tui runs list` shows the runs"
    raise NoSuchRun(f"no run and no file is called {text!r}; {hint}")


def list_runs() -> list[RunSummary]:
    """Return a line for each run in the folder, the newest last; a damaged one is said to be."""
    found = (_summary(name) for name in _names())
    return sorted((run for run in found if run), key=lambda run: (run.created, run.name))


def rename_run(path: Path, name: str) -> Path:
    """Give a run another name; return its new path.

    Raises
    ------
    RunBusy
        If another process writes it.
    RunExists
        If the name is taken.
    StoreError
        If the name can't be one.
    """
    if name != _slug(name):
        raise StoreError(
            f"{name!r} can't be a run's name: use letters, digits, '.', '_' and '-', at most 80, "
            f"as in {_slug(name)!r}"
        )
    RunStore.open(path).close()
    new = path.with_name(f"{name}{ENDING}")
    with WriterLock(path), WriterLock(new):
        if new.exists():
            raise RunExists(f"there is a run {name} already")
        _move(path, new)
    return new


def annotate_run(path: Path, note: str) -> None:
    """Keep a note with a run, in its record; an empty one takes it away."""
    with RunStore.open(path, write=True) as store:
        store.update_record(note=note)


def delete_run(path: Path) -> Path:
    """Move a run to the trash, where it stays for 30 days; return its new path.

    Raises
    ------
    NoSuchRun, DamagedRun
        If there is no such file, or one outside the runs' folder that isn't a run.
    RunBusy
        If another process writes it.
    """
    try:
        RunStore.open(path).close()
    except DamagedRun:
        # A damaged run can be thrown away; a file elsewhere may be anything but a run.
        if path.resolve().parent != runs_folder().resolve():
            raise
    trash = made_folder(home() / "trash")
    _purge(trash)
    with WriterLock(path):
        # Later than those of its name that lie there, also where the clock was set back.
        last = max((_moment(entry) for entry in _deleted(run_name(path))), default=0)
        moment = max(time.time_ns(), last + 1)
        kept = made_folder(trash / f"{run_name(path)}.{moment}") / path.name
        (kept.parent / _ORIGIN).write_text(str(path.absolute()), encoding="utf-8")
        _move(path, kept)
    return kept


def restore_run(name: str) -> Path:
    """Move a deleted run, the one deleted last of that name, back to where it was.

    Raises
    ------
    NoSuchRun
        If there is none of that name in the trash.
    RunExists
        If its place is taken now.
    """
    entries = _deleted(name)
    if not entries:
        raise NoSuchRun(f"no run called {name!r} is in the trash ({home() / 'trash'})")
    entry = max(entries, key=_moment)
    place = Path((entry / _ORIGIN).read_text(encoding="utf-8"))
    made_folder(place.parent)
    with WriterLock(place):
        if place.exists():
            raise RunExists(f"{place} is taken; rename that run first")
        _move(entry / place.name, place)
    shutil.rmtree(entry)
    return place


def _deleted(name: str) -> list[Path]:
    return [entry for entry in (home() / "trash").glob("*.*") if entry.stem == name]


def _moment(entry: Path) -> int:
    return int(entry.suffix[1:])


def _purge(trash: Path) -> None:
    """Remove for good what has lain in the trash for longer than it is kept."""
    for entry in trash.iterdir():
        # Another process may purge or restore at the same time.
        with suppress(FileNotFoundError):
            if time.time() - entry.stat().st_mtime > _KEPT:
                shutil.rmtree(entry, ignore_errors=True)


def _move(old: Path, new: Path) -> None:
    """Move a run's file, whose lock is held, with what a killed writer left beside it."""
    # A damaged file moves as it is.
    with suppress(LwdError):
        settle_file(old)
    try:
        for part in (
            *(old.with_name(old.name + log) for log in ("-wal", "-shm")),
            *past_paths(old),
            old,
        ):
            if part.exists():
                shutil.move(part, new.with_name(new.name + part.name.removeprefix(old.name)))
    except OSError as error:
        raise StoreError(f"{old} can't be moved to {new}: {error.strerror}") from None


def _summary(name: str) -> RunSummary | None:
    """Return a run's line, or None if another process took the run away meanwhile."""
    path = _path(name)
    size = sum(map(size_of, path.parent.glob(f"{glob.escape(path.name)}*"))) - shared_size(path)
    try:
        with RunStore.open(path) as store:
            return replace(store.look_at(0).summary(), size=size)
    except LwdError as error:
        status: Status = "newer" if isinstance(error, NewerRun) else "damaged"
        return (
            RunSummary(name, path, status, size=size, problem=str(error)) if path.exists() else None
        )


def _names() -> list[str]:
    # Not by glob, which finds nothing from Python 3.13 on where a folder can't be looked into.
    try:
        files = [path for path in runs_folder().iterdir() if path.name.endswith(ENDING)]
    except FileNotFoundError:
        return []
    return sorted(run_name(path) for path in files if path.name[0] != "." and path.is_file())


def _path(name: str) -> Path:
    return runs_folder() / f"{name}{ENDING}"


def _slug(name: str, limit: int = 80) -> str:
    """Turn any text into a name that every file system and shell takes."""
    plain = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", name))
    return plain[:limit].strip("-._") or "run"


def _reserve(path: Path) -> bool:
    """Take a name by making its lock file, if nobody has; `WriterLock` removes it at the end."""
    try:
        os.close(os.open(lock_path(path), os.O_CREAT | os.O_EXCL, 0o644))
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(f"can't write to {path.parent}: {error.strerror}") from None
    return True


def _forget_unused_names(folder: Path) -> None:
    """Remove the names that were taken on another day for runs that never began."""
    for lock in folder.glob(f".*{ENDING}.lock"):
        run = folder / lock.name[1:].removesuffix(".lock")
        with suppress(OSError):
            old = time.time() - lock.stat().st_mtime > _DAY
            if old and not run.exists() and not is_locked(run):
                lock.unlink()
