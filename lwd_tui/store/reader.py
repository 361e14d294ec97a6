"""What can be asked of a run's file."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from lwd_tui.experiment.llm import Experiment
from lwd_tui.store import encoding, sound
from lwd_tui.store.errors import StoreError, reading, run_name
from lwd_tui.store.lock import is_locked
from lwd_tui.store.pasts import found_words, pasts_of, widened
from lwd_tui.store.records import Event, Fork, Reading, RunSummary, Status, StepNumbers
from lwd_tui.types import Draw, Floats, Ints, Post, Prompt, Response, Step, Vectors

T = TypeVar("T")

_NO_NORMS: dict[str, Any] = dict.fromkeys(("norm", "norm_debiased", "noise_floor"), math.nan)

_POSTS = "SELECT id, text, author, origin, step, label FROM posts"
_ATTEMPTS = """SELECT t, participant, response, text, seed, finish_reason, prompt_tokens,
    completion_tokens, seconds, problem, thinking, host, retries FROM attempts"""


class RunReader:
    """The questions; `lwd_tui.store.run.RunStore` opens the file and adds the writing.

    Every method raises DamagedRun where the file doesn't hold what was written to it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        with reading(path):
            self._pasts = pasts_of(connection, path)

    # What the run is

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment, as it was when the run was created."""
        where = f"run {run_name(self.path)}"
        found = Experiment.from_dict(self.specification, where, stored=True)
        with reading(self.path):
            sound.require(found.cast, "nobody takes part")
        return found

    @property
    def specification(self) -> dict[str, Any]:
        """What is run, as plain JSON values: of an experiment, or of a network of mixtures."""
        return self._mapping("SELECT experiment FROM run")

    @property
    def kind(self) -> str:
        """What is run: "llm", language models; "gmm", mixtures (`lwd_tui.store.gmm`)."""
        # By SQLite, since a specification may hold a hundred thousand posts.
        (kind,) = self._one("SELECT json_extract(experiment, '$.kind') FROM run")
        return str(kind or "llm")

    @property
    def record(self) -> dict[str, Any]:
        """What the run was made with: versions, platform, models, embedder, notes."""
        found = self._mapping("SELECT record FROM run")
        with reading(self.path):
            return sound.check_record(found)

    @property
    def created(self) -> str:
        """When the file was made, ISO 8601 in UTC; no two runs are made at the same time."""
        (created,) = self._one("SELECT created FROM run")
        return str(created)

    @property
    def fork(self) -> Fork | None:
        """Where the run was forked from another, and by what; None if it wasn't."""
        done = self.finished()
        with reading(self.path):
            return sound.check_fork(Fork.of(self.record), done)

    @cached_property
    def _participants(self) -> int:
        """How many there are, without making the whole experiment."""
        count, listed = self._one(
            """SELECT CASE json_type(experiment, '$.participants') WHEN 'array'
                   THEN json_array_length(experiment, '$.participants')
                   ELSE json_extract(experiment, '$.participants') END,
                   json_type(experiment, '$.participants') = 'array' FROM run"""
        )
        with reading(self.path):
            sound.require(isinstance(count, int) and count > 0, "nobody takes part")
            sound.require(listed or not self._pasts, "a fork of mixtures")
        return int(count)

    @property
    def _alone(self) -> bool:
        """Whether there is one participant only, at no distance: earlier versions stored 0."""
        return self._participants == 1

    @property
    def status(self) -> Status:
        """Whether the run is done, is being written, or was stopped."""
        return self.summary().status

    def summary(self) -> RunSummary:
        """Tell the run in one line, without making its whole experiment."""
        created, name, total, cast, note = self._one(
            """SELECT created, json_extract(experiment, '$.name'),
                   json_extract(experiment, '$.steps') + 1,
                   json_extract(experiment, '$.participants'), json_extract(record, '$.note')
               FROM run"""
        )
        norms = self._all(
            """SELECT norm FROM steps WHERE whole AND t IN (
                   0, (SELECT max(t) FROM steps WHERE whole)) ORDER BY t"""
        )
        done = self.finished()
        with reading(self.path):
            names = _names(cast)
            if len(names) == 1:
                norms = []
            return sound.check_summary(
                RunSummary(
                    run_name(self.path),
                    self.path,
                    self._status(done, total),
                    name,
                    names,
                    done,
                    total,
                    encoding.number_of(norms[0][0]) if norms else math.nan,
                    encoding.number_of(norms[-1][0]) if norms else math.nan,
                    created,
                    note=note or "",
                )
            )

    def events(self) -> list[Event]:
        """Return what happened to the run, in order."""
        return self._records(
            lambda row: Event(datetime.fromisoformat(row[0]), *row[1:]),
            "SELECT time, kind, message, t FROM events ORDER BY id",
        )

    # Steps

    def finished(self) -> int:
        """Return the number of whole steps, which is the t of the next one."""
        count, first, last = self._one("SELECT count(*), min(t), max(t) FROM steps WHERE whole")
        with reading(self.path):
            sound.require(not count or (first, last) == (0, count - 1), "a step is missing")
        return int(count)

    def numbers(self) -> list[StepNumbers]:
        """Return the numbers of all whole steps, in order."""
        found = self._records(
            encoding.numbers_of,
            """SELECT t, k, size, synthetic, norm, norm_debiased, noise_floor, dispersion,
                   seconds, failed
               FROM steps WHERE whole ORDER BY t""",
        )
        if self._pasts:
            found = [widened(each, self._participants, "dispersion") for each in found]
        with reading(self.path):
            sound.check_numbers(found, self.kind, self._participants)
        return [replace(each, **_NO_NORMS) for each in found] if self._alone else found

    def step(self, t: int) -> Step:
        """Return a step; raise StoreError if it isn't whole."""
        k, size, synthetic, seconds, truncated, dimensions, vectors = self._the(
            f"no whole step {t}",
            """SELECT k, size, synthetic, seconds, truncated, dimensions, vectors
               FROM steps JOIN embeddings USING (t) WHERE t = ? AND whole""",
            t,
        )
        geometry = self._records(
            encoding.geometry_of,
            """SELECT distances, norm, norm_debiased, noise_floor, dispersion, coordinates, owners,
                   explained
               FROM steps JOIN geometries USING (t) WHERE t = ?""",
            t,
        )
        if self._alone:
            geometry = [replace(each, **_NO_NORMS) for each in geometry]
        if self._pasts:
            parts = ("distances", "dispersion")
            geometry = [widened(each, self._participants, *parts) for each in geometry]
        responses = self.pending(t)
        usable = sum(not response.failed for response in responses)
        with reading(self.path):
            step = Step(
                t,
                k,
                size,
                synthetic,
                tuple(self.draws(t)),
                tuple(responses),
                encoding.unpacked(vectors, encoding.VECTORS).reshape(usable, dimensions),
                tuple(self._posts("WHERE answered_at = ?", t)),
                encoding.number_of(seconds),
                truncated,
                geometry[0] if geometry else None,
            )
            return sound.check_step(step, self._participants)

    def embeddings(self, first: int, last: int) -> Iterator[tuple[int, Vectors]]:
        """Yield t and the embeddings of each whole step from `first` to before `last`.

        Their rows are the usable responses, in the order of `usable_texts`. One step is held at
        a time: the vectors of a long run are larger than the memory.
        """
        for t in range(first, min(last, self.finished())):
            for dimensions, blob in self._all(
                "SELECT dimensions, vectors FROM embeddings WHERE t = ?", t
            ):
                with reading(self.path):
                    count = len(blob) // (4 * dimensions) if dimensions else 0
                    vectors = encoding.unpacked(blob, encoding.VECTORS).reshape(count, dimensions)
                yield t, vectors

    def scatters(self) -> Iterator[tuple[int, Floats, Ints]]:
        """Yield t, coordinates and owners of the scatter of each whole step that has one."""
        for t, coordinates, owners in self._all(
            """SELECT t, coordinates, owners FROM geometries JOIN steps USING (t)
               WHERE whole ORDER BY t"""
        ):
            with reading(self.path):
                places = encoding.unpacked(coordinates, encoding.FLOATS).reshape(-1, 2)
                people = encoding.unpacked(owners, encoding.INTS)
                sound.check_scatter(places, people, self._participants)
            yield t, places, people

    def usable_texts(self, first: int, last: int) -> Iterator[tuple[int, int, int, str]]:
        """Yield t, participant, response and text of what can be used of whole steps.

        They go from t = `first` to before `last`.
        """
        for t in range(first, min(last, self.finished())):
            yield from self._all(
                """SELECT t, participant, response, text FROM responses
                   WHERE t = ? AND problem = '' ORDER BY participant, response""",
                t,
            )

    def response(self, t: int, participant: int, index: int) -> Response:
        """Return one response, with its attempts; raise StoreError if there is none."""
        where = "WHERE t = ? AND participant = ? AND response = ?"
        for response in self._responses(where, t, participant, index):
            return response
        raise StoreError(
            f"run {run_name(self.path)} has no response {index} of participant {participant} "
            f"at t = {t}"
        )

    def pending(self, t: int) -> list[Response]:
        """Return the responses that are there of a step, whole or not, in its order."""
        return self._responses("WHERE t = ?", t)

    def draws(self, t: int) -> list[Draw]:
        """Return the draws of a step, in the order in which they were made."""
        found = self._records(
            encoding.draw_of,
            "SELECT t, participant, posts, response FROM draws WHERE t = ? ORDER BY id",
            t,
        )
        (last,) = self._one("SELECT coalesce(max(id), -1) FROM posts")
        with reading(self.path):
            return sound.check_draws(found, self._participants, last)

    def draw_sizes(self) -> list[tuple[int, int, int]]:
        """Return t, participant and number of posts of each draw of the whole steps, in order."""
        return self._records(
            lambda row: (row[0], row[1], row[2]),
            """SELECT t, participant, length(posts) / 4 FROM draws
               WHERE t IN (SELECT t FROM steps WHERE whole) ORDER BY id""",
        )

    def prompt_hashes(self, t: int) -> list[bytes]:
        """Return the SHA-256 of the prompt of each of a step's draws, in their order."""
        return self._records(
            lambda row: bytes(row[0]),
            """SELECT sha256 FROM draws LEFT JOIN prompts ON prompts.id = draws.prompt
               WHERE t = ? ORDER BY draws.id""",
            t,
        )

    def prompt(self, t: int, participant: int, response: int | None = None) -> Prompt:
        """Return what a participant was given, or raise StoreError.

        `response` matters where each draws for itself.
        """
        (body,) = self._the(
            f"no prompt of participant {participant} at t = {t}",
            """SELECT body FROM draws JOIN prompts ON prompts.id = draws.prompt
               WHERE t = ? AND participant = ? AND (response IS NULL OR response = ?)""",
            t,
            participant,
            response,
        )
        with reading(self.path):
            return encoding.prompt_of(body)

    # Posts

    def posts(self, up_to: int | None = None) -> list[Post]:
        """Return the posts that can be drawn at step `up_to`, or all, in order of posting."""
        found = self._posts() if up_to is None else self._posts("WHERE step <= ?", up_to)
        with reading(self.path):
            return sound.check_posts(found)

    def readers(self, post: Post) -> list[Reading]:
        """Return who read a post, and when, in order."""
        found = self._all(
            "SELECT t, participant, response, posts FROM draws WHERE t >= ? ORDER BY id", post.step
        )
        with reading(self.path):
            return [
                Reading(*row[:3])
                for row in found
                if post.id in np.frombuffer(row[3], dtype=encoding.IDS)
            ]

    # Words

    def search_posts(self, words: str, limit: int = 500) -> list[Post]:
        """Return the posts that hold all the words, the last of them perhaps unfinished."""
        found = found_words(self._pasts, "post_words", "posts")
        return self._posts(f"WHERE id IN {found}", encoding.match_of(words), limit)

    def search_responses(self, words: str, limit: int = 500) -> list[Response]:
        """Return the responses of whole steps that hold all the words, in order of t."""
        found = found_words(self._pasts, "response_words", "attempts")
        places = f"SELECT t, participant, response FROM attempts WHERE id IN {found}"  # noqa: S608
        where = f"WHERE (t, participant, response) IN ({places})"
        return self._responses(where, encoding.match_of(words), limit)

    # Mixtures

    def replicates(self) -> list[encoding.Row]:
        """Return the stored replicates of a network of mixtures, in order; see the schema."""
        return self._all(
            """SELECT replicate, weights, lifted, means, covariances
               FROM replicates ORDER BY replicate"""
        )

    # Rows

    def _posts(self, where: str = "", *values: Any) -> list[Post]:
        return self._records(encoding.post_reader(), f"{_POSTS} {where} ORDER BY id", *values)

    def _responses(self, where: str, *values: Any) -> list[Response]:
        found = self._all(f"{_ATTEMPTS} {where} ORDER BY t, participant, response, number", *values)
        with reading(self.path):
            return sound.check_responses(encoding.responses_of(found), self._participants)

    def _status(self, done: int, total: int) -> Status:
        if done >= total:
            return "done"
        return "running" if is_locked(self.path) else "stopped"

    def _mapping(self, query: str) -> dict[str, Any]:
        (text,) = self._one(query)
        with reading(self.path):
            return dict(json.loads(text))

    def _records(self, record: Callable[[encoding.Row], T], query: str, *values: Any) -> list[T]:
        with reading(self.path):
            cursor = self._connection.execute(query, values)
            found: list[T] = []
            while rows := cursor.fetchmany(4096):  # Never all, beside the records of them.
                sound.check_types(cursor, rows)
                found += map(record, rows)
            return found

    def _all(self, query: str, *values: Any) -> list[encoding.Row]:
        return self._records(tuple, query, *values)

    def _one(self, query: str, *values: Any) -> encoding.Row:
        return self._the("no experiment", query, *values)

    def _the(self, lacking: str, query: str, *values: Any) -> encoding.Row:
        found = self._all(query, *values)
        if not found:
            raise StoreError(f"run {run_name(self.path)} has {lacking}")
        return found[0]


def _names(cast: str | int) -> tuple[str, ...]:
    """Return the participants' names; a network of mixtures has only their number."""
    if isinstance(cast, int):
        return tuple(f"mixture {number}" for number in range(1, cast + 1))
    return tuple(who["name"] for who in json.loads(cast))
