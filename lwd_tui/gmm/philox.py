"""Philox 4x32-10: random words as a pure function of a key and a place, in compiled code.

A stream is named by (seed and replicate, purpose, t, participant), so that no number depends on
threads, on order, or on how many replicates there are. NumPy's seed sequences make the keys, one
a replicate; a sequence for each place would cost more than the updates it feeds, and compiled
code can't set NumPy's own Philox to a place.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lwd_tui.gmm.compiled import compiled

Key = NDArray[np.uint64]
Words = NDArray[np.uint32]

_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)


@compiled
def random_words(
    words: Words, block: int, t: int, participant: int, purpose: int, key: Key
) -> None:
    """Fill `words` with the blocks of a stream from number `block` on.

    Parameters
    ----------
    words : ndarray of uint32
        Filled; its size is a multiple of 4, the words of a block.
    block, t, participant, purpose : int
        The four words of the counter, each below 2**32.
    key : ndarray of shape (2,), uint64
        Two words below 2**32.
    """
    keys0, keys1 = np.empty(_ROUNDS, np.uint64), np.empty(_ROUNDS, np.uint64)
    for number in range(_ROUNDS):
        keys0[number] = (key[0] + np.uint64(number) * _WEYL_0) & _LOW
        keys1[number] = (key[1] + np.uint64(number) * _WEYL_1) & _LOW
    # Only the lower halves of a counter's words count, so that the upper ones may hold anything
    # until the end; the loop runs over blocks in vector registers.
    for place in range(words.size // 4):
        x0, x1 = np.uint64(block + place), np.uint64(t)
        x2, x3 = np.uint64(participant), np.uint64(purpose)
        for number in range(_ROUNDS):
            product0 = _MULTIPLIER_0 * (x0 & _LOW)
            product1 = _MULTIPLIER_1 * (x2 & _LOW)
            x0 = (product1 >> _HALF) ^ x1 ^ keys0[number]
            x2 = (product0 >> _HALF) ^ x3 ^ keys1[number]
            x1, x3 = product1, product0
        words[4 * place] = x0
        words[4 * place + 1] = x1
        words[4 * place + 2] = x2
        words[4 * place + 3] = x3


@compiled
def uniform(high: np.uint32, low: np.uint32) -> float:
    """Return a number in (0, 1] with 53 random bits, of two words."""
    bits = (np.uint64(high) << np.uint64(21)) ^ (np.uint64(low) >> np.uint64(11))
    return (np.float64(bits) + 1.0) * 2.0**-53
