"""Verbatim copying: how much of an answer stands word for word in what was read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lwd_tui.analysis.lexical import words
from lwd_tui.types import Floats


def copied(answers: Sequence[str], sources: Sequence[str], shortest: int = 5) -> Floats:
    """Return how much of each answer is in runs of words that also stand in a source.

    Parameters
    ----------
    answers : sequence of str
        Those that share one draw: the L responses of a participant at a step.
    sources : sequence of str
        The posts of the draw; a run never goes from one into the next.
    shortest : int
        Words from which a run counts as copied.

    Returns
    -------
    ndarray of shape (len(answers),)
        Shares of their words; 0 for an empty answer.
    """
    # A longer run is made of runs of the shortest length, each of which counts by itself.
    read = {run for source in sources for run in _runs(words(source), shortest)}
    shares = np.zeros(len(answers))
    for row, answer in enumerate(answers):
        own = words(answer)
        inside = np.zeros(len(own), dtype=bool)
        for start, run in enumerate(_runs(own, shortest)):
            if run in read:
                inside[start : start + shortest] = True
        if own:
            shares[row] = inside.mean()
    return shares


def _runs(tokens: list[str], size: int) -> zip[tuple[str, ...]]:
    return zip(*(tokens[k:] for k in range(size)), strict=False)
