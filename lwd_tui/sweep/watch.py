"""How far the runs of a sweep are, whichever process makes them: read from their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lwd_tui.errors import LwdError
from lwd_tui.experiment.llm import Experiment
from lwd_tui.findings.comparison import Scale, compared
from lwd_tui.store.lock import is_locked
from lwd_tui.store.log import Stamp, stamp_of
from lwd_tui.store.records import StepNumbers
from lwd_tui.store.run import RunStore
from lwd_tui.sweep.jobs import Job
from lwd_tui.types import Floats

RunStatus = Literal["waiting", "running", "stopped", "failed", "done", "other"]
"""Of a run: not begun; a process writes it; it can go on; an error stopped it; all its steps are
there; its file can't be used, or holds a run of another experiment."""
_ERRORS = ("error", "worthless")


@dataclass(frozen=True, slots=True, eq=False)
class RunState:
    """How far one run is.

    Attributes
    ----------
    job : Job
    status : RunStatus
    numbers : tuple of StepNumbers
        Of its whole steps.
    problem : str
        What stopped it, or is wrong with its file; not cleaned.
    scale : Scale or None
        With which runs its norms compare; None while there is no file to tell.
    """

    job: Job
    status: RunStatus = "waiting"
    numbers: tuple[StepNumbers, ...] = ()
    problem: str = ""
    scale: Scale | None = None

    def curve(self, reading: str = "norm") -> Floats:
        """Return the norm of each whole step, or another of its numbers."""
        return np.array([getattr(each, reading) for each in self.numbers], dtype=np.float64)


class Watch:
    """Looks at the files of runs again and again, and reads those that have changed."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._states = {job: RunState(job) for job in jobs}
        self._stamps: dict[Job, tuple[Stamp, bool]] = {}

    def look(self) -> list[RunState]:
        """Return how far all runs are now, in the order of the jobs."""
        for job in self._states:
            stamp = stamp_of(job.path), is_locked(job.path)
            if stamp != self._stamps.get(job):
                self._stamps[job] = stamp
                self._states[job] = _read(job)
        return list(self._states.values())


def _read(job: Job) -> RunState:
    if not job.path.exists():
        return RunState(job, "running" if is_locked(job.path) else "waiting")
    try:
        with RunStore.open(job.path) as store:
            if not is_of(job.of_models, store.experiment):
                return RunState(job, "other", (), f"{job.path.name} is a run of another experiment")
            run, events = compared(store.look_at(0)), store.events()
    except LwdError as error:
        return RunState(job, "other", (), str(error))
    status: RunStatus = "stopped"
    problem = ""
    if len(run.numbers) >= job.steps:
        status = "done"
    elif is_locked(job.path):
        status = "running"
    elif events and events[-1].kind in _ERRORS:
        status, problem = "failed", events[-1].message
    return RunState(job, status, run.numbers, problem, run.scale)


def is_of(asked: Experiment, stored: Experiment) -> bool:
    """Say whether a stored run is of an experiment, whose participants may not be chosen yet."""
    if asked.sha256 == stored.sha256:
        return True
    if asked.participants != "auto":
        return False
    chosen = stored.model_dump(mode="json", exclude_none=True, include={"participants", "embedder"})
    return asked.replaced(chosen).sha256 == stored.sha256
