"""What a plan stands on: a rehearsal of the participants, or runs of them that are stored."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.planning import Scatter, scatter
from lwd_tui.errors import LwdError, RunStopped
from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.section import dotted
from lwd_tui.run.cost import Cost, estimate
from lwd_tui.run.rehearsal import Rehearsal
from lwd_tui.store.errors import reading, run_name
from lwd_tui.store.folder import reference
from lwd_tui.store.reader import RunReader

_MOST_STEPS = 24
"""Of a stored run, taken evenly from its last third: enough to average over."""

_MOST_NAMED = 5
_FEWEST_STEPS = 2

# Of a run's file, in bytes: an empty one, and what a row of an answer takes beside its text.
_EMPTY = 100_000
_ROW = 150
_PACKED = 0.4
"""What compression leaves of a prompt."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What a plan stands on.

    Attributes
    ----------
    source : str
        In words.
    scatter : Scatter
    deviation : float
        Standard deviation, over seeds, of the mean norm of the last third of the steps; NaN unless
        several runs are stored.
    prompt_tokens, new_tokens : int
    seconds : float or None
    disk : int
        Bytes of the run's file.
    memory : dict of str to int or None
        Bytes of the weights, by the server's address, "" for this process; None where it isn't
        known.
    """

    source: str
    scatter: Scatter
    deviation: float
    prompt_tokens: int
    new_tokens: int
    seconds: float | None
    disk: int
    memory: dict[str, int | None]


def from_rehearsal(found: Rehearsal) -> Basis:
    """Return what a rehearsal says, of t = 0; raise RunStopped if its answers can't be used."""
    if found.unfit:
        raise RunStopped(found.unfit)
    cost = estimate(found.experiment, found.speeds)
    new_tokens = sum(share.new_tokens for share in cost.shares)
    return Basis(
        f"{found.answers} answers of each participant at t = 0",
        scatter([found.responses]),
        math.nan,
        cost.prompt_tokens,
        new_tokens,
        cost.seconds,
        _disk(
            found.experiment,
            cost,
            found.responses.points.shape[1] // len(found.experiment.queries),
        ),
        _memory([model.to_dict() for model in found.models]),
    )


def from_runs(experiment: Experiment, stores: Sequence[RunReader]) -> Basis:
    """Return what stored runs say, of the last third of their steps.

    Parameters
    ----------
    experiment : Experiment
        With its participants chosen.
    stores : sequence of RunReader
        At least one, of models; if several, of one experiment with other seeds.

    Raises
    ------
    LwdError
        If a run is of other participants, another query, or another embedder, or hardly begun.
    """
    for store in stores:
        _check_fits(experiment, store)
        store.look_at(0)
    late = [_late(store) for store in stores]
    clouds = [
        cloud for store, steps in zip(stores, late, strict=True) for cloud in _clouds(store, steps)
    ]
    norms = [
        np.mean([each.norm for each in store.numbers()[steps.start :]])
        for store, steps in zip(stores, late, strict=True)
    ]
    names = " and ".join(run_name(store.path) for store in stores)
    return replace(
        _scaled(experiment, stores[0]),
        source=f"the last third of {names}",
        scatter=scatter(clouds),
        deviation=float(np.std(norms, ddof=1)) if len(norms) > 1 else math.nan,
    )


def _late(store: RunReader) -> range:
    done = store.finished()
    return range(done - max(1, round(done / 3)), done)


def _clouds(store: RunReader, steps: range) -> list[Responses]:
    n = len(store.experiment.cast)
    chosen = np.unique(np.linspace(steps.start, steps.stop - 1, _MOST_STEPS).round().astype(int))
    found = [store.step(int(t)) for t in chosen]
    return [Responses.of(step.embeddings, step.owners, n) for step in found if step.usable]


def _check_fits(experiment: Experiment, store: RunReader) -> None:
    """Refuse a run whose answers vary otherwise: of other models, asked or embedded differently."""
    if store.finished() < _FEWEST_STEPS:
        raise LwdError(
            f"run {reference(store.path)} has one whole step only; go on with it, or plan without "
            "--from, from a few answers"
        )
    then, now = dict(_depends(store.experiment)), dict(_depends(experiment))
    if differ := [name for name in then | now if then.get(name) != now.get(name)]:
        more = " and more" if len(differ) > _MOST_NAMED else ""
        raise LwdError(
            f"run {reference(store.path)} differs from the experiment in "
            f"{', '.join(differ[:_MOST_NAMED])}{more}: plan from a run of the same participants, "
            "query and embedder"
        )


def _depends(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    """Yield the fields that bear on how answers vary; what a model can do settles the others."""
    fields = experiment.model_dump(
        include={"participants", "query", "template", "scripted", "embedder"}
    )
    del fields["embedder"]["host"]
    for place, who in enumerate(fields.pop("participants")):
        del who["sampling"]["stop"]
        told = {name: who[name] for name in ("backend", "model", "system", "sampling")}
        yield from dotted({f"participants.{place}": told})
    yield from dotted(fields)


def _scaled(experiment: Experiment, store: RunReader) -> Basis:
    """Return the cost of an experiment as that of a stored run, scaled by what both are to cost.

    What the estimate misses of one it misses of the other.
    """
    numbers = store.numbers()
    then = store.experiment.replaced({"steps": len(numbers) - 1})
    wanted, had = estimate(experiment), estimate(then)
    with store.looking_at(1):
        dimension = next((rows.shape[1] for _, rows in store.embeddings(0, 1)), 0)
    new = [sum(share.new_tokens for share in cost.shares) for cost in (wanted, had)]
    read, written = _tokens(store)
    # Not every server counts them.
    read, written = read or had.prompt_tokens, written or new[1]
    grown = (wanted.prompt_tokens + new[0]) / (had.prompt_tokens + new[1])
    stored = store.path.stat().st_size / _disk(then, had, dimension)
    record = store.record
    with reading(store.path):
        memory = _memory([*record.get("models", ()), record.get("embedder", {})])
    return Basis(
        "",
        Scatter(np.empty(0), 1.0),
        math.nan,
        round(read * wanted.prompt_tokens / had.prompt_tokens),
        round(written * new[0] / new[1]),
        sum(each.seconds for each in numbers) * grown,
        round(stored * _disk(experiment, wanted, dimension)),
        memory,
    )


def _tokens(store: RunReader) -> tuple[int, int]:
    """Count the tokens of the prompts of a run's whole steps, and of its answers."""
    read = written = 0
    for t in range(store.finished()):
        prompts: dict[tuple[int, int, int | None], int] = {}
        step = store.step(t)
        for response in store.arrived(t):
            draw = step.draw_for(response.participant, response.index)
            for attempt in response.attempts:
                written += attempt.completion_tokens or 0
                if draw is not None:
                    place = (response.query, draw.participant, draw.response)
                    prompts[place] = attempt.prompt_tokens or 0
        read += sum(prompts.values())
    return read, written


def _disk(experiment: Experiment, cost: Cost, dimension: int) -> int:
    """Estimate the bytes of a run's file; docs/planning.md lists them."""
    steps, n = experiment.steps + 1, len(experiment.cast)
    new_tokens = sum(share.new_tokens for share in cost.shares)
    vectors = cost.responses * (4 * dimension + 24)
    # An answer stands in its row and in the index of its words; some are posts besides.
    texts = 4 * new_tokens * 2 + cost.responses * _ROW
    prompts = cost.prompt_tokens * 4 * _PACKED
    ids = sum(4 * experiment.draw_size(experiment.size(t)) for t in range(steps)) * n
    return round(_EMPTY + vectors + texts + prompts + ids + steps * 8 * n**2)


def _memory(models: Sequence[dict[str, Any]]) -> dict[str, int | None]:
    """Add up the weights on each server, each model once."""
    sizes: dict[str, dict[str, int | None]] = {}
    for model in models:
        if model:
            sizes.setdefault(model.get("host", ""), {})[model["name"]] = model.get("size")
    return {
        host: None if None in each.values() else sum(filter(None, each.values()))
        for host, each in sizes.items()
    }
