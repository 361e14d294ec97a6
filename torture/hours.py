"""Half a day with slow models, its waiting left out: the watchdog, keep-alive, and what is left."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.engine import StandInModel, WordEngine
from support.hastened import Clock, hastened
from support.ollama_faults import hang, hang_in_stream
from support.ollama_server import OllamaStandIn

from lwd_tui.experiment.participants import Wishes
from lwd_tui.store.run import RunStore
from lwd_tui.tui.state.controller import RunController
from lwd_tui.tui.state.messages import NoticeGiven, RunFailed
from lwd_tui.tui.state.progress import Phase
from torture.runs import Broken, Trial, experiment

HOUR = 3600.0
_LEARNT = 2
"""Steps after which the time that is left must be told rightly."""
_OFF = 0.05
"""Share of the time that is left by which what is told of it may be wrong."""
_SILENT = {hang: 600.0, hang_in_stream: 60.0}
"""What falls silent, and the seconds after which it is given up."""


@dataclass
class _Run:
    """What was seen of a run: when each step was whole, and what was told then to be left.

    `loads` are those of its server up to its first step; `silent`, how the first answers of the
    next steps fall silent.
    """

    clock: Clock
    controller: RunController
    whole: list[float]
    left: list[float | None]
    said: list[str]
    loads: int
    silent: list[Any]
    told: asyncio.Event


def hours(trial: Trial) -> None:
    """Run slow models for twelve hours: nothing is given up that is alive, nor loaded twice."""
    slots = trial.rng.choice((1, 2))
    spec = {
        "responses": trial.rng.choice((2, 3)),
        "posting": "replace",
        # As many as are posted a step, so that all steps read alike.
        "posts": [{"text": "Post one."}, {"text": "Post two."}],
        "seed": trial.rng.randrange(1000),
    }
    # Just within what is waited for a token, and for a queue of answers.
    pace = trial.rng.uniform(50, 59)
    for steady in (True, False):
        again = hastened(lambda clock, it=steady: _half_a_day(trial, clock, slots, pace, spec, it))
        # After a night without a request its server has let go of each of them.
        if sorted(again) != ([] if steady else ["ada:1b", "ben:1b", "emb:1b"]):
            raise Broken(f"models were loaded again: {again}")


async def _half_a_day(
    trial: Trial, clock: Clock, slots: int, pace: float, more: dict[str, Any], steady: bool
) -> list[str]:
    """Make a run of twelve hours; one that isn't steady rests for a night, and meets silence.

    Return the models that were loaded after its first step.
    """
    engine = WordEngine(token_seconds=pace)
    models = [StandInModel(name) for name in ("ada:1b", "ben:1b", "emb:1b")]
    models[2] = StandInModel("emb:1b", embeds=True)
    server = OllamaStandIn(port=11434, models=models, engine=engine, slots=slots, load_seconds=20)
    people = [
        {"name": name, "backend": "ollama", "model": f"{name}:1b", "host": server.url}
        for name in ("ada", "ben")
    ]
    answers = math.ceil(more["responses"] / slots) * engine.words * pace
    spec = experiment(
        participants=people,
        embedder={"backend": "ollama", "model": "emb:1b", "host": server.url},
        steps=round(12 * HOUR / answers),
        **more,
    )
    path = trial.folder / f"{'steady' if steady else 'odd'}.sqlite"
    async with server:
        run = _begun(clock, server)
        run.controller.start(spec, Wishes(), path)
        silent = 0.0
        if not steady:
            silent = await _disturbed(trial.rng, run)
        await _until(run, "done", "failed")
        await run.controller.aclose()
    _see_that_it_is_whole(path, run, _SILENT if not steady else {})
    if steady:
        _see_what_was_left(run)
    trial.counts["hours"] += round((run.whole[-1] - run.whole[0] - silent) / HOUR)
    return server.loads[run.loads :]


def _begun(clock: Clock, server: OllamaStandIn) -> _Run:
    def tell(message: Any) -> None:
        controller = run.controller
        run.told.set()
        if isinstance(message, (NoticeGiven, RunFailed)):
            run.said.append(message.sentence)
        if not run.whole:
            run.loads = len(server.loads)
        while len(run.whole) < len(controller.numbers):
            # What is asked for next is an answer.
            server.faults.extend(run.silent[:1])
            del run.silent[:1]
            run.whole.append(clock())
            run.left.append(controller._seconds_left())

    run = _Run(clock, RunController(tell), [], [], [], 0, [], asyncio.Event())
    return run


async def _until(run: _Run, *phases: Phase) -> None:
    while run.controller.progress.phase not in phases:
        run.told.clear()
        await run.told.wait()


async def _disturbed(rng: random.Random, run: _Run) -> float:
    """Let streams fall silent, then hold the run for a night; return the seconds of that."""
    await asyncio.sleep(rng.uniform(1, 3) * HOUR)
    run.silent.extend(_SILENT)
    await asyncio.sleep(2 * HOUR)
    run.controller.pause()
    await _until(run, "paused")
    told, began = run.controller._seconds_left(), run.clock()
    await asyncio.sleep(12 * HOUR)
    if run.controller._seconds_left() != told:
        raise Broken("what is left changed while the run was held")
    run.controller.run()
    return run.clock() - began


def _see_that_it_is_whole(path: Path, run: _Run, silent: dict[Any, float]) -> None:
    with RunStore.open(path) as store:
        if store.status != "done":
            raise Broken(f"{path} is {store.status}: {run.said}")
        faults = [
            fault
            for t in range(store.finished())
            for response in store.step(t).responses
            for attempt in response.attempts
            for fault in attempt.retries
        ]
    limits = sorted(f" within {seconds:g} s" for seconds in silent.values())
    if len(faults) != len(limits) or not all(
        any(fault.endswith(limit) for fault in faults) for limit in limits
    ):
        raise Broken(f"{path}: {len(silent)} streams fell silent, and {faults} is recorded")


def _see_what_was_left(run: _Run) -> None:
    """See that what was told to be left, step by step, is what then passed."""
    for at, told in list(zip(run.whole, run.left, strict=True))[_LEARNT:-1]:
        passed = run.whole[-1] - at
        if told is None or abs(told - passed) > _OFF * passed:
            raise Broken(f"{told} s were told to be left, and it took {passed:.0f} s")
