"""Algorithm 2 for four mixtures at once, compiled.

An update waits for the one before it, most of the time for a division. So four mixtures that share
no weights are updated together, one in each lane of a register: each mixture does the same
operations in the same order as in `lwd_tui.gmm.update.absorb`, to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lwd_tui.gmm.compiled import compiled
from lwd_tui.gmm.lanes import (
    any_below,
    any_not_above,
    four,
    higher,
    load,
    lower,
    prefetch,
    store,
)
from lwd_tui.gmm.update import FAINT, Rows, Rule, absorb, lift, log_ownership
from lwd_tui.types import Floats, Ints

TOGETHER = 4
# A row is asked for so many updates ahead: in a large table it is rarely in the fast caches.
_AHEAD = 2


@compiled
def absorb_in_turns(weights: Floats, table: Floats, rows: Rows, rule: Rule, lifted: Ints) -> None:
    """Update some mixtures, at most `TOGETHER`, each with points of its own.

    Parameters
    ----------
    weights : ndarray of shape (m, B)
        Changed in place.
    table : ndarray of shape (N, B)
    rows : ndarray of shape (m, k), int32
        Which points, in order.
    rule : Rule
    lifted : ndarray of shape (m,)
        Filled with how often a weight was set to eps.
    """
    m, size = weights.shape
    last = m - 1
    if m == 1:
        lifted[0] = absorb(weights[0], table, rows[0], rule)
        return
    # Fewer than four are four, of which the last is done several times.
    lanes, often = np.empty((size, 4)), np.zeros(4, np.int64)
    for i in range(4):
        lanes[:, i] = weights[min(i, last)]
    a, b, c, d = rows[0], rows[1], rows[min(2, last)], rows[last]
    if size == 2:
        _two(lanes, table, a, b, c, d, rule, often)
    else:
        _many(lanes, table, a, b, c, d, rule, often)
    for i in range(m):
        weights[i], lifted[i] = lanes[:, i], often[i]


@compiled
def _two(
    weights: Floats,
    table: Floats,
    rows_a: Rows,
    rows_b: Rows,
    rows_c: Rows,
    rows_d: Rows,
    rule: Rule,
    lifted: Ints,
) -> None:
    """Do what `_many` does, for two components: their weights stay in registers."""
    owned, density = np.empty((2, 4)), np.empty((1, 4))
    gain = rule.alpha / (1.0 - 2.0 * rule.c)
    losses, gains, alphas = _spread(gain * rule.c), _spread(gain), _spread(rule.alpha)
    zeros, ones, faint = _spread(0.0), _spread(1.0), _spread(FAINT)
    pi_0, pi_1 = load(weights, 0), load(weights, 1)
    for j in range(rows_a.size):
        # Without a sign, so that no index needs to be looked at for counting from the end.
        a, b = np.uint64(rows_a[j]), np.uint64(rows_b[j])
        c, d = np.uint64(rows_c[j]), np.uint64(rows_d[j])
        own_0 = pi_0 * higher(four(table[a, 0], table[b, 0], table[c, 0], table[d, 0]), zeros)
        own_1 = pi_1 * higher(four(table[a, 1], table[b, 1], table[c, 1], table[d, 1]), zeros)
        total = own_0 + own_1
        if any_below(total, faint):
            store(weights, 0, pi_0)
            store(weights, 1, pi_1)
            store(owned, 0, own_0)
            store(owned, 1, own_1)
            store(density, 0, total)
            _by_logarithms(weights, table, (a, b, c, d), owned, density)
            own_0, own_1, total = load(owned, 0), load(owned, 1), load(density, 0)
        pi_0 = total * (pi_0 - (alphas * pi_0 + losses)) + gains * own_0
        pi_1 = total * (pi_1 - (alphas * pi_1 + losses)) + gains * own_1
        if any_not_above(lower(pi_0, pi_1), zeros):
            store(owned, 0, pi_0)
            store(owned, 1, pi_1)
            store(density, 0, total)
            _lift_lanes(owned, density, rule, lifted)
            pi_0, pi_1, total = load(owned, 0), load(owned, 1), load(density, 0)
        inverse = ones / total
        pi_0 = pi_0 * inverse
        pi_1 = pi_1 * inverse
    store(weights, 0, pi_0)
    store(weights, 1, pi_1)


@compiled
def _many(
    weights: Floats,
    table: Floats,
    rows_a: Rows,
    rows_b: Rows,
    rows_c: Rows,
    rows_d: Rows,
    rule: Rule,
    lifted: Ints,
) -> None:
    """Update four mixtures; `weights` has the shape (B, 4), and `lifted` is added to."""
    size = len(weights)
    owned, density = np.empty((size, 4)), np.empty((1, 4))
    gain = rule.alpha / (1.0 - size * rule.c)
    losses, gains, alphas = _spread(gain * rule.c), _spread(gain), _spread(rule.alpha)
    zeros, ones, faint = _spread(0.0), _spread(1.0), _spread(FAINT)
    last = rows_a.size - 1
    # Weights are kept before their division, which the next update carries out as it reads them.
    inverse = ones
    for j in range(rows_a.size):
        # Without a sign, so that no index needs to be looked at for counting from the end.
        a, b = np.uint64(rows_a[j]), np.uint64(rows_b[j])
        c, d = np.uint64(rows_c[j]), np.uint64(rows_d[j])
        ahead = min(j + _AHEAD, last)
        prefetch(table, np.uint64(rows_a[ahead]))
        prefetch(table, np.uint64(rows_b[ahead]))
        prefetch(table, np.uint64(rows_c[ahead]))
        prefetch(table, np.uint64(rows_d[ahead]))
        total = zeros
        for i in range(size):
            row = four(table[a, i], table[b, i], table[c, i], table[d, i])
            pi = load(weights, i) * inverse
            own = pi * higher(row, zeros)
            store(weights, i, pi)
            store(owned, i, own)
            total = total + own
        if any_below(total, faint):
            store(density, 0, total)
            _by_logarithms(weights, table, (a, b, c, d), owned, density)
            total = load(density, 0)
        least = ones
        for i in range(size):
            pi = load(weights, i)
            pi = total * (pi - (alphas * pi + losses)) + gains * load(owned, i)
            store(weights, i, pi)
            least = lower(pi, least)
        if any_not_above(least, zeros):
            store(density, 0, total)
            _lift_lanes(weights, density, rule, lifted)
            total = load(density, 0)
        inverse = ones / total
    for i in range(size):
        store(weights, i, load(weights, i) * inverse)


@compiled
def _spread(value: float) -> Any:
    return four(value, value, value, value)


@compiled
def _by_logarithms(
    weights: Floats,
    table: Floats,
    rows: tuple[np.uint64, np.uint64, np.uint64, np.uint64],
    owned: Floats,
    density: Floats,
) -> None:
    """Write the ownerships of those lanes in which the density is too faint, by logarithms."""
    for lane, row in enumerate(rows):
        if density[0, lane] < FAINT:
            log_ownership(weights[:, lane], table[row], owned[:, lane])
            density[0, lane] = 1.0


@compiled
def _lift_lanes(owned: Floats, density: Floats, rule: Rule, lifted: Ints) -> None:
    """Set the weights of each lane that are no longer positive to eps."""
    for lane in range(4):
        below = 0
        for i in range(len(owned)):
            below += owned[i, lane] <= 0
        if below > 0:
            density[0, lane] = lift(owned[:, lane], density[0, lane], rule)
            lifted[lane] += below
