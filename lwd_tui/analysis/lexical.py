"""Diversity of wording: counts of words, with no model behind them.

A word is a run of letters, digits and apostrophes, in lower case. Languages that are written
without spaces come out as one word a phrase, and their numbers mean little.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from lwd_tui.types import Ints

WORD = re.compile(r"\w+(?:['’]\w+)*")
# What a count of zero becomes inside the logarithm.
SMOOTHING = 0.1

Gram = tuple[str, ...]


def words(text: str) -> list[str]:
    """Split a text into words, in lower case."""
    return WORD.findall(text.lower())


def lengths(texts: Sequence[str]) -> Ints:
    """Return the number of words of each text."""
    return np.array([len(words(text)) for text in texts], dtype=np.int64)


def distinct(texts: Sequence[str], size: int) -> float:
    """Return distinct-n: the different n-grams of all texts for each n-gram (Li et al. 2016).

    Parameters
    ----------
    texts : sequence of str
    size : int
        n: 1 for words, 2 for pairs.

    Returns
    -------
    float
        Between 0 and 1; NaN if no text has n words. It falls as texts get more or longer, so
        only equal numbers of texts compare.
    """
    grams = [gram for text in texts for gram in _grams(words(text), size)]
    return len(set(grams)) / len(grams) if grams else math.nan


def duplicate_share(texts: Sequence[str]) -> float:
    """Return the share of texts that equal another one, but for white space and case.

    Returns
    -------
    float
        NaN with fewer than two texts.
    """
    if len(texts) < 2:
        return math.nan
    plain = [" ".join(text.lower().split()) for text in texts]
    times = Counter(plain)
    return sum(times[text] > 1 for text in plain) / len(plain)


def self_bleu(texts: Sequence[str], longest: int = 4) -> float:
    """Return self-BLEU: the mean BLEU of each text against all the others (Zhu et al. 2018).

    Parameters
    ----------
    texts : sequence of str
    longest : int
        BLEU-n: n-grams of 1 to n words count alike.

    Returns
    -------
    float
        0 where nothing is shared, 1 where all texts are equal; NaN with fewer than two texts.

    Notes
    -----
    BLEU with the brevity penalty of the closest reference (Papineni et al. 2002); a count of
    zero becomes 0.1 (Chen and Cherry 2014, method 1), as in the code of Zhu et al.
    """
    if len(texts) < 2:
        return math.nan
    tokens = [words(text) for text in texts]
    log_precisions = np.zeros(len(texts))
    shares_a_word = np.ones(len(texts), dtype=bool)
    for size in range(1, longest + 1):
        counts = [Counter(_grams(token, size)) for token in tokens]
        highest = _two_highest(counts)
        for i, own in enumerate(counts):
            matched = sum(
                min(times, highest[gram][1] if highest[gram][2] == i else highest[gram][0])
                for gram, times in own.items()
            )
            if size == 1:
                shares_a_word[i] = matched > 0
            total = max(1, sum(own.values()))
            log_precisions[i] += math.log((matched or SMOOTHING) / total) / longest
    penalties = _brevity_penalties(np.array([len(token) for token in tokens]))
    return float(np.where(shares_a_word, penalties * np.exp(log_precisions), 0.0).mean())


def _grams(tokens: Sequence[str], size: int) -> list[Gram]:
    return [tuple(tokens[k : k + size]) for k in range(len(tokens) - size + 1)]


def _two_highest(counts: Sequence[Counter[Gram]]) -> dict[Gram, tuple[int, int, int]]:
    """Return, of each n-gram, its highest count, the second highest, and the text of the first.

    The most that a text's references hold is then known without going through all of them.
    """
    highest: dict[Gram, tuple[int, int, int]] = {}
    for i, own in enumerate(counts):
        for gram, times in own.items():
            first, second, holder = highest.get(gram, (0, 0, -1))
            if times > first:
                highest[gram] = (times, first, i)
            elif times > second:
                highest[gram] = (first, times, holder)
    return highest


def _brevity_penalties(sizes: Ints) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the penalty of each text, from the closest length among the others."""
    penalties = np.zeros(len(sizes))
    for i, size in enumerate(sizes):
        others = np.delete(sizes, i)
        gaps = np.abs(others - size)
        closest = others[gaps == gaps.min()].min()
        if size:
            penalties[i] = 1.0 if size > closest else math.exp(1 - closest / size)
    return penalties
