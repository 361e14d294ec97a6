"""What came of a run step by step: the answers to one of its queries, or to all together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from lwd_tui.replicates import joined_responses, joined_vectors, key_of, together
from lwd_tui.store import encoding, sound
from lwd_tui.store.about import RunAbout
from lwd_tui.store.errors import StoreError, reading, run_name
from lwd_tui.store.pasts import widened
from lwd_tui.store.records import StepNumbers
from lwd_tui.types import Draw, Floats, Geometry, Ints, Post, Prompt, Response, Step, Vectors

_NO_NORMS: dict[str, Any] = dict.fromkeys(("norm", "norm_debiased", "noise_floor"), math.nan)

_POSTS = "SELECT id, text, author, origin, step, label FROM posts"
_ATTEMPTS = """SELECT t, participant, response, text, seed, finish_reason, prompt_tokens,
    completion_tokens, seconds, problem, thinking, host, retries FROM"""


class StepReader(RunAbout):
    """Reads steps.

    Attributes
    ----------
    query : int
        The number of the query whose answers, numbers and geometries are read, from 1; 0: the
        replicates of all together, see `lwd_tui.replicates`. `look_at` sets it.
    """

    query = 1

    @cached_property
    def queries(self) -> int:
        """How many queries are asked, without making the whole experiment."""
        (count,) = self._one(
            """SELECT CASE json_type(experiment, '$.query') WHEN 'array'
                   THEN json_array_length(experiment, '$.query') ELSE 1 END FROM run"""
        )
        with reading(self.path):
            sound.require(isinstance(count, int) and count > 0, "nothing is asked")
        return int(count)

    def look_at(self, query: int) -> Self:
        """Read what belongs to a query from now on; 0: to all together, if there are several.

        Raises
        ------
        StoreError
            If there is no such query.
        """
        if not 0 <= query <= self.queries:
            asked = "one query" if self.queries == 1 else f"{self.queries} queries"
            raise StoreError(
                f"run {run_name(self.path)} asks {asked}: there is none of that number, {query}"
            )
        self.query = query or int(self.queries == 1)
        return self

    @contextmanager
    def looking_at(self, query: int) -> Iterator[None]:
        """Read what belongs to a query, as `look_at` does, within a block."""
        before = self.query
        self.look_at(query)
        try:
            yield
        finally:
            self.query = before

    @property
    def scale(self) -> str:
        """What the distances are between, in words."""
        return self.experiment.scale_of(self.query)

    def numbers_each(self, since: int = 0) -> list[list[StepNumbers]]:
        """Return the numbers of each query alone; empty unless there are several."""
        found = []
        for query in range(1, self.queries + 1) if self.queries > 1 else ():
            with self.looking_at(query):
                found.append(self.numbers(since))
        return found

    def numbers(self, since: int = 0) -> list[StepNumbers]:
        """Return the numbers of all whole steps from one on, in order."""
        source = "steps"
        if self.query != 1:
            source = f"""(SELECT steps.t, k, size, synthetic, seconds, whole, mine.norm,
                mine.norm_debiased, mine.noise_floor, mine.dispersion, mine.failed
                FROM steps LEFT JOIN asked_steps AS mine
                    ON mine.t = steps.t AND query = {self.query})"""  # noqa: S608
        found = self._records(
            encoding.numbers_of,
            f"""SELECT t, k, size, synthetic, norm, norm_debiased, noise_floor, dispersion,
                   seconds, failed
               FROM {source} WHERE whole AND t >= ? ORDER BY t""",  # noqa: S608
            since,
        )
        if self._pasts:
            found = [widened(each, self._participants, "dispersion") for each in found]
        with reading(self.path):
            sound.check_numbers(found, self.kind, self._participants, since)
        return [replace(each, **_NO_NORMS) for each in found] if self._alone else found

    def step(self, t: int) -> Step:
        """Return a step; raise StoreError if it isn't whole."""
        if self.query:
            return self._step(t)
        parts = []
        for query in range(1, self.queries + 1):
            with self.looking_at(query):
                parts.append(self._step(t))
        with reading(self.path):
            whole = replace(together(parts), geometry=self.geometry(t))
            return sound.check_step(whole)

    def _step(self, t: int) -> Step:
        lacking = f"no whole step {t}"
        k, size, synthetic, seconds, truncated = self._the(
            lacking,
            "SELECT k, size, synthetic, seconds, truncated FROM steps WHERE t = ? AND whole",
            t,
        )
        if self.query != 1:
            (truncated,) = self._the(
                lacking,
                f"SELECT truncated FROM {self._of('steps')} WHERE t = ?",  # noqa: S608
                t,
            )
        responses = self.pending(t)
        vectors = self._vectors(t, sum(not response.failed for response in responses))
        with reading(self.path):
            step = Step(
                t,
                k,
                size,
                synthetic,
                tuple(self.draws(t)),
                tuple(responses),
                vectors,
                tuple(self._posts("WHERE answered_at = ?", t)),
                encoding.number_of(seconds),
                truncated,
                self.geometry(t),
            )
            return sound.check_step(step)

    def geometry(self, t: int) -> Geometry | None:
        """Return the geometry of a step; None if it has none."""
        found = self._records(
            encoding.geometry_of,
            f"""SELECT distances, norm, norm_debiased, noise_floor, dispersion, coordinates, owners,
                   explained
               FROM {self._of("steps")} JOIN {self._of("geometries")} USING (t) WHERE t = ?""",  # noqa: S608
            t,
        )
        if self._alone:
            found = [replace(each, **_NO_NORMS) for each in found]
        if self._pasts:
            parts = ("distances", "dispersion")
            found = [widened(each, self._participants, *parts) for each in found]
        with reading(self.path):
            return sound.check_geometry(found[0], self._participants) if found else None

    def embeddings(self, first: int, last: int) -> Iterator[tuple[int, Vectors]]:
        """Yield t and the embeddings of each whole step from `first` to before `last`.

        Their rows are the usable responses, in the order of `usable_texts`. One step is held at
        a time: the vectors of a long run are larger than the memory.
        """
        for t in range(first, min(last, self.finished())):
            if self.query == 0:
                yield t, self._joined_vectors(t)
                continue
            (usable,) = self._one(
                f"SELECT count(*) FROM {self._of('responses')} WHERE t = ? AND problem = ''",  # noqa: S608
                t,
            )
            yield t, self._vectors(t, usable)

    def _vectors(self, t: int, usable: int) -> Vectors:
        """Return a whole step's vectors: one a usable response, all of a query's as long."""
        dimensions, blob = self._the(
            f"no whole step {t}",
            f"SELECT dimensions, vectors FROM {self._of('embeddings')} WHERE t = ?",  # noqa: S608
            t,
        )
        with reading(self.path):
            vectors = encoding.unpacked(blob, encoding.VECTORS).reshape(usable, dimensions)
            width = self._widths.setdefault(self.query, dimensions) if usable else dimensions
            return sound.check_vectors(vectors, width)

    @cached_property
    def _widths(self) -> dict[int, int]:
        """The numbers of a vector, by the query, as the first that was read of it has them."""
        return {}

    def _joined_vectors(self, t: int) -> Vectors:
        keys, vectors = [], []
        for query in range(1, self.queries + 1):
            with self.looking_at(query):
                keys.append([(who, index) for _, who, index, _ in self.usable_texts(t, t + 1)])
                vectors += [each for _, each in self.embeddings(t, t + 1)]
        with reading(self.path):
            sound.require(len(keys) == len(vectors), "a query has no vectors")
            return joined_vectors(keys, vectors)

    def scatters(self) -> Iterator[tuple[int, Floats, Ints]]:
        """Yield t, coordinates and owners of the scatter of each whole step that has one."""
        for t, coordinates, owners in self._all(
            f"""SELECT t, coordinates, owners FROM {self._of("geometries")} JOIN steps USING (t)
               WHERE whole ORDER BY t"""  # noqa: S608
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
            if self.query == 0:
                for answer in self.pending(t):
                    if not answer.failed:
                        yield t, *key_of(answer), answer.text
                continue
            found = self._all(
                f"""SELECT t, participant, response, text FROM {self._of("responses")}
                   WHERE t = ? AND problem = '' ORDER BY participant, response""",  # noqa: S608
                t,
            )
            with reading(self.path):
                sound.check_owners((row[1] for row in found), self._participants)
            yield from found

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

    def arrived(self, t: int) -> list[Response]:
        """Return those to every query, those to the first one first."""
        found = []
        for query in range(1, self.queries + 1):
            with self.looking_at(query):
                found += self.pending(t)
        return found

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
        order = "draws.id" if self.query < 2 else "participant, response"
        found = self._records(
            lambda row: bytes(row[0]),
            f"""SELECT sha256 FROM {self._prompted} AS draws
               LEFT JOIN prompts ON prompts.id = draws.prompt
               WHERE t = ? ORDER BY {order}""",  # noqa: S608
            t,
        )
        (draws,) = self._one("SELECT count(*) FROM draws WHERE t = ?", t)
        with reading(self.path):
            sound.require(len(found) == draws, "a draw has no prompt")
        return found

    def prompt(self, t: int, participant: int, response: int | None = None) -> Prompt:
        """Return what a participant was given, or raise StoreError.

        `response` matters where each draws for itself.
        """
        (body,) = self._the(
            f"no prompt of participant {participant} at t = {t}",
            f"""SELECT body FROM {self._prompted} AS draws
               JOIN prompts ON prompts.id = draws.prompt
               WHERE t = ? AND participant = ? AND (response IS NULL OR response = ?)""",  # noqa: S608
            t,
            participant,
            response,
        )
        with reading(self.path):
            return encoding.prompt_of(body)

    # Rows

    def _of(self, table: str) -> str:
        """Return in SQL the rows of a table that belong to the query."""
        if self.query == 1:
            return table
        return f"(SELECT * FROM asked_{table} WHERE query = {self.query})"  # noqa: S608

    @property
    def _prompted(self) -> str:
        return "draws" if self.query < 2 else self._of("prompts")

    def _posts(self, where: str = "", *values: Any) -> list[Post]:
        return self._records(encoding.post_reader(), f"{_POSTS} {where} ORDER BY id", *values)

    def _responses(self, where: str, *values: Any) -> list[Response]:
        if self.query:
            source = f"{_ATTEMPTS} {self._of('attempts')} {where}"
            found = self._all(f"{source} ORDER BY t, participant, response, number", *values)
            with reading(self.path):
                responses = encoding.responses_of(found, self.query)
                return sound.check_responses(responses, self._participants)
        answers = []
        for query in range(1, self.queries + 1):
            with self.looking_at(query):
                answers.append(self._responses(where, *values))
        return list(joined_responses(answers))
