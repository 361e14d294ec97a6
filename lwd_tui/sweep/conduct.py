"""A sweep under way: one process holds the right to make its runs, and makes them in others."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from pathlib import Path

from lwd_tui.errors import LwdError
from lwd_tui.store.errors import RunBusy
from lwd_tui.store.lock import WriterLock, is_locked
from lwd_tui.sweep.jobs import Job, leave_with_parent, run_jobs

_HELD = "sweep"


class SweepBusy(LwdError):
    """Another process makes the runs of this sweep."""

    exit_code = 4


def right_to_run(folder: Path) -> AbstractContextManager[object]:
    """Hold the right to make the runs that are kept in a folder, which is there.

    It ends with the process that holds it.

    Raises
    ------
    SweepBusy
        If another process holds it.
    StoreError
        If the folder can't be written, or its file system knows no locks.
    """
    try:
        return WriterLock(folder / _HELD)
    except RunBusy:
        raise SweepBusy(
            f"another process makes the runs in {folder}; wait until it ends, or stop it there"
        ) from None


def is_under_way(folder: Path) -> bool:
    """Say whether some process, this one included, makes the runs that are kept in a folder."""
    return is_locked(folder / _HELD)


def in_processes(count: int, leash: Connection | None = None) -> Executor:
    """Return what makes runs in processes of their own.

    They end with this one; on a leash, when its other end is let go of too, and they say nothing.
    """
    # A fresh interpreter for each: what a process has of threads and locks must not be copied.
    context = multiprocessing.get_context("spawn")
    if leash is None:
        return ProcessPoolExecutor(count, mp_context=context, initializer=leave_with_parent)
    return ProcessPoolExecutor(count, mp_context=context, initializer=_leashed, initargs=(leash,))


def _leashed(leash: Connection) -> None:
    leave_with_parent(leash)
    # What a library writes would be drawn over the screen.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        os.dup2(nowhere, number)


class Conductor:
    """Makes the runs of a sweep beside whatever this process does, until it is told to pause.

    Parameters
    ----------
    jobs : sequence of Job
        Their participants are chosen, and their folder is there.
    at_once : int
        Runs at a time.

    Attributes
    ----------
    folder : Path
    making : frozenset of Job
        Those that are under way.
    problems : mapping of Job to str
        What stopped the others that ended; "" where nothing did.
    complaint : str
        What ended the sweep itself; "" if nothing did.

    Raises
    ------
    SweepBusy
        If another process makes these runs.
    StoreError
        If their folder can't be written.
    """

    def __init__(self, jobs: Sequence[Job], at_once: int = 1) -> None:
        self.folder = jobs[0].path.parent
        self.making: frozenset[Job] = frozenset()
        self.problems: Mapping[Job, str] = {}
        self.complaint = ""
        self._jobs, self._at_once = jobs, at_once
        self._pausing = False
        self._right = right_to_run(self.folder)
        self._leash, self._held = multiprocessing.Pipe(duplex=False)
        self._thread = threading.Thread(target=self._work, name="sweep", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    @property
    def pausing(self) -> bool:
        """Whether it was told to pause."""
        return self._pausing

    def pause(self) -> None:
        """End all runs that are under way, now: all that arrived is stored, and they can go on."""
        if not self._pausing:
            self._pausing = True
            self._held.close()

    def join(self, seconds: float | None = None) -> None:
        """Wait until it has ended."""
        self._thread.join(seconds)

    def _work(self) -> None:
        try:
            with (
                self._right,
                self._leash,
                in_processes(min(self._at_once, len(self._jobs)), self._leash) as executor,
            ):
                run_jobs(self._jobs, executor, self._at_once, lambda _, __: None, self._hear)
        except (LwdError, BrokenExecutor) as error:
            if not self._pausing:
                self.complaint = str(error)
        finally:
            self.making = frozenset()

    def _hear(self, job: Job, problem: str | None) -> None:
        # Whole new values, since another thread reads them.
        if problem is None:
            self.making |= {job}
        else:
            self.making -= {job}
            self.problems = {**self.problems, job: problem}
