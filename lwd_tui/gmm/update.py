"""Algorithm 2, compiled: how points move the weights of a mixture.

Two things make it fast. The components never change, so the densities of a point are computed
once, when it is posted, and an update gathers a row of B numbers. And the algorithm is carried
through with weights scaled by the density g(u), which leaves one division to an update, however
many components have to be lifted to eps.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lwd_tui.gmm.compiled import compiled
from lwd_tui.types import Floats

Rows = NDArray[np.int32]
"""Rows of the table of points."""

# A density is stored relative to the largest of its row. One below e**-700 is stored as its
# logarithm instead, which is negative: it counts as 0, unless nothing else is left.
_UNDERFLOW = -700.0
FAINT = 1e-280


class Rule(NamedTuple):
    """What an update goes by; `lwd_tui.experiment.gmm.GmmSpec` says what each number means."""

    alpha: float
    c: float
    eps: float
    renormalise: bool


@compiled
def write_densities(points: Floats, centres: Floats, table: Floats) -> None:
    """Write the component densities of points, each relative to the largest of its row.

    The logarithm of a ratio of two densities is linear in the point, so that nothing is squared
    that could overflow, and nearly equal densities lose no digits.

    Parameters
    ----------
    points : ndarray of shape (m, d)
    centres : ndarray of shape (B, d)
        Both in coordinates in which Sigma is the identity.
    table : ndarray of shape (m, B)
        Filled; see `_UNDERFLOW`.
    """
    size, dimension = centres.shape
    for number in range(points.shape[0]):
        point, row = points[number], table[number]
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
            row[b] = math.exp(relative) if relative > _UNDERFLOW else relative


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
def lift(owned: Floats, total: float, rule: Rule) -> float:
    """Set weights that aren't positive to eps, all times `total`; return what to divide them by."""
    # `total` is the density times the divisors so far: each weight that is set to eps divides the
    # others by 1 + eps - pi_b, and no division is carried out before the end.
    for b in range(owned.size):
        if owned[b] <= 0:
            total = total * (1.0 + rule.eps) - owned[b]
            owned[b] = rule.eps * total
    if rule.renormalise:
        total = 0.0
        for b in range(owned.size):
            total += owned[b]
    return total


@compiled
def lift_two(pi_0: float, pi_1: float, total: float, rule: Rule) -> tuple[float, float, float, int]:
    """Do what `lift` does, for two components; return the divisor and how many were lifted too."""
    lifted = 0
    if pi_0 <= 0:
        total = total * (1.0 + rule.eps) - pi_0
        pi_0 = rule.eps * total
        lifted += 1
    if pi_1 <= 0:
        total = total * (1.0 + rule.eps) - pi_1
        pi_1 = rule.eps * total
        lifted += 1
    if rule.renormalise:
        total = pi_0 + pi_1
    return pi_0, pi_1, total, lifted


@compiled
def move_weights(weights: Floats, owned: Floats, density: float, rule: Rule) -> int:
    """Move weights towards the ownerships of one point: the body of Algorithm 2.

    Parameters
    ----------
    weights : ndarray of shape (B,)
        pi_1 .. pi_B, changed in place.
    owned : ndarray of shape (B,)
        pi_b N_b(u), which are `density` times the ownerships; overwritten.
    density : float
        g(u), their sum.
    rule : Rule

    Returns
    -------
    int
        How many weights were set to eps.
    """
    size = weights.size
    gain = rule.alpha / (1.0 - size * rule.c)
    loss = gain * rule.c
    below = 0
    for b in range(size):
        # The order of these terms keeps the sum from drifting where alpha is small.
        change = rule.alpha * weights[b] + loss
        owned[b] = density * (weights[b] - change) + gain * owned[b]
        if owned[b] <= 0:
            below += 1
    total = density
    if below > 0:
        total = lift(owned, density, rule)
    inverse = 1.0 / total
    for b in range(size):
        weights[b] = owned[b] * inverse
    return below


@compiled
def absorb_two(weights: Floats, table: Floats, rows: Rows, rule: Rule) -> int:
    """Do what `absorb` does, for two components: kept in registers, it takes half the time."""
    alpha = rule.alpha
    gain = alpha / (1.0 - 2.0 * rule.c)
    loss = gain * rule.c
    pi_0, pi_1 = weights[0], weights[1]
    owned = np.empty(2)
    lifted = 0
    for row in rows:
        owned_0 = pi_0 * max(table[row, 0], 0.0)
        owned_1 = pi_1 * max(table[row, 1], 0.0)
        density = owned_0 + owned_1
        if density < FAINT:
            weights[0], weights[1] = pi_0, pi_1
            log_ownership(weights, table[row], owned)
            owned_0, owned_1, density = owned[0], owned[1], 1.0
        pi_0 = density * (pi_0 - (alpha * pi_0 + loss)) + gain * owned_0
        pi_1 = density * (pi_1 - (alpha * pi_1 + loss)) + gain * owned_1
        total = density
        if pi_0 <= 0 or pi_1 <= 0:
            pi_0, pi_1, total, below = lift_two(pi_0, pi_1, total, rule)
            lifted += below
        inverse = 1.0 / total
        pi_0 *= inverse
        pi_1 *= inverse
    weights[0], weights[1] = pi_0, pi_1
    return lifted


@compiled
def absorb(weights: Floats, table: Floats, rows: Rows, rule: Rule) -> int:
    """Update the weights of one mixture with points, one after another (Algorithm 2).

    Parameters
    ----------
    weights : ndarray of shape (B,)
        Pi_i, changed in place.
    table : ndarray of shape (N, B)
        Densities of the components at every point, as `write_densities` gives them.
    rows : ndarray of shape (k,), int32
        Which points, in order.
    rule : Rule

    Returns
    -------
    int
        How often a weight was set to eps.
    """
    size = weights.size
    if size == 2:
        return absorb_two(weights, table, rows, rule)
    owned = np.empty(size)
    lifted = 0
    for place in rows:
        row = table[place]
        density = 0.0
        for b in range(size):
            owned[b] = weights[b] * max(row[b], 0.0)
            density += owned[b]
        if density < FAINT:
            log_ownership(weights, row, owned)
            density = 1.0
        lifted += move_weights(weights, owned, density, rule)
    return lifted
