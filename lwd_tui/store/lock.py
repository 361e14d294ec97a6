"""One writer a run: a lock of the operating system, which ends with the process that holds it.

Our own, because it must leave no file behind, and be asked about without being taken.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from lwd_tui.store.errors import RunBusy, StoreError, run_name

# Long enough to outlast another process that only looks whether the run is locked.
_PATIENCE = 0.5


class WriterLock(AbstractContextManager["WriterLock"]):
    """Holds the right to write a run, until released or until the process ends.

    The lock is on a hidden file beside the run's, which need not exist: SQLite's own locks are let
    go of when a process closes any handle on the same file.

    Raises
    ------
    RunBusy
        If another holder is there.
    StoreError
        If the folder can't be written, or its file system knows no locks.
    """

    def __init__(self, run: Path) -> None:
        self._path = lock_path(run)
        deadline = time.monotonic() + _PATIENCE
        try:
            while (handle := _locked_handle(self._path)) is None:
                if time.monotonic() > deadline:
                    raise RunBusy(
                        f"run {run_name(run)} is being written by another process; wait until it "
                        f"ends, or stop it there ({run})"
                    )
                time.sleep(0.02)
        except OSError as error:
            raise StoreError(
                f"run {run_name(run)} can't be written in {run.parent}: {error.strerror}; use a "
                f"folder on a local disk that you may write to"
            ) from None
        self._handle: int | None = handle

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let go; may be called again."""
        if self._handle is None:
            return
        # Removed while it is held; whoever waits on the removed file sees that and starts afresh.
        with suppress(OSError):
            self._path.unlink()
        os.close(self._handle)
        self._handle = None


def lock_path(run: Path) -> Path:
    """Return where the lock of a run is kept."""
    real = run.resolve()
    return real.with_name(f".{real.name}.lock")


def is_locked(run: Path) -> bool:
    """Say whether some process, this one included, holds the right to write a run."""
    try:
        handle = os.open(lock_path(run), os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _try_lock(handle, shared=True)
    except OSError:
        return False
    finally:
        os.close(handle)


def _locked_handle(path: Path) -> int | None:
    """Return an open handle that holds the lock, or None if it is held elsewhere."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if _try_lock(handle) and os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    except FileNotFoundError:
        # Its last holder removed it between our opening it and our locking it.
        pass
    except OSError:
        os.close(handle)
        raise
    os.close(handle)
    return None


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int, shared: bool = False) -> bool:  # noqa: ARG001, Windows has one kind
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int, shared: bool = False) -> bool:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
