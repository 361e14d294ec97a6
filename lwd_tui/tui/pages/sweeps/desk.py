"""All sweeps that are looked at: read off the thread that paints, and read again where new."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lwd_tui.errors import LwdError
from lwd_tui.experiment.participants import REHEARSAL, Wishes
from lwd_tui.run.basis import Basis
from lwd_tui.sweep.conduct import Conductor
from lwd_tui.sweep.jobs import Job, settled
from lwd_tui.sweep.outlook import cost_sentence, shown_sentence
from lwd_tui.sweep.own import Plan, plans, read_plan, written_at
from lwd_tui.sweep.pairs import Place
from lwd_tui.sweep.results import RunResult, run_result
from lwd_tui.sweep.watch import Watch
from lwd_tui.tui.pages.sweeps.shelf import Seen, folder_of, look


class Desk:
    """Its methods may be called from any thread.

    Attributes
    ----------
    others : list of Path
        Files of sweeps that the user named.
    rehearsal : bool
        Whether it is the rehearsals that are looked at.
    measured : dict of Path to Basis
        What a few answers came to, by the files of sweeps.
    """

    def __init__(self) -> None:
        self.others: list[Path] = []
        self.rehearsal = False
        self.measured: dict[Path, Basis] = {}
        self._lock = threading.Lock()
        self._watches: dict[tuple[Path, bool], tuple[Plan, Watch]] = {}
        self._results: dict[Path, RunResult] = {}
        self._unread: set[Path] = set()
        self._said: dict[tuple[Path, bool], tuple[tuple[int, ...], tuple[str, ...]]] = {}

    def read(self, conductor: Conductor | None) -> list[Seen]:
        """Return all sweeps that there are now."""
        with self._lock:
            self._unread.clear()
            return [self._seen(plan, conductor) for plan in plans(self.others)]

    def look(self, seen: Seen, conductor: Conductor | None) -> Seen:
        """Return a sweep as it is now."""
        plan = seen.plan
        with self._lock:
            if written_at(plan.path) != plan.written:
                plan = read_plan(plan.path, shipped=plan.shipped)
            return self._seen(plan, conductor)

    def _seen(self, plan: Plan, conductor: Conductor | None) -> Seen:
        if plan.problem or plan.sweep is None:
            return Seen(plan)
        key = plan.path, self.rehearsal
        held = self._watches.get(key)
        if held is None or held[0].written != plan.written:
            if self.rehearsal:
                try:
                    plan = replace(plan, jobs=tuple(rehearsed(plan)))
                except LwdError as error:
                    return Seen(replace(plan, problem=str(error)))
            held = self._watches[key] = plan, Watch(plan.jobs)
        plan, watch = held
        return look(plan, watch, conductor, folder_of(plan, rehearsal=self.rehearsal))

    def said(self, seen: Seen) -> tuple[str, ...]:
        """Return in sentences what a sweep costs and could show."""
        if not seen.states:
            return ()
        steps = tuple(len(state.numbers) for state in seen.states)
        measured = self.measured.get(seen.plan.path)
        key, stamp = (seen.plan.path, self.rehearsal), (id(measured), *steps)
        if self._said.get(key, ((), ()))[0] != stamp:
            try:
                said = cost_sentence(seen.states), shown_sentence(seen.states, measured)
            except LwdError as error:
                said = cost_sentence(seen.states), str(error)
            self._said[key] = stamp, said
        return self._said[key][1]

    def values(self, seen: Seen, number: str) -> Mapping[Place, float]:
        """Return one number of each whole run, as far as it is known: see `advance`."""
        if number == "norm":
            return seen.late_norms
        return {
            (state.job.variant, state.job.seed): self._results[state.job.path].late[number]
            for state in seen.states
            if state.status == "done" and state.job.path in self._results
        }

    def left(self, seen: Seen) -> list[Job]:
        """Return the whole runs whose numbers, but for norms, aren't known yet.

        Those that couldn't be read are left out until all sweeps are read again.
        """
        return [
            state.job
            for state in seen.states
            if state.status == "done"
            and state.job.path not in self._results
            and state.job.path not in self._unread
        ]

    def advance(self, job: Job) -> None:
        """Compute the numbers of a whole run.

        Raises
        ------
        LwdError
            If it can't be read.
        """
        try:
            self._results[job.path] = run_result(job)
        except LwdError:
            self._unread.add(job.path)
            raise


def rehearsed(plan: Plan) -> list[Job]:
    """Return the jobs of a sweep with scripted models, kept in a folder of their own."""
    folder = folder_of(plan, rehearsal=True)
    jobs = [replace(job, path=folder / job.path.name) for job in plan.jobs]
    return asyncio.run(settled(jobs, Wishes(REHEARSAL), lambda _: None))
