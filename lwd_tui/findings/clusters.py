"""How many things a stored run says: the clusters of all its answers, and who is in which."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from string import ascii_uppercase

import numpy as np

from lwd_tui.analysis.clusters import (
    clusters_holding,
    leader_clusters,
    nearest_leaders,
    typical_distance,
)
from lwd_tui.store.reader import RunReader
from lwd_tui.types import Floats, Ints, Vectors

SHARE = 0.9
"""Of the answers that "most" means."""
MOST_LEADING = 20_000
"""Different answers that may lead a cluster: the work grows with their square."""


@dataclass(frozen=True, eq=False)
class AnswerClusters:
    """The clusters of all usable answers of a run's whole steps.

    Attributes
    ----------
    given : ndarray of shape (answers, 3)
        t, participant and cluster of each answer; clusters in the order of `late`.
    steps, participants : int
        T + 1 and n.
    texts : tuple of str
        The leader of each cluster: the answer that was given most often of those near it.
    radius : float
        Half the median distance between two answers of the first step that has two.
    late : int
        The steps of a third of the run, at least one: what "at first" and "in the end" mean.
    """

    given: Ints
    steps: int
    participants: int
    texts: tuple[str, ...]
    radius: float
    late: int

    def held(self, first: int, last: int) -> Ints:
        """Count the answers from t = `first` to before `last`, of shape (n, clusters)."""
        t, who, cluster = self.given.T
        there = (first <= t) & (t < last)
        counts = np.zeros((self.participants, len(self.texts)), dtype=np.int64)
        np.add.at(counts, (who[there], cluster[there]), 1)
        return counts

    @cached_property
    def first(self) -> int:
        """How many clusters hold most answers of the first third."""
        return clusters_holding(self.held(0, self.late).sum(axis=0), SHARE)

    @cached_property
    def last(self) -> int:
        """How many clusters hold most answers of the last third."""
        return clusters_holding(self.held(self.steps - self.late, self.steps).sum(axis=0), SHARE)

    @cached_property
    def shares(self) -> Floats:
        """Share of each participant's answers of the last third in each cluster, (n, clusters)."""
        seen = self.held(self.steps - self.late, self.steps)
        shares: Floats = seen / np.maximum(seen.sum(axis=1, keepdims=True), 1)
        return shares

    @cached_property
    def places(self) -> Ints:
        """The cluster with most of each participant's answers at each t, (T + 1, n); -1: none.

        Of equally full ones the first.
        """
        t, who, cluster = self.given.T
        size = len(self.texts)
        keys = (t * self.participants + who) * size + cluster
        found, counts = np.unique(keys, return_counts=True)
        places = np.full(self.steps * self.participants, -1, dtype=np.int64)
        # What is put last into a place stays: the fullest, of equally full ones the first.
        held = found[np.lexsort((-found, counts))]
        places[held // size] = held % size
        return places.reshape(self.steps, self.participants)


def letter(place: int) -> str:
    """Return what a cluster is called by its place; "–" for none, "·" beyond Z."""
    if place < 0:
        return "–"
    return ascii_uppercase[place] if place < len(ascii_uppercase) else "·"


def answer_clusters(store: RunReader) -> AnswerClusters | None:
    """Cluster all usable answers of the whole steps of a run; None if no step has two of them.

    Equal texts are one point, wherever they were given: what a batch's rounding makes of their
    vectors plays no part. One step's vectors are held at a time, and those that may lead.
    """
    done, n = store.finished(), len(store.experiment.cast)
    times = Counter(chain.from_iterable(texts for *_, texts in _answers(store, done)))
    every = -(-len(times) // MOST_LEADING) or 1
    leading = list(times)[::every]
    vector_of: dict[str, Vectors | None] = dict.fromkeys(leading)
    scale = math.nan
    for _, _, vectors, texts in _answers(store, done):
        for vector, text in zip(vectors, texts, strict=True):
            if vector_of.get(text, vector) is None:
                # A copy, so that the step it is of can go.
                vector_of[text] = vector.copy()
        if math.isnan(scale):
            scale = typical_distance(vectors)
    if math.isnan(scale):
        return None
    points = np.array(list(vector_of.values()))
    found = leader_clusters(points, [times[text] for text in leading], scale / 2)
    label_of = dict(zip(leading, found.labels.tolist(), strict=True))
    given = np.zeros((times.total(), 3), dtype=np.int64)
    row = 0
    for t, who, vectors, texts in _answers(store, done):
        new = [place for place, text in enumerate(texts) if text not in label_of]
        # A step without any usable answer has vectors of no length.
        nearest = nearest_leaders(vectors[new], points[found.leaders]) if new else np.zeros(0)
        # Of equal texts the vector of the first counts.
        for place, label in zip(reversed(new), reversed(nearest.tolist()), strict=True):
            label_of[texts[place]] = label
        here = given[row : row + len(texts)]
        here[:, 0], here[:, 1], here[:, 2] = t, who, [label_of[text] for text in texts]
        row += len(texts)
    late = max(1, round(done / 3))
    size = len(found.leaders)
    ended = given[given[:, 0] >= done - late, 2]
    order = np.lexsort(
        (-np.bincount(given[:, 2], minlength=size), -np.bincount(ended, minlength=size))
    )
    place_of = np.empty_like(order)
    place_of[order] = np.arange(size)
    given[:, 2] = place_of[given[:, 2]]
    texts_of = tuple(leading[row] for row in found.leaders[order])
    return AnswerClusters(given, done, n, texts_of, found.radius, late)


def _answers(store: RunReader, done: int) -> Iterator[tuple[int, list[int], Vectors, list[str]]]:
    """Yield t, and who gave the usable answers of each whole step, with their vectors and texts."""
    for t, vectors in store.embeddings(0, done):
        rows = list(store.usable_texts(t, t + 1))
        yield t, [who for _, who, _, _ in rows], vectors, [text for *_, text in rows]
