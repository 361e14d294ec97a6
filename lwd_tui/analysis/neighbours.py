"""What comes nearest to a text: by its embedding, or, where it has none, by its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import finite
from lwd_tui.analysis.lexical import words
from lwd_tui.types import Floats


class Neighbour(NamedTuple):
    """A row that is near: of which block, which row of it, and how far away."""

    block: int
    row: int
    distance: float


def nearest(point: ArrayLike, blocks: Iterable[ArrayLike], count: int) -> list[Neighbour]:
    """Find the rows that are nearest to a point, however many blocks there are to look through.

    Parameters
    ----------
    point : array_like of shape (p,)
    blocks : iterable of array_like of shape (m, p)
        Such as the embedded responses of one step after another; only one is held at a time.
        Blocks without rows may have any p.
    count : int
        How many rows are wanted: the nearest first, of equally near ones the earlier first.
    """
    here = finite(point, "point", ndim=1)

    def candidates() -> Iterator[Neighbour]:
        for number, block in enumerate(blocks):
            rows = finite(block, "block")
            if len(rows):
                distances = np.linalg.norm(rows - here, axis=1)
                for row in np.argsort(distances, kind="stable")[:count]:
                    yield Neighbour(number, int(row), float(distances[row]))

    return nsmallest(count, candidates(), key=lambda neighbour: neighbour.distance)


def common_words(text: str, others: Sequence[str]) -> Floats:
    """Return how many of their words two texts share: the Jaccard index of the sets of words.

    Parameters
    ----------
    text : str
    others : sequence of str

    Returns
    -------
    ndarray of shape (len(others),)
        From 0 to 1; 0 where neither text has a word.
    """
    own = set(words(text))
    shares = np.zeros(len(others))
    for position, other in enumerate(others):
        theirs = set(words(other))
        if union := len(own | theirs):
            shares[position] = len(own & theirs) / union
    return shares
