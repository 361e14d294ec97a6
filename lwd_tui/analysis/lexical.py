"""Diversity of wording: counts of words, with no model behind them.

A word is a run of letters, digits and apostrophes, in lower case. Languages that are written
without spaces come out as one word a phrase, and their numbers mean little.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from lwd_tui.types import Floats, Ints

WORD = re.compile(r"\w+(?:['’]\w+)*")
# What a count of zero becomes inside the logarithm.
SMOOTHING = 0.1


def words(text: str) -> list[str]:
    """Split a text into words, in lower case."""
    return list(_words(text))


# The statistics of one step ask for the words of each answer, and of what was read, ten times.
@lru_cache(maxsize=1024)
def _words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(text.lower()))


def lengths(texts: Sequence[str]) -> Ints:
    """Return the number of words of each text."""
    return np.array([len(_words(text)) for text in texts], dtype=np.int64)


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
    *_, (grams, _) = _grams(texts, size)
    return len(np.unique(grams)) / len(grams) if len(grams) else math.nan


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
        BLEU-n: n-grams of 1 to n words count alike, in a shorter text those that it has.

    Returns
    -------
    float
        0 where no word is shared, 1 where all texts are equal; NaN with fewer than two texts.

    Notes
    -----
    BLEU with the brevity penalty of the closest reference (Papineni et al. 2002); a count of
    zero becomes 0.1 (Chen and Cherry 2014, method 1), as in the code of Zhu et al. For four
    words this is NLTK's sentence_bleu with auto_reweigh, without which a text of one to three
    words has a count of zero in itself.
    """
    if len(texts) < 2:
        return math.nan
    sizes = lengths(texts)
    log_precisions = np.zeros(len(texts))
    shares_a_word = np.ones(len(texts), dtype=bool)
    for size, (grams, owners) in enumerate(_grams(texts, longest), 1):
        matched = _matched(grams, owners, len(texts))
        if size == 1:
            shares_a_word = matched > 0
        total = np.maximum(1, sizes - size + 1)
        logs = np.log(np.where(matched > 0, matched, SMOOTHING) / total)
        log_precisions += np.where(sizes >= size, logs, 0.0)
    precisions = np.exp(log_precisions / np.clip(sizes, 1, longest))
    return float(np.where(shares_a_word, _brevity_penalties(sizes) * precisions, 0.0).mean())


def _grams(texts: Sequence[str], longest: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield, for n = 1 to `longest`, a number for each n-gram of the texts, and whose it is.

    Equal n-grams have equal numbers.
    """
    numbers: dict[str, int] = {}
    tokens = np.array(
        [numbers.setdefault(word, len(numbers)) for text in texts for word in _words(text)],
        dtype=np.int64,
    )
    owners = np.repeat(np.arange(len(texts)), lengths(texts))
    grams = tokens
    for size in range(1, longest + 1):
        if size > 1:
            # One that goes from one text into the next is numbered, but not given.
            pairs = grams[:-1] * len(numbers) + tokens[size - 1 :]
            grams = np.unique(pairs, return_inverse=True)[1]
        first = owners[: len(grams)]
        whole = first == owners[len(owners) - len(grams) :]
        yield grams[whole], first[whole]


def _matched(grams: Ints, owners: Ints, m: int) -> Ints:
    """Return how many n-grams of each text another text has: of each, as often as one has it."""
    pairs, times = np.unique(grams * m + owners, return_counts=True)
    # By n-gram, and of each the text that has it most often first: it's up to the second.
    order = np.lexsort((-times, pairs // m))
    gram, owner, times = pairs[order] // m, pairs[order] % m, times[order]
    starts = np.flatnonzero(np.diff(gram, prepend=-1))
    held = np.diff(starts, append=len(gram))
    others = np.repeat(times[starts], held)
    others[starts] = np.where(held > 1, times[(starts + 1) % max(1, len(times))], 0)
    counts: Ints = np.bincount(owner, np.minimum(times, others), m).astype(np.int64)
    return counts


def _brevity_penalties(sizes: Ints) -> Floats:
    """Return the penalty of each text, from the closest length among the others."""
    different, place, times = np.unique(sizes, return_inverse=True, return_counts=True)
    closest = different.copy()
    alone = np.flatnonzero(times == 1)
    padded = np.concatenate(([-np.inf], different, [np.inf]))
    below, above = padded[alone], padded[alone + 2]
    own = different[alone]
    closest[alone] = np.where(own - below <= above - own, below, above)
    short = np.maximum(sizes, 1)
    penalties: Floats = np.exp(np.minimum(0.0, 1 - closest[place] / short))
    return np.where(sizes > 0, penalties, 0.0)
