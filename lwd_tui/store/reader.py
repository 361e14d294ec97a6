"""What can be asked of a run's file."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from lwd_tui.store import encoding, sound
from lwd_tui.store.errors import reading
from lwd_tui.store.pasts import found_words
from lwd_tui.store.records import Reading
from lwd_tui.store.steps import StepReader
from lwd_tui.types import Post, Response


class RunReader(StepReader):
    """The questions; `lwd_tui.store.run.RunStore` opens the file and adds the writing.

    Every method raises DamagedRun where the file doesn't hold what was written to it.
    """

    def refuse_beyond(self) -> None:
        """Raise DamagedRun if there is more than belongs to the whole steps and the one after them.

        Of a damaged file a step may be gone, and what came of it still there: taken again, it would
        stand beside that.
        """
        done = self.finished()
        begun = done + len(self._all("SELECT t FROM steps WHERE t = ?", done))
        beyond = {"steps": done + 1, "embeddings": done, "geometries": done}
        beyond |= {"draws": begun, "attempts": begun}
        if self.queries > 1:
            beyond |= {"asked_steps": done, "asked_embeddings": done, "asked_geometries": done}
            beyond |= {"asked_prompts": begun, "asked_attempts": begun}
        parts = [f"SELECT 1 FROM {table} WHERE t >= {first}" for table, first in beyond.items()]  # noqa: S608
        # What is put in by hand while a step is under way can be drawn at the one after it.
        parts.append(f"SELECT 1 FROM posts WHERE answered_at >= {done} OR step > {done + 1}")  # noqa: S608
        found = self._all(f"{' UNION ALL '.join(parts)} LIMIT 1")
        with reading(self.path):
            sound.require(not found, f"there is something of step {done}, which isn't there")

    # Posts

    def posts(self, up_to: int | None = None) -> list[Post]:
        """Return the posts that can be drawn at step `up_to`, or all, in order of posting."""
        found = self._posts() if up_to is None else self._posts("WHERE step <= ?", up_to)
        with reading(self.path):
            return sound.check_posts(found)

    def human_posts(self, up_to: int) -> list[Post]:
        """Return those of them that humans wrote, without going through the others' texts."""
        return self._posts("WHERE origin = 'human' AND step <= ?", up_to)

    def texts_of(self, ids: Iterable[int]) -> dict[int, str]:
        """Return the texts of some posts."""
        where, wanted = "WHERE id IN (SELECT value FROM json_each(?))", set(ids)
        found = self._posts(where, json.dumps(sorted(wanted)))
        with reading(self.path):
            sound.require(len(found) == len(wanted), "a post that was read is missing")
        return {post.id: post.text for post in found}

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
        found, values = found_words(self._pasts, "post_words", "posts", words, limit)
        return self._posts(f"WHERE id IN {found}", *values)

    def search_responses(self, words: str, limit: int = 500) -> list[Response]:
        """Return the responses of whole steps that hold all the words, in order of t."""
        if self.query == 0:
            hits: list[Response] = []
            for query in range(1, self.queries + 1):
                with self.looking_at(query):
                    hits += self.search_responses(words, limit)
            return sorted(hits, key=lambda hit: (hit.t, hit.query))[:limit]
        tables = ("response_words", "attempts")
        if self.query > 1:
            tables = ("asked_words", "asked_attempts")
        found, values = found_words(self._pasts, *tables, words, limit)
        places = f"SELECT t, participant, response FROM {self._of('attempts')} WHERE id IN {found}"  # noqa: S608
        where = f"WHERE (t, participant, response) IN ({places})"
        return self._responses(where, *values)

    # Mixtures

    def replicates(self) -> list[encoding.Row]:
        """Return the stored replicates of a network of mixtures, in order; see the schema."""
        return self._all(
            """SELECT replicate, weights, lifted, means, covariances
               FROM replicates ORDER BY replicate"""
        )
