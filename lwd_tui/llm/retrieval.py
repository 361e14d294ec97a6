"""Who reads what: the draws of a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from lwd_tui.experiment.backend import Embedder, UnfitRequest
from lwd_tui.experiment.llm import Experiment
from lwd_tui.llm.internet import Internet
from lwd_tui.seeds import generator
from lwd_tui.text import shorten
from lwd_tui.types import Draw, Floats

TIED = 1e-6
"""Cosines that follow each other this closely are equal: vectors in single precision, whose
rounding differs by batch, don't tell them apart."""
NO_VECTOR = -2.0
"""The place of a cosine, below all of them, for a post that has no vector: it is read last."""

Pool = Sequence[int]
Rank = Callable[[Pool, np.random.Generator], Sequence[int]]


class Retrieval:
    """Draws posts for the participants by the rules of an experiment.

    The paper's rule, uniform draws from all of A(t), takes O(k): `Generator.choice` shuffles an
    index only where k is more than a fiftieth of A(t), and uses Floyd's algorithm below. No post
    is copied. The other rules look at each post that can be read.

    Parameters
    ----------
    experiment : Experiment
    internet : Internet
    embedder : Embedder
        Used where posts are ranked by similarity.
    """

    def __init__(self, experiment: Experiment, internet: Internet, embedder: Embedder) -> None:
        self._experiment = experiment
        self._internet = internet
        self._embedder = embedder
        self._query: Floats | None = None
        self._cosines: list[float] = []
        names = [who.name for who in experiment.cast]
        self._authors = [
            None if row.all() else {name for name, read in zip(names, row, strict=True) if read}
            for row in experiment.readers(len(names))
        ]

    def pools(self, t: int) -> list[Pool]:
        """Return the ids of the posts that each participant can read at step t, in order.

        Each post is looked at once, not once for every participant.
        """
        everything = self._internet.since(self._experiment.oldest(t))
        if not any(self._authors):
            return [everything] * len(self._authors)
        of: dict[str | None, list[int]] = {}
        for post_id in everything:
            post = self._internet[post_id]
            of.setdefault(post.author if post.origin == "synthetic" else None, []).append(post_id)
        return [
            everything
            if authors is None
            else sorted(post_id for author in (None, *authors) for post_id in of.get(author, ()))
            for authors in self._authors
        ]

    async def draw(self, t: int) -> tuple[Draw, ...]:
        """Draw k_t = floor(beta * |A(t)|) posts for each reader, A(t) being what it can read."""
        experiment, seed = self._experiment, self._experiment.seed
        participants = range(len(experiment.cast))
        # What is drawn from is settled first: posts may come while these are ranked.
        pools = self.pools(t)
        rank = await self._ranking()

        def drawn(i: int, *place: int) -> tuple[int, ...]:
            rng = generator(seed, "draw", t, *place)
            k = experiment.draw_size(len(pools[i]))
            if rank is not None:
                return tuple(rank(pools[i], rng)[:k])
            if k == 0:
                return ()
            chosen = rng.choice(len(pools[i]), size=k, replace=False).tolist()
            return tuple(pools[i][position] for position in chosen)

        if experiment.retrieval == "response":
            answers = range(experiment.responses)
            return tuple(
                Draw(t, i, drawn(i, i, index), index) for i in participants for index in answers
            )
        if experiment.retrieval == "shared":
            shared = drawn(0)
            return tuple(Draw(t, i, shared) for i in participants)
        return tuple(Draw(t, i, drawn(i, i)) for i in participants)

    async def _ranking(self) -> Rank | None:
        """Return what orders a pool, the first to be read first; None for a uniform draw."""
        if self._experiment.ranking == "uniform":
            return None
        if self._experiment.ranking == "recent":
            return lambda pool, rng: _ordered(
                pool, np.array([self._internet[post_id].step for post_id in pool]), rng
            )
        cosines = await self._nearness()
        return lambda pool, rng: _ordered(pool, cosines[np.asarray(pool, dtype=np.int64)], rng)

    async def _nearness(self) -> Floats:
        """Return the cosine of every post with the first query, embedding what is new.

        The posts of one step go together, so that a run that is resumed embeds them in the batches
        in which they were first.
        """
        known = len(self._cosines)
        new = [self._internet[post_id] for post_id in range(known, len(self._internet))]
        batches = [[post.text for post in step] for _, step in groupby(new, lambda post: post.step)]
        if self._query is None:
            query = [self._experiment.queries[0]]
            first = new[:1] and new[0].step == 0
            batches = [query + batches[0], *batches[1:]] if first else [query, *batches]
        for texts in batches:
            vectors = (await self._embedder.embed(texts)).vectors.astype(np.float64)
            lengths = np.linalg.norm(vectors, axis=1)
            # A text without a vector has a row of zeros.
            has = lengths > 0
            vectors = vectors[has] / lengths[has, None]
            if self._query is None:
                if not has[0]:
                    raise UnfitRequest(
                        f"{self._experiment.embedder.model} has no vector for the query "
                        f"{shorten(texts[0], 60)!r}, so that no post is nearest to it; set "
                        'ranking = "uniform", or another query or embedder'
                    )
                self._query, vectors, has = vectors[0], vectors[1:], has[1:]
            cosines = np.full(len(has), NO_VECTOR)
            if has.any():
                cosines[has] = vectors @ self._query
            self._cosines += cosines.tolist()
        return np.array(self._cosines)


def _ordered(pool: Pool, scores: Floats, rng: np.random.Generator) -> list[int]:
    """Order a pool by falling score; ties, and what rounding has made of ties, by chance."""
    falling = np.argsort(-scores, kind="stable")
    rank = np.empty(len(pool), dtype=np.int64)
    rank[falling] = np.cumsum(np.diff(-scores[falling], prepend=-np.inf) > TIED)
    order = np.lexsort((rng.random(len(pool)), rank))
    return [pool[position] for position in order]
