"""What comes nearest to a text: by its embedding, or, where it has none, by its words."""

from __future__ import annotations

import math
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
        How many rows are wanted.

    Returns
    -------
    list of Neighbour
        The nearest first; of equally near ones the earlier first.

    Raises
    ------
    UnfitData
        If a number is NaN or infinite.
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
    return _common(set(words(text)), [set(words(other)) for other in others])


def nearest_overlap(texts: Sequence[str], references: Sequence[str]) -> Floats:
    """Return the share of words that each text has in common with the nearest reference.

    The largest Jaccard index: different words in both, over different words in either.

    Parameters
    ----------
    texts : sequence of str
    references : sequence of str
        Such as the human posts.

    Returns
    -------
    ndarray of shape (len(texts),)
        Between 0 and 1; NaN without references, and 0 for a text without words.
    """
    theirs = [set(words(reference)) for reference in references]
    if not theirs:
        return np.full(len(texts), math.nan)
    return np.array([_common(set(words(text)), theirs).max() for text in texts])


def _common(own: set[str], others: Sequence[set[str]]) -> Floats:
    shares = np.zeros(len(others))
    for position, theirs in enumerate(others):
        common = len(own & theirs)
        if union := len(own) + len(theirs) - common:
            shares[position] = common / union
    return shares
