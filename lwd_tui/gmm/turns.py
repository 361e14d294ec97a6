"""Algorithm 2 for several mixtures in turns, compiled.

An update waits for the one before it, most of the time for a division. Where mixtures that share
no weights take turns, the processor works on the one while it waits for the other: each mixture
does the same operations in the same order as in `lwd_tui.gmm.update.absorb`, to the bit.
"""

from __future__ import annotations

import numpy as np

from lwd_tui.gmm.compiled import compiled
from lwd_tui.gmm.update import FAINT, Rows, Rule, absorb, lift, lift_two, log_ownership
from lwd_tui.types import Floats, Ints


@compiled
def at_once(components: int) -> int:
    """Return how many mixtures take turns: three with two components, which fit in registers."""
    return 3 if components == 2 else 4


@compiled
def absorb_in_turns(weights: Floats, table: Floats, rows: Rows, rule: Rule, lifted: Ints) -> None:
    """Update some mixtures, at most `at_once`, each with points of its own.

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
    m = len(weights)
    last = m - 1
    if m == 1:
        lifted[0] = absorb(weights[0], table, rows[0], rule)
    elif weights.shape[1] == 2:
        # Two are three, of which the last is done twice.
        third = weights[last].copy()
        counts = _three(weights[0], weights[1], third, table, rows[0], rows[1], rows[last], rule)
        weights[last] = third
        for i in range(m):
            lifted[i] = counts[i]
    elif m == 2:
        lifted[0], lifted[1] = _pair(weights[0], weights[1], table, rows[0], rows[1], rule)
    else:
        # Three are four, in the same way.
        four = np.empty((weights.shape[1], 4))
        for i in range(4):
            four[:, i] = weights[min(i, last)]
        often = _four(four, table, rows[0], rows[1], rows[2], rows[last], rule)
        for i in range(m):
            weights[i], lifted[i] = four[:, i], often[i]


@compiled
def _four(
    weights: Floats,
    table: Floats,
    rows_a: Rows,
    rows_b: Rows,
    rows_c: Rows,
    rows_d: Rows,
    rule: Rule,
) -> tuple[int, int, int, int]:
    """Do what `_pair` does, for four mixtures; `weights` has the shape (B, 4)."""
    size, alpha = len(weights), rule.alpha
    gain = alpha / (1.0 - size * rule.c)
    loss = gain * rule.c
    own = np.empty((size, 4))
    lifted_a = lifted_b = lifted_c = lifted_d = 0
    for j in range(rows_a.size):
        row_a, row_b, row_c, row_d = rows_a[j], rows_b[j], rows_c[j], rows_d[j]
        a = b = c = d = 0.0
        for i in range(size):
            x = weights[i, 0] * max(table[row_a, i], 0.0)
            y = weights[i, 1] * max(table[row_b, i], 0.0)
            z = weights[i, 2] * max(table[row_c, i], 0.0)
            u = weights[i, 3] * max(table[row_d, i], 0.0)
            own[i, 0], own[i, 1], own[i, 2], own[i, 3] = x, y, z, u
            a += x
            b += y
            c += z
            d += u
        if a < FAINT:
            log_ownership(weights[:, 0], table[row_a], own[:, 0])
            a = 1.0
        if b < FAINT:
            log_ownership(weights[:, 1], table[row_b], own[:, 1])
            b = 1.0
        if c < FAINT:
            log_ownership(weights[:, 2], table[row_c], own[:, 2])
            c = 1.0
        if d < FAINT:
            log_ownership(weights[:, 3], table[row_d], own[:, 3])
            d = 1.0
        below_a = below_b = below_c = below_d = 0
        for i in range(size):
            p, q, r, s = weights[i, 0], weights[i, 1], weights[i, 2], weights[i, 3]
            x = a * (p - (alpha * p + loss)) + gain * own[i, 0]
            y = b * (q - (alpha * q + loss)) + gain * own[i, 1]
            z = c * (r - (alpha * r + loss)) + gain * own[i, 2]
            u = d * (s - (alpha * s + loss)) + gain * own[i, 3]
            own[i, 0], own[i, 1], own[i, 2], own[i, 3] = x, y, z, u
            below_a += x <= 0
            below_b += y <= 0
            below_c += z <= 0
            below_d += u <= 0
        if below_a > 0:
            a = lift(own[:, 0], a, rule)
            lifted_a += below_a
        if below_b > 0:
            b = lift(own[:, 1], b, rule)
            lifted_b += below_b
        if below_c > 0:
            c = lift(own[:, 2], c, rule)
            lifted_c += below_c
        if below_d > 0:
            d = lift(own[:, 3], d, rule)
            lifted_d += below_d
        a, b, c, d = 1.0 / a, 1.0 / b, 1.0 / c, 1.0 / d
        for i in range(size):
            weights[i, 0] = own[i, 0] * a
            weights[i, 1] = own[i, 1] * b
            weights[i, 2] = own[i, 2] * c
            weights[i, 3] = own[i, 3] * d
    return lifted_a, lifted_b, lifted_c, lifted_d


@compiled
def _pair(
    first: Floats, second: Floats, table: Floats, rows: Rows, others: Rows, rule: Rule
) -> tuple[int, int]:
    size, alpha = first.size, rule.alpha
    gain = alpha / (1.0 - size * rule.c)
    loss = gain * rule.c
    mine, theirs = np.empty(size), np.empty(size)
    lifted_a = lifted_b = 0
    for j in range(rows.size):
        row, other = table[rows[j]], table[others[j]]
        a = b = 0.0
        for i in range(size):
            x = first[i] * max(row[i], 0.0)
            y = second[i] * max(other[i], 0.0)
            mine[i] = x
            theirs[i] = y
            a += x
            b += y
        if a < FAINT:
            log_ownership(first, row, mine)
            a = 1.0
        if b < FAINT:
            log_ownership(second, other, theirs)
            b = 1.0
        below_a = below_b = 0
        for i in range(size):
            mine[i] = a * (first[i] - (alpha * first[i] + loss)) + gain * mine[i]
            theirs[i] = b * (second[i] - (alpha * second[i] + loss)) + gain * theirs[i]
            if mine[i] <= 0:
                below_a += 1
            if theirs[i] <= 0:
                below_b += 1
        if below_a > 0:
            a = lift(mine, a, rule)
            lifted_a += below_a
        if below_b > 0:
            b = lift(theirs, b, rule)
            lifted_b += below_b
        inverse_a, inverse_b = 1.0 / a, 1.0 / b
        for i in range(size):
            first[i] = mine[i] * inverse_a
            second[i] = theirs[i] * inverse_b
    return lifted_a, lifted_b


@compiled
def _faint(pi_0: float, pi_1: float, row: Floats) -> tuple[float, float]:
    weights, owned = np.array([pi_0, pi_1]), np.empty(2)
    log_ownership(weights, row, owned)
    return owned[0], owned[1]


@compiled
def _three(
    first: Floats,
    second: Floats,
    third: Floats,
    table: Floats,
    rows_a: Rows,
    rows_b: Rows,
    rows_c: Rows,
    rule: Rule,
) -> tuple[int, int, int]:
    """Do what `absorb_two` does, for three mixtures: all their weights are kept in registers."""
    alpha = rule.alpha
    gain = alpha / (1.0 - 2.0 * rule.c)
    loss = gain * rule.c
    a_0, a_1, b_0, b_1, c_0, c_1 = first[0], first[1], second[0], second[1], third[0], third[1]
    lifted_a = lifted_b = lifted_c = 0
    for j in range(rows_a.size):
        row_a, row_b, row_c = rows_a[j], rows_b[j], rows_c[j]
        own_a_0, own_a_1 = a_0 * max(table[row_a, 0], 0.0), a_1 * max(table[row_a, 1], 0.0)
        own_b_0, own_b_1 = b_0 * max(table[row_b, 0], 0.0), b_1 * max(table[row_b, 1], 0.0)
        own_c_0, own_c_1 = c_0 * max(table[row_c, 0], 0.0), c_1 * max(table[row_c, 1], 0.0)
        a, b, c = own_a_0 + own_a_1, own_b_0 + own_b_1, own_c_0 + own_c_1
        if a < FAINT:
            own_a_0, own_a_1 = _faint(a_0, a_1, table[row_a])
            a = 1.0
        if b < FAINT:
            own_b_0, own_b_1 = _faint(b_0, b_1, table[row_b])
            b = 1.0
        if c < FAINT:
            own_c_0, own_c_1 = _faint(c_0, c_1, table[row_c])
            c = 1.0
        a_0 = a * (a_0 - (alpha * a_0 + loss)) + gain * own_a_0
        a_1 = a * (a_1 - (alpha * a_1 + loss)) + gain * own_a_1
        b_0 = b * (b_0 - (alpha * b_0 + loss)) + gain * own_b_0
        b_1 = b * (b_1 - (alpha * b_1 + loss)) + gain * own_b_1
        c_0 = c * (c_0 - (alpha * c_0 + loss)) + gain * own_c_0
        c_1 = c * (c_1 - (alpha * c_1 + loss)) + gain * own_c_1
        if a_0 <= 0 or a_1 <= 0:
            a_0, a_1, a, below = lift_two(a_0, a_1, a, rule)
            lifted_a += below
        if b_0 <= 0 or b_1 <= 0:
            b_0, b_1, b, below = lift_two(b_0, b_1, b, rule)
            lifted_b += below
        if c_0 <= 0 or c_1 <= 0:
            c_0, c_1, c, below = lift_two(c_0, c_1, c, rule)
            lifted_c += below
        inverse_a, inverse_b, inverse_c = 1.0 / a, 1.0 / b, 1.0 / c
        a_0, a_1 = a_0 * inverse_a, a_1 * inverse_a
        b_0, b_1 = b_0 * inverse_b, b_1 * inverse_b
        c_0, c_1 = c_0 * inverse_c, c_1 * inverse_c
    first[0], first[1] = a_0, a_1
    second[0], second[1] = b_0, b_1
    third[0], third[1] = c_0, c_1
    return lifted_a, lifted_b, lifted_c
