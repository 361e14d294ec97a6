"""How near texts come to some others by their words, where those have no embedding."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lwd_tui.analysis.lexical import words
from lwd_tui.types import Floats


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
    nearest = np.full(len(texts), math.nan if not theirs else 0.0)
    for position, text in enumerate(texts):
        own = set(words(text))
        for other in theirs if own else ():
            common = len(own & other)
            nearest[position] = max(nearest[position], common / (len(own) + len(other) - common))
    return nearest
