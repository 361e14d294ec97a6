"""What chance decides in a run of mixtures, compiled: who draws what, and the points posted."""

from __future__ import annotations

import math

import numpy as np

from lwd_tui.gmm.compiled import compiled
from lwd_tui.gmm.philox import Key, random_words, uniform
from lwd_tui.gmm.plan import Plan
from lwd_tui.gmm.update import Rows
from lwd_tui.types import Floats, Ints

_DRAW, _POINT = 1, 2
_BUFFER = 512
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_WHOLE = np.uint64(1 << 32)


@compiled
def shuffle(pool: Rows, size: int, k: int, t: int, participant: int, key: Key) -> None:
    """Bring k of the first `size` entries to the front, uniformly and in random order.

    The start of a Fisher-Yates shuffle, in O(k); bounded integers by Lemire's method, which is
    exact ("Fast random integer generation in an interval", 2019).
    """
    words = np.empty(_BUFFER, np.uint32)
    place, block = 0, 0
    while place < k:
        random_words(words, block, t, participant, _DRAW, key)
        block += _BUFFER // 4
        for word in words:
            if place == k:
                break
            bound = np.uint64(size - place)
            product = np.uint64(word) * bound
            low = product & _LOW
            if low >= bound or low >= (_WHOLE - bound) % bound:
                other = np.uint64(place) + (product >> _HALF)
                pool[place], pool[other] = pool[other], pool[place]
                place += 1


@compiled
def draw(plan: Plan, t: int, participant: int, key: Key, pool: Rows) -> Rows:
    """Return the rows that a participant draws at t, in random order: the front of `pool`."""
    first, last = plan.first[t], plan.last[t]
    size = 0
    if plan.filtered:
        for row in range(first, last):
            author = plan.author[row]
            if author < 0 or plan.reads[participant, author]:
                pool[size] = row
                size += 1
    else:
        for row in range(first, last):
            pool[size] = row
            size += 1
    k = int(plan.k[t, participant])
    stream = 0 if plan.shared else participant
    shuffle(pool, size, k, t, stream, key)
    return pool[:k]


@compiled
def generate(
    weights: Floats,
    centres: Floats,
    t: int,
    participant: int,
    key: Key,
    points: Floats,
    components: Ints,
) -> None:
    """Generate the L points of a mixture, in coordinates in which Sigma is the identity.

    Parameters
    ----------
    weights : ndarray of shape (B,)
        Pi_i(t); components are drawn in proportion to them, whatever their sum.
    centres : ndarray of shape (B, d)
        The means in those coordinates.
    t, participant : int
    key : ndarray of shape (2,), uint64
    points : ndarray of shape (L, d)
        Filled.
    components : ndarray of shape (L,)
        Filled with the component that each point comes from.
    """
    size, dimension = centres.shape
    blocks = 1 + (dimension + 1) // 2
    words = np.empty(4 * blocks, np.uint32)
    total = 0.0
    for b in range(size):
        total += weights[b]
    for number in range(points.shape[0]):
        random_words(words, number * blocks, t, participant, _POINT, key)
        level = total * uniform(words[0], words[1])
        chosen, reached = -1, 0.0
        for b in range(size):
            if weights[b] > 0 and reached < level:
                chosen = b
                reached += weights[b]
        components[number] = chosen
        for axis in range(dimension):
            # Box and Muller: two normal numbers from two uniform ones, a block a pair.
            word = 4 + 4 * (axis // 2)
            radius = math.sqrt(-2.0 * math.log(uniform(words[word], words[word + 1])))
            angle = 2.0 * math.pi * uniform(words[word + 2], words[word + 3])
            normal = radius * (math.cos(angle) if axis % 2 == 0 else math.sin(angle))
            points[number, axis] = centres[chosen, axis] + normal
