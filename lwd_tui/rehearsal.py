"""A run tried out before it starts: its models are loaded and answer one short request each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from lwd_tui.cost import Runner, Speed, probe, runner
from lwd_tui.crew import assemble
from lwd_tui.experiment import Experiment

Notice = Callable[[str], None]


async def rehearse(
    experiment: Experiment, hosts: Sequence[str], notice: Notice
) -> dict[Runner, Speed]:
    """Measure how fast the participants of an experiment answer.

    Parameters
    ----------
    experiment : Experiment
        With its participants chosen.
    hosts : sequence of str
        Servers of the run.
    notice : callable
        Called with each sentence that the user must see.

    Returns
    -------
    dict of Runner to Speed
        One for each backend, host and model.

    Raises
    ------
    BackendError
        Whatever would keep the run from starting.
    """
    crew = await assemble(experiment, hosts, notice)
    speeds: dict[Runner, Speed] = {}
    try:
        for who, generator, context in zip(
            experiment.cast, crew.generators, crew.contexts, strict=True
        ):
            if runner(who) not in speeds:
                nonce = time.time_ns() % (2**31 - 4)
                speeds[runner(who)] = await probe(generator, who, experiment, context, nonce)
    finally:
        await crew.aclose()
    return speeds
