"""The compiled inner loop where means and covariances move with the weights.

The whole recursive update of Zivkovic and van der Heijden, "Recursive unsupervised learning of
finite mixture models" (IEEE TPAMI 26, 2004): with delta = u - mu_b and s = alpha o_b / pi_b,

    mu_b <- mu_b + s delta,    Sigma_b <- Sigma_b + s (delta delta' - Sigma_b),

and the weights by Algorithm 2. Each participant has components of its own then, so the densities
of a point are computed for each update, from Cholesky factors that are updated in O(d^2).

Two guards keep degenerate cases in bounds. s is at most 1/2, because o_b / pi_b has no bound for
a component that is about to go. The diagonal of a factor has a floor, because a component that
only ever sees one point would shrink to a spike with infinite density.
"""

from __future__ import annotations

import math

import numpy as np

from lwd_tui.gmm.chance import draw, generate
from lwd_tui.gmm.compiled import compiled
from lwd_tui.gmm.philox import Key
from lwd_tui.gmm.plan import Plan
from lwd_tui.gmm.update import Rows, Rule, move_weights, share_out
from lwd_tui.types import Floats, Ints

_LARGEST_STEP = 0.5


@compiled
def log_normal(point: Floats, mean: Floats, factor: Floats, solved: Floats) -> float:
    """Return log N(point; mean, F F') up to a constant, by forward substitution."""
    squares, volume = 0.0, 0.0
    for row in range(point.size):
        value = point[row] - mean[row]
        for column in range(row):
            value -= factor[row, column] * solved[column]
        solved[row] = value / factor[row, row]
        squares += solved[row] * solved[row]
        volume += math.log(factor[row, row])
    return -0.5 * squares - volume


@compiled
def blend_factor(factor: Floats, delta: Floats, step: float, floor: float) -> None:
    """Make F the factor of (1 - step) F F' + step delta delta', in place; overwrite delta.

    A rank-one update by rotations (Gill, Golub, Murray and Saunders 1974). The diagonal stays at
    least `floor`.
    """
    size = delta.size
    kept, added = math.sqrt(1.0 - step), math.sqrt(step)
    for row in range(size):
        delta[row] *= added
        for column in range(row + 1):
            factor[row, column] *= kept
    for column in range(size):
        length = math.hypot(factor[column, column], delta[column])
        cosine, sine = factor[column, column] / length, delta[column] / length
        factor[column, column] = max(length, floor)
        for row in range(column + 1, size):
            old = factor[row, column]
            factor[row, column] = cosine * old + sine * delta[row]
            delta[row] = cosine * delta[row] - sine * old


@compiled
def absorb_moving(
    weights: Floats,
    means: Floats,
    factors: Floats,
    points: Floats,
    rows: Rows,
    rule: Rule,
    covariances: bool,
    floor: float,
) -> int:
    """Update one mixture with points, one after another; return how many weights were set to eps.

    Parameters
    ----------
    weights : ndarray of shape (B,)
    means : ndarray of shape (B, d)
    factors : ndarray of shape (B, d, d)
        Lower Cholesky factors of the covariances. All three are changed in place.
    points : ndarray of shape (N, d)
    rows : ndarray of shape (k,), int32
        Which points, in order.
    rule : Rule
    covariances : bool
        Whether they move, as the means do.
    floor : float
        Least entry of a factor's diagonal.
    """
    size, dimension = means.shape
    owned, solved, delta = np.empty(size), np.empty(dimension), np.empty(dimension)
    lifted = 0
    for place in rows:
        point = points[place]
        top = -math.inf
        for b in range(size):
            owned[b] = -math.inf
            if weights[b] > 0:
                density = log_normal(point, means[b], factors[b], solved)
                owned[b] = math.log(weights[b]) + density
                top = max(top, owned[b])
        share_out(owned, top)
        for b in range(size):
            if owned[b] > 0:
                step = min(rule.alpha * owned[b] / weights[b], _LARGEST_STEP)
                for axis in range(dimension):
                    delta[axis] = point[axis] - means[b, axis]
                    means[b, axis] += step * delta[axis]
                if covariances:
                    blend_factor(factors[b], delta, step, floor)
        lifted += move_weights(weights, owned, 1.0, rule)
    return lifted


@compiled
def advance_moving(
    plan: Plan,
    t: int,
    participant: int,
    key: Key,
    points: Floats,
    weights: Floats,
    means: Floats,
    factors: Floats,
    lifted: Ints,
    pool: Rows,
    covariances: bool,
    floor: float,
) -> None:
    """Take one participant from t to t + 1, and post its points of t.

    Parameters
    ----------
    plan : Plan
    t, participant : int
    key : ndarray of shape (2,), uint64
    points : ndarray of shape (N, d)
    weights : ndarray of shape (T + 1, n, B)
    means : ndarray of shape (T + 1, n, B, d)
    factors : ndarray of shape (T + 1, n, B, d, d)
        Row t of all three is read, row t + 1 written.
    lifted : ndarray of shape (T + 1, n)
    pool : ndarray of int32
    covariances : bool
    floor : float
    """
    if plan.posting:
        publish_moving(
            plan,
            weights[t, participant],
            means[t, participant],
            factors[t, participant],
            t,
            participant,
            key,
            points,
        )
    weights[t + 1, participant] = weights[t, participant]
    means[t + 1, participant] = means[t, participant]
    factors[t + 1, participant] = factors[t, participant]
    rows = draw(plan, t, participant, key, pool)
    if rows.size > 0:
        rule = Rule(plan.alpha[t, participant], plan.c[t, participant], plan.eps, plan.renormalise)
        lifted[t + 1, participant] = absorb_moving(
            weights[t + 1, participant],
            means[t + 1, participant],
            factors[t + 1, participant],
            points,
            rows,
            rule,
            covariances,
            floor,
        )


@compiled
def publish_moving(
    plan: Plan,
    weights: Floats,
    means: Floats,
    factors: Floats,
    t: int,
    participant: int,
    key: Key,
    points: Floats,
) -> None:
    """Generate a participant's points at t into their rows of the table of points."""
    dimension = means.shape[1]
    components = np.empty(plan.responses, np.int64)
    first = plan.last[t] + participant * plan.responses
    fresh = points[first : first + plan.responses]
    generate(weights, np.zeros_like(means), t, participant, key, fresh, components)
    for number in range(plan.responses):
        b = components[number]
        # From the last axis on, since each needs the normal numbers of those before it.
        for row in range(dimension - 1, -1, -1):
            value = means[b, row]
            for column in range(row + 1):
                value += factors[b, row, column] * fresh[number, column]
            fresh[number, row] = value
