"""Verbatim copying: how much of an answer stands word for word in what was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.lexical import words
from lwd_tui.types import Ints


@dataclass(frozen=True, slots=True)
class Copied:
    """What one answer has from its sources.

    Attributes
    ----------
    share : float
        Of its words, those inside a run that also stands in a source; 0 for an empty answer.
    longest : int
        Words of the longest such run, however short.
    """

    share: float
    longest: int


def copied(answers: Sequence[str], sources: Sequence[str], shortest: int = 5) -> list[Copied]:
    """Find the runs of words that answers share with what their writer read.

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
    list of Copied
        One an answer.
    """
    numbers: dict[str, int] = {}
    text: list[int] = []
    for source in sources:
        text += [numbers.setdefault(word, len(numbers)) for word in words(source)]
        text.append(-1)
    track = np.array(text, dtype=np.int64)
    return [_copied([numbers.get(word, -2) for word in words(a)], track, shortest) for a in answers]


def _copied(answer: list[int], track: Ints, shortest: int) -> Copied:
    """Carry, for each place of the sources, the length of the run that ends there."""
    if not answer:
        return Copied(0.0, 0)
    runs = np.zeros(len(track) + 1, dtype=np.int64)
    inside = np.zeros(len(answer), dtype=bool)
    longest = 0
    for k, word in enumerate(answer):
        runs[1:] = np.where(track == word, runs[:-1] + 1, 0)
        run = int(runs.max())
        longest = max(longest, run)
        if run >= shortest:
            inside[k - run + 1 : k + 1] = True
    return Copied(float(inside.mean()), longest)
