"""The compiled inner loop of Algorithms 2 and 3.

Two things make it fast. The components never change, so the densities of a point are computed
once, when it is posted, and an update gathers a row of B numbers. And Algorithm 2 is carried
through with weights scaled by the density g(u), which leaves one division to an update, however
many components have to be lifted to eps.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lwd_tui.gmm.compiled import compiled
from lwd_tui.gmm.philox import Key, random_words, uniform
from lwd_tui.gmm.plan import Plan
from lwd_tui.types import Floats, Ints

Pool = NDArray[np.int32]

_DRAW, _POINT = 1, 2
_BUFFER = 512
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_WHOLE = np.uint64(1 << 32)

# A density is stored relative to the largest of its row. One below e**-700 is stored as its
# logarithm instead, which is negative: it counts as 0, unless nothing else is left.
UNDERFLOW = -700.0
_FAINT = 1e-280


@compiled
def shuffle(pool: Pool, size: int, k: int, t: int, participant: int, key: Key) -> None:
    """Bring k of the first `size` entries to the front, uniformly and in random order.

    The start of a Fisher-Yates shuffle, in O(k); bounded integers by Lemire's method, which is
    exact ("Fast random integer generation in an interval", 2019).
    """
    words = np.empty(_BUFFER, np.uint32)
    used, block = _BUFFER, 0
    for place in range(k):
        bound = np.uint64(size - place)
        while True:
            if used == _BUFFER:
                random_words(words, block, t, participant, _DRAW, key)
                block += _BUFFER // 4
                used = 0
            product = np.uint64(words[used]) * bound
            used += 1
            low = product & _LOW
            if low >= bound or low >= (_WHOLE - bound) % bound:
                break
        other = place + np.int64(product >> _HALF)
        pool[place], pool[other] = pool[other], pool[place]


@compiled
def draw(plan: Plan, t: int, participant: int, key: Key, pool: Pool) -> int:
    """Put the rows that a participant draws at t at the front of `pool`; return k_t."""
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
    return k


@compiled
def share_out(values: Floats, top: float) -> None:
    """Turn logarithms, the largest of which is `top`, into shares that sum to 1."""
    total = 0.0
    for b in range(values.size):
        values[b] = math.exp(values[b] - top)
        total += values[b]
    for b in range(values.size):
        values[b] /= total


@compiled
def log_ownership(weights: Floats, row: Floats, out: Floats) -> None:
    """Write the ownership of a point by logarithms: slower, and safe however far it is."""
    size = weights.size
    top = -math.inf
    for b in range(size):
        out[b] = -math.inf
        if weights[b] > 0:
            out[b] = math.log(weights[b]) + (math.log(row[b]) if row[b] > 0 else row[b])
            top = max(top, out[b])
    share_out(out, top)


@compiled
def move_weights(
    weights: Floats,
    owned: Floats,
    density: float,
    alpha: float,
    c: float,
    eps: float,
    renormalise: bool,
) -> int:
    """Move weights towards the ownerships of one point: the body of Algorithm 2.

    Parameters
    ----------
    weights : ndarray of shape (B,)
        pi_1 .. pi_B, changed in place.
    owned : ndarray of shape (B,)
        pi_b N_b(u), which are `density` times the ownerships; overwritten.
    density : float
        g(u), their sum.
    alpha, c, eps : float
    renormalise : bool

    Returns
    -------
    int
        How many weights were set to eps.
    """
    size = weights.size
    gain = alpha / (1.0 - size * c)
    loss = gain * c
    below = 0
    for b in range(size):
        # The order of these terms keeps the sum from drifting where alpha is small.
        change = alpha * weights[b] + loss
        owned[b] = density * (weights[b] - change) + gain * owned[b]
        if owned[b] <= 0:
            below += 1
    total = density
    if below > 0:
        # `total` is the density times the divisors so far: each weight that is set to eps divides
        # the others by 1 + eps - pi_b, and no division is carried out before the end.
        for b in range(size):
            if owned[b] <= 0:
                total = total * (1.0 + eps) - owned[b]
                owned[b] = eps * total
        if renormalise:
            total = 0.0
            for b in range(size):
                total += owned[b]
    inverse = 1.0 / total
    for b in range(size):
        weights[b] = owned[b] * inverse
    return below


@compiled
def absorb_two(
    weights: Floats,
    table: Floats,
    rows: Pool,
    k: int,
    alpha: float,
    c: float,
    eps: float,
    renormalise: bool,
) -> int:
    """Do what `absorb` does, for two components: kept in registers, it takes half the time."""
    gain = alpha / (1.0 - 2.0 * c)
    loss = gain * c
    pi_0, pi_1 = weights[0], weights[1]
    owned = np.empty(2)
    lifted = 0
    for place in range(k):
        row = rows[place]
        owned_0 = pi_0 * max(table[row, 0], 0.0)
        owned_1 = pi_1 * max(table[row, 1], 0.0)
        density = owned_0 + owned_1
        if density < _FAINT:
            weights[0], weights[1] = pi_0, pi_1
            log_ownership(weights, table[row], owned)
            owned_0, owned_1, density = owned[0], owned[1], 1.0
        pi_0 = density * (pi_0 - (alpha * pi_0 + loss)) + gain * owned_0
        pi_1 = density * (pi_1 - (alpha * pi_1 + loss)) + gain * owned_1
        total = density
        if pi_0 <= 0 or pi_1 <= 0:
            if pi_0 <= 0:
                total = total * (1.0 + eps) - pi_0
                pi_0 = eps * total
                lifted += 1
            if pi_1 <= 0:
                total = total * (1.0 + eps) - pi_1
                pi_1 = eps * total
                lifted += 1
            if renormalise:
                total = pi_0 + pi_1
        inverse = 1.0 / total
        pi_0 *= inverse
        pi_1 *= inverse
    weights[0], weights[1] = pi_0, pi_1
    return lifted


@compiled
def absorb(
    weights: Floats,
    table: Floats,
    rows: Pool,
    k: int,
    alpha: float,
    c: float,
    eps: float,
    renormalise: bool,
) -> int:
    """Update the weights of one mixture with k points, one after another (Algorithm 2).

    Parameters
    ----------
    weights : ndarray of shape (B,)
        Pi_i, changed in place.
    table : ndarray of shape (N, B)
        Densities of the components at every point, as `write_densities` gives them.
    rows : ndarray of int32
        Which points, in order.
    k : int
    alpha, c, eps : float
    renormalise : bool

    Returns
    -------
    int
        How often a weight was set to eps.
    """
    size = weights.size
    if size == 2:
        return absorb_two(weights, table, rows, k, alpha, c, eps, renormalise)
    owned = np.empty(size)
    lifted = 0
    for place in range(k):
        row = table[rows[place]]
        density = 0.0
        for b in range(size):
            owned[b] = weights[b] * max(row[b], 0.0)
            density += owned[b]
        if density < _FAINT:
            log_ownership(weights, row, owned)
            density = 1.0
        lifted += move_weights(weights, owned, density, alpha, c, eps, renormalise)
    return lifted


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
        Pi_i(t).
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
    for number in range(points.shape[0]):
        random_words(words, number * blocks, t, participant, _POINT, key)
        level = uniform(words[0], words[1])
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


@compiled
def write_densities(point: Floats, centres: Floats, row: Floats) -> None:
    """Write the component densities of a point, relative to the largest; see `UNDERFLOW`.

    The logarithm of a ratio of two densities is linear in the point, so that nothing is squared
    that could overflow, and nearly equal densities lose no digits.
    """
    size, dimension = centres.shape
    top = 0.0
    for b in range(size):
        row[b] = 0.0
        for axis in range(dimension):
            apart = centres[b, axis] - centres[0, axis]
            middle = 0.5 * centres[b, axis] + 0.5 * centres[0, axis]
            row[b] += apart * (point[axis] - middle)
        top = max(top, row[b])
    for b in range(size):
        relative = row[b] - top
        row[b] = math.exp(relative) if relative > UNDERFLOW else relative


@compiled
def write_table(points: Floats, centres: Floats, rows: Ints, table: Floats) -> None:
    """Put the densities of m points into the m given rows of the table."""
    for number in range(points.shape[0]):
        write_densities(points[number], centres, table[rows[number]])


@compiled
def publish(
    plan: Plan, weights: Floats, centres: Floats, t: int, participant: int, key: Key, table: Floats
) -> None:
    """Generate a participant's points at t, and put their densities into the table."""
    points = np.empty((plan.responses, centres.shape[1]))
    components = np.empty(plan.responses, np.int64)
    generate(weights, centres, t, participant, key, points, components)
    first = plan.last[t] + participant * plan.responses
    for number in range(plan.responses):
        write_densities(points[number], centres, table[first + number])


@compiled
def advance_participant(
    plan: Plan,
    centres: Floats,
    t: int,
    participant: int,
    key: Key,
    table: Floats,
    weights: Floats,
    lifted: Ints,
    pool: Pool,
) -> None:
    """Take one participant from t to t + 1, and post its points of t.

    Others may do so at the same time: at t nobody reads what is posted at t.
    """
    if plan.posting:
        publish(plan, weights[t, participant], centres, t, participant, key, table)
    weights[t + 1, participant] = weights[t, participant]
    k = draw(plan, t, participant, key, pool)
    if k > 0:
        lifted[t + 1, participant] = absorb(
            weights[t + 1, participant],
            table,
            pool,
            k,
            plan.alpha[t, participant],
            plan.c[t, participant],
            plan.eps,
            plan.renormalise,
        )


@compiled
def advance_replicate(
    plan: Plan,
    centres: Floats,
    start: int,
    stop: int,
    key: Key,
    table: Floats,
    weights: Floats,
    lifted: Ints,
) -> None:
    """Take one replicate from t = `start` to t = `stop`.

    Parameters
    ----------
    plan : Plan
    centres : ndarray of shape (B, d)
    start, stop : int
    key : ndarray of shape (2,), uint64
        Of the replicate.
    table : ndarray of shape (N, B)
        Densities of the points: the human ones filled in, those of the steps before `start` too.
    weights : ndarray of shape (T + 1, n, B)
        Filled from t = `start` + 1 on.
    lifted : ndarray of shape (T + 1, n)
        How often a weight was lifted to eps on the way to t.
    """
    pool = np.empty(plan.last[stop], np.int32)
    for t in range(start, stop):
        for participant in range(weights.shape[1]):
            advance_participant(plan, centres, t, participant, key, table, weights, lifted, pool)
