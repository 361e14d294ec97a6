"""How many things a stored run says: the clusters of all its answers, and who is in which."""

from __future__ import annotations

import math
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np

from lwd_tui.analysis.clusters import clusters_holding, leader_clusters, typical_distance
from lwd_tui.store.reader import RunReader
from lwd_tui.types import Floats, Ints

SHARE = 0.9
"""Of the answers that "most" means."""


@dataclass(frozen=True, slots=True, eq=False)
class AnswerClusters:
    """The clusters of all usable answers of a run's whole steps.

    Attributes
    ----------
    counts : ndarray of shape (T + 1, n, clusters)
        Answers of each participant in each cluster; clusters in the order of `late`.
    texts : tuple of str
        The leader of each cluster: the answer that was given most often of those near it.
    radius : float
        Half the median distance between two answers of the first step that has two.
    late : int
        The steps of a third of the run, at least one: what "at first" and "in the end" mean.
    """

    counts: Ints
    texts: tuple[str, ...]
    radius: float
    late: int

    @property
    def first(self) -> int:
        """How many clusters hold most answers of the first third."""
        return clusters_holding(self.counts[: self.late].sum(axis=(0, 1)), SHARE)

    @property
    def last(self) -> int:
        """How many clusters hold most answers of the last third."""
        return clusters_holding(self.counts[-self.late :].sum(axis=(0, 1)), SHARE)

    @property
    def shares(self) -> Floats:
        """Share of each participant's answers of the last third in each cluster, (n, clusters)."""
        seen = self.counts[-self.late :].sum(axis=0)
        shares: Floats = seen / np.maximum(seen.sum(axis=1, keepdims=True), 1)
        return shares

    @property
    def places(self) -> Ints:
        """The cluster with most of each participant's answers at each t, (T + 1, n); -1: none.

        Of equally full ones the first.
        """
        places: Ints = self.counts.argmax(axis=2)
        places[self.counts.sum(axis=2) == 0] = -1
        return places


def letter(place: int) -> str:
    """Return what a cluster is called by its place; "–" for none, "·" beyond Z."""
    if place < 0:
        return "–"
    return ascii_uppercase[place] if place < len(ascii_uppercase) else "·"


def answer_clusters(store: RunReader) -> AnswerClusters | None:
    """Cluster all usable answers of the whole steps of a run; None if no step has two of them.

    Equal texts are one point, wherever they were given: what a batch's rounding makes of their
    vectors plays no part.
    """
    done, n = store.finished(), len(store.experiment.cast)
    rows: dict[str, int] = {}
    points: list[Floats] = []
    given: list[tuple[int, int, int]] = []
    scale = math.nan
    for t, vectors in store.embeddings(0, done):
        texts = store.usable_texts(t, t + 1)
        for vector, (_, participant, _, text) in zip(vectors, texts, strict=True):
            if text not in rows:
                rows[text] = len(rows)
                points.append(vector)
            given.append((t, participant, rows[text]))
        if math.isnan(scale):
            scale = typical_distance(vectors)
    if math.isnan(scale):
        return None
    steps, owners, answers = np.array(given).T
    found = leader_clusters(np.array(points), np.bincount(answers), scale / 2)
    counts = np.zeros((done, n, len(found.leaders)), dtype=np.int64)
    np.add.at(counts, (steps, owners, found.labels[answers]), 1)
    late = max(1, round(done / 3))
    order = np.lexsort((-counts.sum(axis=(0, 1)), -counts[-late:].sum(axis=(0, 1))))
    spoken = list(rows)
    texts_of = tuple(spoken[row] for row in found.leaders[order])
    return AnswerClusters(counts[:, :, order], texts_of, found.radius, late)
