"""Whether what a run's file holds can be what was written to it: files come from strangers too.

SQLite keeps any type in any column, and a forger goes around its constraints. Each check raises
ValueError with what is wrong, which `lwd_tui.store.errors.reading` tells.
"""

from __future__ import annotations

import math
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any, get_args

import numpy as np

from lwd_tui.store.records import Fork, RunSummary, StepNumbers
from lwd_tui.store.schema import reference
from lwd_tui.types import Draw, Floats, Geometry, Ints, Origin, Post, Response, Step, Vectors

LARGEST_PROMPT = 2**26
"""Bytes of a prompt unpacked, at most: far more than any model reads."""

_FARTHEST = 1e140
_TYPES = {"INTEGER": int, "REAL": float, "TEXT": str, "BLOB": bytes}
_RECORD: dict[str, tuple[type, type]] = {
    **dict.fromkeys(("note", "platform", "experiment_sha256"), (str, str)),
    **dict.fromkeys(("versions", "embedder"), (dict, str)),
    **dict.fromkeys(("notes", "hosts"), (list, str)),
    "models": (list, dict),
    "contexts": (list, int),
}
"""What the entries of a record are, and what is in them."""


def require(fits: object, wrong: str) -> None:
    """Raise ValueError unless something fits."""
    if not fits:
        raise ValueError(wrong)


def number(text: str) -> float:
    """Return a number as JSON has them: not NaN, which Python reads there too, and no infinity."""
    value = float(text)
    require(math.isfinite(value), f"{text} is no number")
    return value


@cache
def _column_types() -> dict[str, frozenset[type]]:
    """Return what the columns of each name may hold, of whatever table."""
    found: dict[str, set[type]] = {}
    for name, kind, needed in reference().columns:
        if kind in _TYPES:
            found.setdefault(name, set()).add(_TYPES[kind])
            if not needed:
                found[name].add(type(None))
    return {name: frozenset(types) for name, types in found.items()}


def check_types(cursor: sqlite3.Cursor, rows: Sequence[tuple[Any, ...]]) -> None:
    """Check that the columns of tables hold what they are declared to."""
    types = _column_types()
    for place, (name, *_) in enumerate(cursor.description):
        if allowed := types.get(name):
            found = set(map(type, map(itemgetter(place), rows)))
            require(found <= allowed, f"a value of {name} is of a wrong type")


def unpacked_prompt(blob: bytes) -> bytes:
    """Unpack a prompt, but never a small blob to more than any memory holds."""
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(blob, LARGEST_PROMPT)
    require(unpacker.eof, "a prompt isn't whole, or larger than any is")
    return body


def check_record(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a run, its entries such as are written."""
    for name, (kind, inner) in _RECORD.items():
        entry = record.get(name, kind())
        fits = isinstance(entry, kind)
        if fits and kind is list:
            fits = all(isinstance(part, inner) for part in entry)
        require(fits, f"the record's {name} can't be that")
    return record


def check_fork(fork: Fork | None, done: int) -> Fork | None:
    """Return where a run with so many whole steps was forked: at one of them, or after the last."""
    if fork is not None:
        words = (fork.parent, fork.file, fork.created, *fork.posts)
        require(all(isinstance(word, str) for word in words), "a word of the fork is no text")
        require(isinstance(fork.changes, dict), "a fork's changes can't be that")
        require(type(fork.replicate) is int, "a fork's replicate is no number")
        require(type(fork.at) is int and 0 <= fork.at <= done, "there is no step that was forked")
    return fork


def check_summary(summary: RunSummary) -> RunSummary:
    """Return a run's line, its words text and its numbers whole."""
    words = (summary.experiment, summary.note, summary.created, *summary.participants)
    require(all(isinstance(word, str) for word in words), "a name is no text")
    require(_is_time(summary.created), "when it was created is no time in ISO 8601")
    require(type(summary.steps) is int and summary.steps > 0, "its number of steps is none")
    return summary


def _is_time(text: str) -> bool:
    """Say whether a time is written as the store writes it: Python reads other forms too."""
    with suppress(ValueError):
        return datetime.fromisoformat(text).isoformat() == text
    return False


def check_numbers(
    found: list[StepNumbers], kind: str, participants: int, since: int
) -> list[StepNumbers]:
    """Return the numbers of whole steps, which leave none out; mixtures have fewer."""
    for t, step in enumerate(found, since):
        require(step.t == t, f"step {t} is missing")
        counts = [step.k, step.size]
        counts += [] if kind == "gmm" else [step.synthetic, step.failed]
        require(None not in counts and min(counts) >= 0, f"step {t} lacks a number")
        took = 0.0 if kind == "gmm" else step.seconds
        require(0 <= took < math.inf, f"step {t} took no time that there is")
        require(len(step.dispersion) in (0, participants), f"step {t} has other participants")
    return found


def check_posts(posts: list[Post]) -> list[Post]:
    """Return the posts in order of posting, which leave none out."""
    origins, last = get_args(Origin), 0
    for place, post in enumerate(posts):
        require(post.id == place, f"post {place} is missing")
        require(post.origin in origins, f"post {place} is of no known origin")
        require(post.step >= last, f"post {place} is out of order")
        last = post.step
    return posts


def check_draws(draws: list[Draw], participants: int, last: int) -> list[Draw]:
    """Return draws, each of somebody, and of posts up to the last one."""
    for draw in draws:
        _check_who(draw.participant, participants)
        ends = (min(draw.posts, default=0), max(draw.posts, default=0))
        require(ends[0] >= 0 and ends[1] <= max(last, 0), "a draw has a post that isn't there")
    return draws


def check_responses(responses: list[Response], participants: int) -> list[Response]:
    """Return responses, each of somebody."""
    for response in responses:
        _check_who(response.participant, participants)
        require(response.index >= 0, "a response has no number")
        for attempt in response.attempts:
            require(all(isinstance(fault, str) for fault in attempt.retries), "a fault is no text")
    return responses


def check_step(step: Step) -> Step:
    """Return a whole step whose parts belong together."""
    require(None not in (step.synthetic, step.truncated), "the step isn't whole")
    require(0 <= step.seconds < math.inf, "the step took no time that there is")
    if step.geometry is not None:
        owners = step.geometry.owners
        require(len(owners) == len(step.embeddings), "the geometry is of other answers")
    return step


def check_geometry(geometry: Geometry, participants: int) -> Geometry:
    """Return a geometry of so many, each place in it somebody's."""
    require(len(geometry.dispersion) == participants, "the geometry is of others")
    check_scatter(geometry.coordinates, geometry.owners, participants)
    return geometry


def check_vectors(vectors: Vectors, width: int) -> Vectors:
    """Return a step's vectors, which are as long as those of other steps."""
    require(vectors.shape[1] == width, "the vectors of a step are longer or shorter than others")
    require(np.isfinite(vectors).all(), "a vector isn't finite")
    return vectors


def check_scatter(places: Floats, owners: Ints, participants: int) -> None:
    """Check that each place belongs to somebody."""
    require((np.abs(places) <= _FARTHEST).all(), "a place is nowhere")
    require(len(places) == len(owners), "the places of answers are more or fewer than they")
    require(((owners >= 0) & (owners < participants)).all(), "an answer is nobody's")


def check_owners(owners: Iterable[int], participants: int) -> None:
    """Check that each answer is somebody's."""
    for owner in owners:
        _check_who(owner, participants)


def _check_who(participant: int, participants: int) -> None:
    require(0 <= participant < participants, f"there is no participant {participant}")
