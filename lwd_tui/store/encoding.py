"""Records as rows of a run's tables, and back, without loss."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lwd_tui.store.records import StepNumbers
from lwd_tui.store.sound import require, unpacked_prompt
from lwd_tui.types import (
    Attempt,
    Draw,
    Floats,
    Geometry,
    Ints,
    Post,
    Prompt,
    Response,
)

MOST_WHOLE = 100
"""Participants whose distances are stored as a whole matrix, at most."""

Row = tuple[Any, ...]

FLOATS, VECTORS, INTS, IDS = "<f8", "<f4", "<i8", "<i4"
"""Little-endian on any machine: numbers, embeddings, counts, and the ids of posts."""


def text_bytes(text: str) -> bytes:
    """Encode text for ``CAST(? AS TEXT)``.

    A model's text, cut in the middle of a character, may hold half of a surrogate pair, which
    strict UTF-8 refuses; the store keeps what came.
    """
    return text.encode("utf-8", "surrogatepass")


def match_of(words: str) -> bytes:
    """Return a full-text query for plain words: nothing in them is taken for an operator."""
    terms = ['"' + word.replace('"', '""') + '"' for word in words.replace("\0", " ").split()]
    return text_bytes(" ".join(terms) + "*" if terms else '""')


def text_of(raw: bytes) -> str:
    """Decode what `text_bytes` encoded; the text factory of every connection."""
    return raw.decode("utf-8", "surrogatepass")


def now() -> str:
    """Return the time as the store writes it: ISO 8601, in UTC."""
    return datetime.now(UTC).isoformat()


def packed(values: ArrayLike, kind: str) -> bytes:
    """Pack numbers of one of the kinds above."""
    return np.asarray(values, dtype=kind).tobytes()


def unpacked(blob: bytes, kind: str) -> NDArray[Any]:
    """Unpack what `packed` packed, in one dimension."""
    return np.frombuffer(blob, dtype=kind).astype(np.dtype(kind).newbyteorder("="))


def number_of(value: float | None) -> float:
    """Read a number: SQLite keeps NaN as NULL."""
    return math.nan if value is None else value


def prompt_row(prompt: Prompt) -> tuple[bytes, bytes]:
    """Return (sha256, body), compressed: the prompts of long runs are most of what is stored."""
    body = text_bytes(prompt.to_json())
    return hashlib.sha256(body).digest(), zlib.compress(body)


def prompt_of(blob: bytes) -> Prompt:
    """Read the body of a prompt."""
    return Prompt.from_json(text_of(unpacked_prompt(blob)))


def post_row(post: Post, answered_at: int | None) -> Row:
    """Return the row of a post."""
    return (
        post.id,
        text_bytes(post.text),
        text_bytes(post.author),
        post.origin,
        post.step,
        text_bytes(post.label),
        answered_at,
    )


def post_reader() -> Callable[[Row], Post]:
    """Return what makes posts of rows; an author, origin or label that many have is kept once."""
    once: Callable[[Any, Any], Any] = {}.setdefault

    def post(row: Row) -> Post:
        number, text, author, origin, step, label = row
        return Post(
            number, text, once(author, author), once(origin, origin), step, once(label, label)
        )

    return post


def numbers_of(row: Row) -> StepNumbers:
    """Read the columns of a whole step that `StepNumbers` has, in its order."""
    t, k, size, synthetic, *norms, dispersion, seconds, failed = row
    floats = (*map(number_of, norms), unpacked(dispersion or b"", FLOATS), number_of(seconds))
    values: Row = (t, k, size, synthetic, *floats, failed)
    return StepNumbers(*values)


def draw_of(row: Row) -> Draw:
    """Read (t, participant, posts, response)."""
    t, participant, posts, response = row
    return Draw(t, participant, tuple(unpacked(posts, IDS).tolist()), response)


def attempt_rows(response: Response) -> Iterator[Row]:
    """Return one row an attempt, in order."""
    for number, attempt in enumerate(response.attempts):
        yield (
            response.t,
            response.participant,
            response.index,
            number,
            number + 1 == len(response.attempts),
            text_bytes(attempt.text),
            attempt.seed,
            text_bytes(attempt.finish_reason),
            attempt.prompt_tokens,
            attempt.completion_tokens,
            attempt.seconds,
            text_bytes(attempt.problem),
            text_bytes(attempt.thinking),
            text_bytes(attempt.host),
            # As escapes, two halves of a pair beside each other would be read back as one.
            text_bytes(json.dumps(attempt.retries, ensure_ascii=False)),
        )


def responses_of(rows: Iterable[Row], query: int = 1) -> list[Response]:
    """Read attempts, ordered by response and number, back into responses to a query."""
    return [
        Response(*key, tuple(_attempt(row[3:]) for row in attempts), query)
        for key, attempts in groupby(rows, key=lambda row: (row[0], row[1], row[2]))
    ]


def _attempt(row: Row) -> Attempt:
    *answer, seconds, problem, thinking, host, retries = row
    way: Row = (number_of(seconds), problem, thinking, host, tuple(json.loads(retries)))
    return Attempt(*answer, *way)


def number_columns(geometry: Geometry | None) -> Row:
    """Return (norm, norm_debiased, noise_floor, dispersion) of a step."""
    if geometry is None:
        return (None, None, None, None)
    return (
        geometry.norm,
        geometry.norm_debiased,
        geometry.noise_floor,
        packed(geometry.dispersion, FLOATS),
    )


def geometry_row(t: int, geometry: Geometry) -> Row:
    """Return the row of a geometry; its numbers and dispersion are the step's own columns.

    Of the distances of many participants, which are symmetric, each pair is stored once.
    """
    distances = geometry.distances
    if len(distances) > MOST_WHOLE:
        distances = distances[np.triu_indices(len(distances), 1)]
    return (
        t,
        geometry.explained,
        packed(distances, FLOATS),
        packed(geometry.coordinates, FLOATS),
        packed(geometry.owners, INTS),
    )


def geometry_of(row: Row) -> Geometry:
    """Read a geometry, its columns in the order of its fields."""
    distances, *norms, dispersion, coordinates, owners, explained = row
    spread, people = unpacked(dispersion, FLOATS), unpacked(owners, INTS)
    values: Row = (
        _square(unpacked(distances, FLOATS), len(spread), people),
        *map(number_of, norms),
        spread,
        unpacked(coordinates, FLOATS).reshape(-1, 2),
        people,
        number_of(explained),
    )
    return Geometry(*values)


def _square(stored: Floats, n: int, owners: Ints) -> Floats:
    """Return the matrix of distances, stored whole or each pair once."""
    if stored.size == n * n:
        return stored.reshape(n, n)
    require(stored.size == n * (n - 1) // 2, "the distances are of others")
    square = np.zeros((n, n))
    square[np.triu_indices(n, 1)] = stored
    square += square.T
    # Who has no usable response has no place, and so no distance from itself either.
    square[np.diag_indices(n)] = np.where(np.isin(np.arange(n), owners), 0.0, np.nan)
    return square
