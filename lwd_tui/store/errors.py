"""What can go wrong with a run's file, told in one sentence."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lwd_tui.errors import LwdError, RunStopped


class StoreError(LwdError):
    """A run's file can't be used as asked."""


class NoSuchRun(StoreError):
    """Nothing is there."""


class RunExists(StoreError):
    """Something is there already, and is not replaced."""


class RunBusy(StoreError):
    """Another process writes this run."""


class DamagedRun(StoreError):
    """The file is not a run, or not a whole one."""


class NewerRun(StoreError):
    """A later version of lwd-tui wrote the file."""


class RunMismatch(StoreError):
    """What is to be stored contradicts what is stored."""


class WriteFailed(RunStopped):
    """The disk is full or fails; what was committed before is still there."""


def run_name(path: Path) -> str:
    """Return the name that a run is called by: that of its file, without the ending."""
    return path.stem if path.suffix == ENDING else path.name


ENDING = ".sqlite"
"""Of the files that runs are kept in."""

# What decoding a value that was never written may raise.
_SENSELESS = (
    *(ValueError, TypeError, LookupError, AttributeError),
    *(OverflowError, RecursionError, zlib.error),
)

# What SQLite's own messages don't say in words that a user would know.
_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk fails or is full",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_CANTOPEN: "the file or its folder can't be opened",
    sqlite3.SQLITE_PERM: "it may not be opened",
    sqlite3.SQLITE_BUSY: "another program has it locked",
    sqlite3.SQLITE_LOCKED: "another program has it locked",
}


@contextmanager
def opening(path: Path, what: str = "opened") -> Iterator[None]:
    """Tell SQLite's errors while a run is opened, or made."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        raise _damage(error, path) or StoreError(
            f"run {run_name(path)} can't be {what}: {_reason(error)} ({path})"
        ) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell SQLite's errors, and values that can't be what was written; not a wrong call."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except (sqlite3.DatabaseError, *_SENSELESS) as error:
        raise _damage(error, path) or StoreError(
            f"run {run_name(path)} can't be read: {_reason(error)} ({path})"
        ) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell SQLite's errors where a run has to stop; a wrong call is not such."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError as error:
        # A table's own constraint has a code of its own; a spoilt index of words has none.
        broken = isinstance(error, sqlite3.IntegrityError)
        if broken and error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT:
            raise
        raise _damage(error, path) or WriteFailed(
            f"run {run_name(path)} can't be written: {_reason(error)}; what was computed is "
            f"stored; mend that, then resume the run ({path})"
        ) from error


def _code(error: Exception) -> int | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return _WORDS.get(_code(error) or 0, str(error))


def _damage(error: Exception, path: Path) -> DamagedRun | None:
    """Return what to say if the file itself is at fault."""
    if _code(error) == sqlite3.SQLITE_NOTADB:
        return DamagedRun(f"{path} is not a run: it isn't an SQLite file")
    spoilt = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CONSTRAINT)
    if _code(error) in spoilt or isinstance(error, _SENSELESS):
        return DamagedRun(
            f"run {run_name(path)} is damaged ({error}); use a copy of {path}, or save what is "
            f"readable with SQLite's own `.recover`"
        )
    return None
