"""A run as tables of plain values, in one order that doesn't depend on when answers arrived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lwd_tui.store.run import RunStore
from lwd_tui.text import json_number
from lwd_tui.types import Draw, Geometry, Response, Step

Values = dict[str, Any]
Kind = Literal["int", "float", "text", "ints", "floats", "json"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    kind : str
        Of its values, each of which may be None; "ints" and "floats" are lists, "json" is
        anything that JSON has.
    content : bool
        False for times, hosts and attempts, in which equal experiments differ.
    """

    name: str
    kind: Kind
    content: bool = True


def columns(content: bool = True, /, **kinds: Kind) -> tuple[Column, ...]:
    """Return a column for each name and kind."""
    return tuple(Column(name, kind, content) for name, kind in kinds.items())


_RESPONSE = columns(t="int", participant="int", name="text")
_ATTEMPT = columns(
    text="text",
    problem="text",
    finish_reason="text",
    prompt_tokens="int",
    completion_tokens="int",
    seed="int",
    thinking="text",
)
_WAY = columns(False, seconds="float", host="text")
_POST = columns(id="int", step="int", origin="text", author="text", label="text", text="text")
_STEP = columns(t="int", k="int", size="int", synthetic="int")
_NORMS = columns(norm="float", norm_debiased="float", noise_floor="float", explained="float")
_COUNTS = (*columns(failed="int", truncated="int"), *columns(False, seconds="float"))

TABLES: dict[str, tuple[Column, ...]] = {
    "run": (*columns(experiment="json"), *columns(False, record="json")),
    "posts": _POST,
    "prompts": columns(sha256="text", style="text", position="int", role="text", content="text"),
    "draws": (*_RESPONSE, *columns(response="int", prompt="text", posts="ints")),
    "responses": (
        *_RESPONSE,
        *columns(response="int"),
        *_ATTEMPT,
        *columns(x="float", y="float"),
        *_WAY,
        *columns(embedding="floats"),
    ),
    "attempts": tuple(
        replace(column, content=False)
        for column in (
            *_RESPONSE,
            *columns(response="int", number="int"),
            *_ATTEMPT,
            *_WAY,
            *columns(retries="json"),
        )
    ),
    "distances": columns(t="int", a="text", b="text", distance="float"),
    "dispersions": (*_RESPONSE, *columns(dispersion="float")),
    "steps": (*_STEP, *_NORMS, *_COUNTS),
    "events": columns(False, time="text", event="text", message="text", t="int"),
}
"""Each table with its columns, of a run that asks one query."""

_ASKED = ("draws", "responses", "attempts", "distances", "dispersions", "steps")


def tables_of(store: RunStore) -> dict[str, tuple[Column, ...]]:
    """Return each table of a run of models with its columns.

    Where several queries are asked, `query` says to which a row belongs, from 1; 0: to all
    together, whose replicates have a table of their own.
    """
    if store.queries == 1:
        return TABLES
    query = columns(query="int")
    asked = {
        name: (*whole[:1], *query, *whole[1:]) if name in _ASKED else whole
        for name, whole in TABLES.items()
    }
    replicates = (*_RESPONSE, *columns(response="int", problem="text", x="float", y="float"))
    return asked | {"replicates": replicates}


def wanted_tables(
    all_tables: dict[str, tuple[Column, ...]], *, content_only: bool, embeddings: bool
) -> dict[str, tuple[Column, ...]]:
    """Return the tables with the columns that are asked for; one without any is left out."""
    tables = {
        name: tuple(
            column
            for column in whole
            if (column.content or not content_only) and (embeddings or column.name != "embedding")
        )
        for name, whole in all_tables.items()
    }
    return {name: kept for name, kept in tables.items() if kept}


def table_rows(
    store: RunStore, *, content_only: bool, embeddings: bool
) -> Iterator[tuple[str, Values]]:
    """Yield (table, row) for all that is stored: run, posts, then step by step, then events.

    A step that isn't whole gives what is there of it, without a row in "steps". Rows hold more
    than `wanted_tables` may ask for; only the experiment's hosts are left out here, if only
    content is wanted, and what embeddings hold.
    """
    experiment = store.experiment.to_dict()
    if content_only:
        for part in (*experiment["participants"], experiment["embedder"]):
            del part["host"]
    yield "run", {"experiment": experiment, "record": store.record}
    for post in store.posts():
        yield "posts", _values(post, _POST)
    prompts: set[str] = set()
    for t in range(store.finished() + 1):
        for query in range(1, store.queries + 1):
            with store.looking_at(query):
                for table, row in _step_rows(store, t, prompts, embeddings):
                    yield table, row | {"query": query}
        if store.queries > 1:
            yield from _together_rows(store, t)
    for event in store.events():
        yield (
            "events",
            {
                "time": event.time.isoformat(),
                "event": event.kind,
                "message": event.message,
                "t": event.t,
            },
        )


def _step_rows(
    store: RunStore, t: int, prompts: set[str], embeddings: bool
) -> Iterator[tuple[str, Values]]:
    """Yield what there is of a step, whole or not, of the query that is looked at."""
    names = [participant.name for participant in store.experiment.cast]
    if t == store.finished():
        yield from _draw_rows(store, names, t, store.draws(t), prompts)
        yield from _response_rows(names, store.pending(t))
        return
    step = store.step(t)
    yield from _draw_rows(store, names, t, step.draws, prompts)
    vectors = step.embeddings if embeddings else None
    yield from _response_rows(names, step.responses, vectors, step.geometry)
    yield from _number_rows(step, names)


def _number_rows(step: Step, names: list[str]) -> Iterator[tuple[str, Values]]:
    if step.geometry is not None:
        yield from _geometry_rows(step.t, names, step.geometry)
    norms = _values(step.geometry, _NORMS) if step.geometry else _NO_NORMS
    yield "steps", _values(step, (*_STEP, *_COUNTS)) | norms


def _together_rows(store: RunStore, t: int) -> Iterator[tuple[str, Values]]:
    """Yield the replicates and the numbers of all queries together, of a whole step."""
    if t == store.finished():
        return
    names = [participant.name for participant in store.experiment.cast]
    with store.looking_at(0):
        step = store.step(t)
        for table, row in _response_rows(names, step.responses, None, step.geometry):
            if table == "responses":
                yield "replicates", row
        for table, row in _number_rows(step, names):
            yield table, row | {"query": 0}


_NO_NORMS: Values = dict.fromkeys(column.name for column in _NORMS)


def _values(record: object, wanted: Iterable[Column]) -> Values:
    """Return the fields of a record that are columns, each number as every format has it."""
    return {
        column.name: json_number(value) if column.kind == "float" else value
        for column in wanted
        for value in [getattr(record, column.name)]
    }


def _draw_rows(
    store: RunStore, names: list[str], t: int, draws: Iterable[Draw], prompts: set[str]
) -> Iterator[tuple[str, Values]]:
    """Yield a step's draws, each after its prompt if that is new, and remember the prompts."""
    for draw, digest in zip(draws, store.prompt_hashes(t), strict=True):
        sha256 = digest.hex()
        if sha256 not in prompts:
            prompts.add(sha256)
            prompt = store.prompt(t, draw.participant, draw.response)
            for position, message in enumerate(prompt.messages):
                yield (
                    "prompts",
                    {
                        "sha256": sha256,
                        "style": prompt.style,
                        "position": position,
                        "role": message.role,
                        "content": message.content,
                    },
                )
        yield (
            "draws",
            _who(draw.t, draw.participant, names)
            | {"response": draw.response, "prompt": sha256, "posts": list(draw.posts)},
        )


def _response_rows(
    names: list[str],
    responses: Iterable[Response],
    embeddings: NDArray[np.float32] | None = None,
    geometry: Geometry | None = None,
) -> Iterator[tuple[str, Values]]:
    usable = 0
    for response in responses:
        who = _who(response.t, response.participant, names) | {"response": response.index}
        answers = [_values(attempt, (*_ATTEMPT, *_WAY)) for attempt in response.attempts]
        place: Values = {"x": None, "y": None, "embedding": None}
        if not response.failed:
            if geometry is not None:
                place["x"], place["y"] = _numbers(geometry.coordinates[usable])
            if embeddings is not None:
                place["embedding"] = _numbers(embeddings[usable])
            usable += 1
        yield "responses", who | answers[-1] | place
        for number, (answer, attempt) in enumerate(zip(answers, response.attempts, strict=True)):
            retries = list(attempt.retries)
            yield "attempts", who | {"number": number} | answer | {"retries": retries}


def _geometry_rows(t: int, names: list[str], geometry: Geometry) -> Iterator[tuple[str, Values]]:
    for a, b in combinations(range(len(geometry.distances)), 2):
        distance = json_number(geometry.distances[a, b])
        yield "distances", {"t": t, "a": names[a], "b": names[b], "distance": distance}
    for participant, dispersion in enumerate(_numbers(geometry.dispersion)):
        yield "dispersions", _who(t, participant, names) | {"dispersion": dispersion}


def _who(t: int, participant: int, names: list[str]) -> Values:
    return {"t": t, "participant": participant, "name": names[participant]}


def _numbers(values: NDArray[np.floating[Any]]) -> list[float | None]:
    found = values.tolist()
    return found if np.isfinite(values).all() else list(map(json_number, found))
