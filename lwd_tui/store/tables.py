"""A run as tables of plain values, in one order that doesn't depend on when answers arrived."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lwd_tui.store.rows import prompt_hash
from lwd_tui.store.run import RunStore
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


_RESPONSE = (Column("t", "int"), Column("participant", "int"), Column("name", "text"))
_ANSWER = (
    Column("text", "text"),
    Column("problem", "text"),
    Column("finish_reason", "text"),
    Column("prompt_tokens", "int"),
    Column("completion_tokens", "int"),
    Column("seed", "int"),
    Column("thinking", "text"),
)
_WAY = (Column("seconds", "float", content=False), Column("host", "text", content=False))

TABLES: dict[str, tuple[Column, ...]] = {
    "run": (Column("experiment", "json"), Column("record", "json", content=False)),
    "posts": (
        Column("id", "int"),
        Column("step", "int"),
        Column("origin", "text"),
        Column("author", "text"),
        Column("label", "text"),
        Column("text", "text"),
    ),
    "prompts": (
        Column("sha256", "text"),
        Column("style", "text"),
        Column("position", "int"),
        Column("role", "text"),
        Column("content", "text"),
    ),
    "draws": (
        *_RESPONSE,
        Column("response", "int"),
        Column("prompt", "text"),
        Column("posts", "ints"),
    ),
    "responses": (
        *_RESPONSE,
        Column("response", "int"),
        *_ANSWER,
        Column("x", "float"),
        Column("y", "float"),
        *_WAY,
        Column("embedding", "floats"),
    ),
    "attempts": tuple(
        Column(column.name, column.kind, content=False)
        for column in (
            *_RESPONSE,
            Column("response", "int"),
            Column("number", "int"),
            *_ANSWER,
            *_WAY,
            Column("retries", "json"),
        )
    ),
    "distances": (
        Column("t", "int"),
        Column("a", "text"),
        Column("b", "text"),
        Column("distance", "float"),
    ),
    "dispersions": (*_RESPONSE, Column("dispersion", "float")),
    "steps": (
        Column("t", "int"),
        Column("k", "int"),
        Column("size", "int"),
        Column("synthetic", "int"),
        Column("norm", "float"),
        Column("norm_debiased", "float"),
        Column("noise_floor", "float"),
        Column("explained", "float"),
        Column("failed", "int"),
        Column("truncated", "int"),
        Column("seconds", "float", content=False),
    ),
    "events": (
        Column("time", "text", content=False),
        Column("event", "text", content=False),
        Column("message", "text", content=False),
        Column("t", "int", content=False),
    ),
}
"""Each table with its columns."""


def wanted_tables(
    all_tables: dict[str, tuple[Column, ...]], *, content_only: bool, embeddings: bool
) -> dict[str, tuple[Column, ...]]:
    """Return the tables with the columns that are asked for; one without any is left out."""
    tables = {
        name: tuple(
            column
            for column in columns
            if (column.content or not content_only) and (embeddings or column.name != "embedding")
        )
        for name, columns in all_tables.items()
    }
    return {name: columns for name, columns in tables.items() if columns}


def table_rows(store: RunStore, *, content_only: bool) -> Iterator[tuple[str, Values]]:
    """Yield (table, row) for all that is stored: run, posts, then step by step, then events.

    A step that isn't whole gives what is there of it, without a row in "steps". Rows hold more
    than `wanted_tables` may ask for; only the experiment's hosts are left out here, if only
    content is wanted.
    """
    experiment = store.experiment.to_dict()
    if content_only:
        for part in (*experiment["participants"], experiment["embedder"]):
            del part["host"]
    yield "run", {"experiment": experiment, "record": store.record}
    for post in store.posts():
        yield (
            "posts",
            {name: getattr(post, name) for name in ("id", "step", "origin", "author", "label")}
            | {"text": post.text},
        )
    names = [participant.name for participant in store.experiment.cast]
    prompts: set[str] = set()
    finished = store.finished()
    for t in range(finished):
        step = store.step(t)
        yield from _draw_rows(store, names, step.draws, prompts)
        yield from _response_rows(names, step.responses, step.embeddings, step.geometry)
        if step.geometry is not None:
            yield from _geometry_rows(t, names, step.geometry)
        yield "steps", _step_values(step)
    yield from _draw_rows(store, names, store.draws(finished), prompts)
    yield from _response_rows(names, store.pending(finished))
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


def _step_values(step: Step) -> Values:
    geometry = step.geometry
    return {
        "t": step.t,
        "k": step.k,
        "size": step.size,
        "synthetic": step.synthetic,
        "norm": _number(geometry.norm) if geometry else None,
        "norm_debiased": _number(geometry.norm_debiased) if geometry else None,
        "noise_floor": _number(geometry.noise_floor) if geometry else None,
        "explained": _number(geometry.explained) if geometry else None,
        "failed": sum(response.failed for response in step.responses),
        "truncated": step.truncated,
        "seconds": _number(step.seconds),
    }


def _draw_rows(
    store: RunStore, names: list[str], draws: Iterable[Draw], prompts: set[str]
) -> Iterator[tuple[str, Values]]:
    """Yield draws, each after its prompt if that is a new one, and remember the prompts."""
    for draw in draws:
        prompt = store.prompt(draw.t, draw.participant, draw.response)
        sha256 = prompt_hash(prompt).hex()
        if sha256 not in prompts:
            prompts.add(sha256)
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
        answers = [
            {
                "text": attempt.text,
                "problem": attempt.problem,
                "finish_reason": attempt.finish_reason,
                "prompt_tokens": attempt.prompt_tokens,
                "completion_tokens": attempt.completion_tokens,
                "seed": attempt.seed,
                "thinking": attempt.thinking,
                "seconds": _number(attempt.seconds),
                "host": attempt.host,
            }
            for attempt in response.attempts
        ]
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
        distance = _number(geometry.distances[a, b])
        yield "distances", {"t": t, "a": names[a], "b": names[b], "distance": distance}
    for participant, dispersion in enumerate(_numbers(geometry.dispersion)):
        yield "dispersions", _who(t, participant, names) | {"dispersion": dispersion}


def _who(t: int, participant: int, names: list[str]) -> Values:
    return {"t": t, "participant": participant, "name": names[participant]}


def _number(value: float) -> float | None:
    """Return a number that every format has; None where it isn't defined."""
    return float(value) if math.isfinite(value) else None


def _numbers(values: NDArray[np.floating[Any]]) -> list[float | None]:
    found = values.tolist()
    return found if np.isfinite(values).all() else list(map(_number, found))
