"""What a sweep costs and could show: said before it is begun, and again as its runs come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.planning import least_effect
from lwd_tui.run.basis import Basis, from_runs
from lwd_tui.run.cost import Cost, estimate
from lwd_tui.run.outlook import clause, outlook
from lwd_tui.store.run import RunStore
from lwd_tui.sweep.watch import RunState
from lwd_tui.text import duration, number_text, quantity, size_text


def cost_sentence(states: Sequence[RunState]) -> str:
    """Say in a sentence what all runs of a sweep cost.

    Answers, tokens and contexts are worked out as those of one run are; the time that is left is
    that of the steps which are there: each step of a variant takes as long as those of its own, or
    else of the others, one run at a time.
    """
    costs: dict[str, Cost | None] = {}
    for state in states:
        job = state.job
        if job.variant not in costs:
            costs[job.variant] = estimate(job.of_models) if job.of_models.cast else None
    said = [f"{len(states)} runs"]
    known = [costs[state.job.variant] for state in states]
    if whole := [cost for cost in known if cost is not None]:
        said += [
            f"{sum(cost.responses for cost in whole):,} answers",
            f"about {quantity(sum(cost.prompt_tokens for cost in whole))} prompt tokens to read",
            f"needs a context of up to {max(cost.context for cost in whole):,} tokens",
        ]
    if len(whole) < len(known):
        said.append("who takes part is chosen when it begins")
    return f"{', '.join(said)}; {_time_left(states)}"


def _time_left(states: Sequence[RunState]) -> str:
    left = {state: state.job.steps - len(state.numbers) for state in states}
    if not any(left.values()):
        return "all runs are there"
    seconds: dict[str, list[float]] = {}
    for state in states:
        seconds.setdefault(state.job.variant, []).extend(each.seconds for each in state.numbers)
    taken = [each for of in seconds.values() for each in of]
    if not taken:
        return "how long that takes is known from the first steps on"
    usual = float(np.mean(taken))
    means = {name: float(np.mean(of)) if of else usual for name, of in seconds.items()}
    total = sum(means[state.job.variant] * steps for state, steps in left.items())
    return f"about {duration(total)} left, one run at a time"


def shown_sentence(states: Sequence[RunState], measured: Basis | None = None) -> str:
    """Say in a sentence what a sweep could show of the norm.

    It stands on the whole runs of its first variant, or else on a few answers that were asked for,
    or else on the number of its seeds alone; see docs/planning.md.

    Raises
    ------
    LwdError
        If a run can't be read.
    """
    first = [state for state in states if state.job.variant == states[0].job.variant]
    seeds = len(first)
    if seeds < 2:
        return "one seed shows no difference between variants: nothing tells it from chance"
    effect = least_effect(seeds)
    done = [state.job for state in first if state.status == "done"]
    difference = f"{effect:.2g} standard deviations of a difference"
    told = f"{seeds} pairs show {difference}, four times of five"
    with ExitStack() as stack:
        stores = [stack.enter_context(RunStore.open(job.path)) for job in done]
        experiment = stores[0].experiment if stores else first[0].job.of_models
        try:
            basis = from_runs(experiment, stores) if stores else measured
        except UnfitData:  # With fewer than four answers how they vary can't be told.
            basis = None
    if basis is None:
        return told
    found = outlook(experiment, basis, seeds=seeds)
    said = [clause(experiment, basis.scatter)]
    if math.isfinite(found.least_difference):
        least = f"a difference of {number_text(found.least_difference)} ({difference})"
        told = told.replace(difference, least)
    said.append(told)
    if basis.seconds is not None:
        said.append(f"about {duration(basis.seconds)} and {size_text(basis.disk)} a run")
    return "; ".join(part for part in said if part)
