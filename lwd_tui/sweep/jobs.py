"""The runs of a sweep, made one after another or at once.

Each run is one file in the sweep's folder; those that are there already are gone on with, never
redone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import aclosing
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from pathlib import Path

from lwd_tui.errors import LwdError, RunStopped
from lwd_tui.experiment.files import load_either, user_path
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.llm import Experiment, InvalidExperiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.experiment.section import dotted
from lwd_tui.run.choose import choose_cast
from lwd_tui.run.session import Session
from lwd_tui.store.errors import ENDING
from lwd_tui.store.run import RunStore
from lwd_tui.sweep.variants import Sweep, stem
from lwd_tui.types import Notice

LOOK = 0.5
"""Seconds between two looks at how far the runs are."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One run of a sweep, kept in a file; its participants are chosen once it is `settled`."""

    variant: str
    seed: int
    experiment: Experiment | GmmSpec
    path: Path

    @property
    def steps(self) -> int:
        """T + 1."""
        return self.experiment.steps + 1

    @property
    def of_models(self) -> Experiment:
        """The experiment, where it is known to be of language models."""
        if isinstance(self.experiment, GmmSpec):
            raise InvalidExperiment(f"{self.path.stem} is a run of mixtures")
        return self.experiment


def jobs_of(sweep: Sweep, where: Path, folder: Path) -> list[Job]:
    """Return the runs of a sweep, seed by seed, so that one that is cut short is balanced.

    They are kept in a folder; `where` is the sweep's own file.

    Raises
    ------
    InvalidExperiment
        Naming the variant, and what is wrong with it.
    """
    preset = sweep.preset
    if preset.endswith(".toml") or "/" in preset or "\\" in preset:
        preset = str(where.parent / user_path(preset))
    base = load_either(preset).replaced(dict(dotted(sweep.changes)), str(where))
    jobs = []
    for seed in sweep.seeds:
        for variant in sweep.variants:
            changes = dict(dotted(variant.changes)) | {
                "name": f"{sweep.name} {variant.name}"[:60],
                "seed": seed,
            }
            experiment = base.replaced(changes, f"{where}, variant {variant.name!r}")
            path = folder / f"{stem(variant.name)}-seed-{seed}{ENDING}"
            jobs.append(Job(variant.name, seed, experiment, path))
    return jobs


async def settled(jobs: Sequence[Job], wishes: Wishes, notice: Notice) -> list[Job]:
    """Return the jobs with their participants chosen, once for all runs that ask for the same.

    Raises
    ------
    LwdError
        If they can't be chosen.
    """
    told: set[str] = set()

    def once(sentence: str) -> None:
        if sentence not in told:
            told.add(sentence)
            notice(sentence)

    return [
        job
        if isinstance(job.experiment, GmmSpec)
        else replace(job, experiment=await choose_cast(job.experiment, wishes, once))
        for job in jobs
    ]


def steps_done(job: Job) -> int:
    """Return how many whole steps of a run are stored.

    Raises
    ------
    InvalidExperiment
        If the file holds a run of another experiment.
    StoreError
        If it can't be read.
    """
    if not job.path.exists():
        return 0
    with RunStore.open(job.path) as store:
        if store.ran.sha256 != job.experiment.sha256:
            raise InvalidExperiment(
                f"{job.path} is a run of another experiment; name another folder with --out"
            )
        return store.finished()


def see_through(job: Job) -> str:
    """Begin a run or go on with it, and see it through; return what stopped it, or "".

    It needs nothing but its argument, so that any process can do it.
    """
    try:
        asyncio.run(go_through(job))
    except LwdError as error:
        return str(error)
    return ""


async def go_through(job: Job) -> None:
    """Begin a run or go on with it, and see it through.

    Raises
    ------
    LwdError
        What stopped it.
    """
    if isinstance(job.experiment, GmmSpec):
        _mix(job.experiment, job.path)
        return

    def unheard(_: str) -> None: ...  # It is recorded with the run.

    if job.path.exists():
        session = await Session.resume(job.path, unheard)
    else:
        session = await Session.start(job.experiment, job.path, Wishes(), unheard)
    async with session, aclosing(session.run()) as events:
        async for _ in events:
            pass


def _mix(spec: GmmSpec, path: Path) -> None:
    from lwd_tui.gmm.network import simulate  # Numba takes half a second.
    from lwd_tui.run.mixtures import keep

    # Others run beside it.
    keep(simulate(spec, threads=1), path)


def leave_with_parent(leash: Connection | None = None) -> None:
    """End this process as soon as the one that started it is gone, however that ended.

    Or when it lets go of the other end of a leash. One that is left would go on with its run, keep
    it locked, and then wait for ever.
    """
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait_for([parent.sentinel] if leash is None else [parent.sentinel, leash])
            os._exit(RunStopped.exit_code)

    threading.Thread(target=watch, daemon=True).start()


def run_jobs(
    jobs: Sequence[Job],
    executor: Executor,
    at_once: int,
    tell: Callable[[Job, int], None],
    hear: Callable[[Job, str | None], None] = lambda _, __: None,
) -> dict[Job, str]:
    """Run what isn't done yet; return the runs that could not go on, and why: they still can.

    The executor runs `see_through`, in processes of this machine or of a cluster, for so many runs
    at a time, whose participants are chosen. `tell` is called with each job and its whole steps, at
    first and whenever there are more; `hear` with each job that is begun, and None, and when it has
    ended, with what stopped it, or "".

    Raises
    ------
    InvalidExperiment, StoreError
        Before anything is run, if a file in the folder isn't what is asked for.
    RunStopped
        If a process of the executor died.
    """
    done = {job: steps_done(job) for job in jobs}
    for job, steps in done.items():
        tell(job, steps)
    waiting = deque(job for job in jobs if done[job] < job.steps)
    running: dict[Future[str], Job] = {}
    problems: dict[Job, str] = {}
    while waiting or running:
        # No more than can run at once is handed over: what was would begin even after a Ctrl-C.
        while waiting and len(running) < at_once:
            job = waiting.popleft()
            running[executor.submit(see_through, job)] = job
            hear(job, None)
        finished, _ = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
        for future, job in list(running.items()):
            if future in finished:
                del running[future]
                if problem := _result(future):
                    problems[job] = problem
                hear(job, problem)
            if (steps := _steps_seen(job)) > done[job]:
                done[job] = steps
                tell(job, steps)
    return problems


def _result(future: Future[str]) -> str:
    try:
        return future.result()
    except BrokenExecutor:
        raise RunStopped(
            "a process of the sweep was ended from outside, or by a fault of a model's library; "
            "the same command goes on with what is stored"
        ) from None


def _steps_seen(job: Job) -> int:
    """Return the whole steps of a run that may be in the making."""
    try:
        return steps_done(job)
    except LwdError:
        return 0
