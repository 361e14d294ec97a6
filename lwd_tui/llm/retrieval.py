"""Who reads what: the draws of a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lwd_tui.experiment.backend import Embedder
from lwd_tui.experiment.llm import Experiment
from lwd_tui.llm.internet import Internet
from lwd_tui.seeds import generator
from lwd_tui.types import Draw, Floats

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
        self._directions: list[Floats] = []
        names = [who.name for who in experiment.cast]
        self._authors = [
            None if row.all() else {name for name, read in zip(names, row, strict=True) if read}
            for row in experiment.readers(len(names))
        ]

    def pool(self, t: int, participant: int) -> Pool:
        """Return the ids of the posts that a participant can read at step t."""
        everything = self._internet.since(self._experiment.oldest(t))
        authors = self._authors[participant]
        if authors is None:
            return everything
        return [
            post_id
            for post_id in everything
            if (post := self._internet[post_id]).origin != "synthetic" or post.author in authors
        ]

    async def draw(self, t: int) -> tuple[Draw, ...]:
        """Draw k_t = floor(beta * |A(t)|) posts for each reader, A(t) being what it can read."""
        experiment = self._experiment
        seed, rank = experiment.seed, await self._ranking()
        participants = range(len(experiment.cast))
        pools = [self.pool(t, i) for i in participants]

        def drawn(i: int, *place: int) -> tuple[int, ...]:
            rng = generator(seed, "draw", t, *place)
            k = experiment.draw_size(len(pools[i]))
            if rank is not None:
                return tuple(rank(pools[i], rng)[:k])
            if k == 0:
                return ()
            chosen = rng.choice(len(pools[i]), size=k, replace=False).tolist()
            return tuple(pools[i][position] for position in chosen)

        match experiment.retrieval:
            case "participant":
                return tuple(Draw(t, i, drawn(i, i)) for i in participants)
            case "shared":
                shared = drawn(0)
                return tuple(Draw(t, i, shared) for i in participants)
            case "response":
                return tuple(
                    Draw(t, i, drawn(i, i, index), index)
                    for i in participants
                    for index in range(experiment.responses)
                )

    async def _ranking(self) -> Rank | None:
        """Return what orders a pool, the first to be read first; None for a uniform draw."""
        if self._experiment.ranking == "uniform":
            return None
        if self._experiment.ranking == "recent":
            return lambda pool, rng: _ordered(
                pool, np.array([self._internet[post_id].step for post_id in pool]), rng
            )
        directions = await self._embedded()
        query = directions[0]
        return lambda pool, rng: _ordered(pool, directions[1:][np.asarray(pool)] @ query, rng)

    async def _embedded(self) -> Floats:
        """Return the unit vectors of the query and of every post, embedding what is new."""
        texts = [self._experiment.query]
        texts += [self._internet[post_id].text for post_id in range(len(self._internet))]
        if new := texts[len(self._directions) :]:
            embeddings = await self._embedder.embed(new)
            vectors = embeddings.vectors.astype(np.float64)
            self._directions += list(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
        return np.stack(self._directions)


def _ordered(pool: Pool, scores: Floats, rng: np.random.Generator) -> list[int]:
    """Order a pool by falling score; ties by chance."""
    order = np.lexsort((rng.random(len(pool)), -scores))
    return [pool[position] for position in order]
