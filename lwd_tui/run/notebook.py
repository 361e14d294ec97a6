"""Runs for a notebook or a program: whole, step by step, and of mixtures."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from lwd_tui.analysis.weights import norms
from lwd_tui.experiment.files import changed, changed_gmm, load_gmm_preset, load_preset
from lwd_tui.experiment.gmm import GmmRun, GmmSpec
from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.llm.network import StepCompleted
from lwd_tui.run.fork import fork_run
from lwd_tui.run.session import Session
from lwd_tui.store.errors import RunExists
from lwd_tui.store.folder import new_run_path
from lwd_tui.store.frames import Run
from lwd_tui.text import clean_line
from lwd_tui.types import Floats, Notice, Step

Fields = Mapping[str, Any]
Source = str | PathLike[str] | Fields


def _say(sentence: str) -> None:
    sys.stderr.write(f"{clean_line(sentence)}\n")


def load_experiment(source: Source | Experiment, changes: Fields | None = None) -> Experiment:
    """Return an experiment: a preset, a TOML file, plain data, or one that is there, with changes.

    Parameters
    ----------
    source : str, path, mapping or Experiment
        A preset's name, the path of a TOML file, or its fields.
    changes : mapping, optional
        Values by dotted fields, as after ``--set``.

    Raises
    ------
    InvalidExperiment
        In one sentence.

    Examples
    --------
    >>> import lwd_tui as lwd
    >>> experiment = lwd.load_experiment("quickstart", {"steps": 3, "embedder.prefix": "post: "})
    >>> experiment.steps, experiment.cast[0].model
    (3, 'smollm2-135m')
    """
    if isinstance(source, Mapping):
        source = Experiment.from_dict(dict(source))
    elif not isinstance(source, Experiment):
        source = load_preset(_name(source))
    return changed(source, dict(changes)) if changes else source


def run(
    experiment: Source | Experiment,
    changes: Fields | None = None,
    *,
    out: str | PathLike[str] | None = None,
    backend: str = "auto",
    models: Sequence[str] = (),
    hosts: Sequence[str] = (),
    notice: Notice = _say,
) -> Run:
    """Run an experiment to its end, store it, and return it.

    It works in a thread of its own, so that it can be called where an event loop runs already.
    Interrupted, it keeps what had arrived; `lwd-tui resume` goes on with it.

    Parameters
    ----------
    experiment, changes
        As for `load_experiment`.
    out : path, optional
        Of the run's file; a new name among the stored runs if not given.
    backend, models, hosts
        As the options ``--backend``, ``--model`` and ``--host`` of the command line.
    notice : callable
        Told, a sentence at a time, what you should know; it is written to stderr if not given.

    Raises
    ------
    LwdError
        What was wrong, or stopped the run, in one sentence.

    Examples
    --------
    >>> import lwd_tui as lwd
    >>> run = lwd.run("quickstart", {"steps": 4}, backend="scripted", notice=lambda _: None)
    >>> run.distances[["t", "a", "b"]].tail(1)
       t       a     b
    4  4  smollm  qwen
    """
    spec = load_experiment(experiment, changes)
    path = new_run_path(spec.name) if out is None else Path(out)
    steps = stream(spec, out=path, backend=backend, models=models, hosts=hosts, notice=notice)
    _apart(_exhaust(steps))
    return Run(path)


async def stream(
    experiment: Source | Experiment,
    changes: Fields | None = None,
    *,
    out: str | PathLike[str] | None = None,
    backend: str = "auto",
    models: Sequence[str] = (),
    hosts: Sequence[str] = (),
    notice: Notice = _say,
) -> AsyncGenerator[Step, None]:
    """Run an experiment, store it, and yield each step when it is whole, with its geometry.

    To leave the loop early, put it into ``contextlib.aclosing``: the models are let go of at once
    then, and the run can be resumed.

    Parameters
    ----------
    experiment, changes, out, backend, models, hosts, notice
        As for `run`.

    Raises
    ------
    LwdError
        What was wrong, or stopped the run, in one sentence.

    Examples
    --------
    >>> import asyncio
    >>> import lwd_tui as lwd
    >>> async def sizes():
    ...     experiment = lwd.load_experiment("quickstart", {"steps": 2})
    ...     steps = lwd.stream(experiment, backend="scripted", notice=lambda _: None)
    ...     return [step.size async for step in steps]
    >>> asyncio.run(sizes())
    [4, 6, 8]
    """
    spec = load_experiment(experiment, changes)
    path = new_run_path(spec.name) if out is None else Path(out)
    wishes = Wishes(backend, tuple(models), tuple(hosts))
    async with aclosing(_steps(Session.start(spec, path, wishes, notice))) as steps:
        async for step in steps:
            yield step


def fork(
    run: Run,
    at: int,
    changes: Fields | None = None,
    *,
    posts: Sequence[str] = (),
    replicate: int = 0,
    out: str | PathLike[str] | None = None,
    notice: Notice = _say,
) -> Run:
    """Take a stored run anew from a step on, to its end, and return what came of it.

    Parameters
    ----------
    run : Run
        The parent.
    at : int
        The first step that is taken anew.
    changes : mapping, optional
        Values by dotted fields, as after ``--set``; without changes and posts it is a twin.
    posts : sequence of str
        Texts put in by hand just before step `at`.
    replicate : int
        0 keeps the parent's seed; each other number gives another one from `at` on.
    out : path, optional
        Of the fork's file; a new name among the stored runs if not given.
    notice : callable
        As for `run`.

    Raises
    ------
    LwdError
        What was wrong, or stopped the fork, in one sentence.

    Examples
    --------
    >>> import lwd_tui as lwd
    >>> run = lwd.run("quickstart", {"steps": 4}, backend="scripted", notice=lambda _: None)
    >>> twin = lwd.fork(run, 2, notice=lambda _: None)
    >>> bool((twin.steps.norm == run.steps.norm).all())
    True
    """
    where = None if out is None else Path(out)
    path = fork_run(run.path, at, changes, posts=posts, replicate=replicate, out=where)
    _apart(_exhaust(_steps(Session.resume(path, notice))))
    return Run(path)


@dataclass(frozen=True, slots=True, eq=False)
class Mixtures:
    """What a network of mixtures came to.

    Attributes
    ----------
    run : GmmRun
        With its weights, of shape (R, T + 1, n, B), and its specification.
    norms : ndarray of shape (R, T + 1)
        Norm of D(t), a row a replicate.
    expected : ndarray of shape (T + 1,)
        The norm that the theory expects of these starts; docs/gmm.md.
    """

    run: GmmRun
    norms: Floats
    expected: Floats


def mixtures(
    spec: Source | GmmSpec,
    changes: Fields | None = None,
    *,
    out: str | PathLike[str] | None = None,
) -> Mixtures:
    """Run the Gaussian-mixture proxy.

    Parameters
    ----------
    spec : str, path, mapping or GmmSpec
        A preset's name, the path of a TOML file, or its fields.
    changes : mapping, optional
        Values by dotted fields, as after ``--set``.
    out : path, optional
        Of a file to store the run in.

    Raises
    ------
    LwdError
        What was wrong, in one sentence.

    Examples
    --------
    >>> import lwd_tui as lwd
    >>> found = lwd.mixtures("gmm-fig4", {"steps": 20, "replicates": 2})
    >>> found.run.weights.shape, found.norms.shape
    ((2, 21, 3, 2), (2, 21))
    """
    # Compiled code is loaded for those who want it.
    from lwd_tui.gmm.network import simulate
    from lwd_tui.run.mixtures import keep, theory

    if isinstance(spec, Mapping):
        spec = GmmSpec.from_dict(dict(spec))
    elif not isinstance(spec, GmmSpec):
        spec = load_gmm_preset(_name(spec))
    if changes:
        spec = changed_gmm(spec, dict(changes))
    if out is not None and Path(out).exists():
        raise RunExists(f"{out} exists already; choose another name")
    found = simulate(spec)
    if out is not None:
        keep(found, Path(out))
    return Mixtures(found, norms(found.weights), theory(found))


def _name(source: str | PathLike[str]) -> str:
    """Return what a preset is found by: a `Path` is one even where it looks like a name."""
    return source if isinstance(source, str) else str(Path(source).absolute())


async def _steps(opening: Awaitable[Session]) -> AsyncGenerator[Step, None]:
    """Go on with a run that is begun or opened, and yield each step when it is whole."""
    async with await opening as session, aclosing(session.run()) as events:
        async for event in events:
            if isinstance(event, StepCompleted):
                yield event.step


async def _exhaust(steps: AsyncGenerator[Step, None]) -> None:
    async with aclosing(steps):
        async for _ in steps:
            pass


def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Do work in another thread, with an event loop of its own, and cancel it on Ctrl-C."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)

    def see_through() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(_result(task))

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(see_through)
        try:
            done.result()
        except BaseException:
            # Unless it is over; leaving the pool waits until it is.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)
            raise


async def _result(task: asyncio.Task[None]) -> None:
    await task
