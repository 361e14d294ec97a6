"""The compiled inner loop of Algorithm 3, where the components stay as they are."""

from __future__ import annotations

import numpy as np

from lwd_tui.gmm.chance import draw, generate
from lwd_tui.gmm.compiled import compiled
from lwd_tui.gmm.philox import Key
from lwd_tui.gmm.plan import Plan
from lwd_tui.gmm.turns import TOGETHER, absorb_in_turns
from lwd_tui.gmm.update import Rows, Rule, absorb, write_densities
from lwd_tui.types import Floats, Ints


@compiled
def publish(
    plan: Plan, weights: Floats, centres: Floats, t: int, participant: int, key: Key, table: Floats
) -> None:
    """Generate a participant's points at t, and put their densities into the table."""
    points = np.empty((plan.responses, centres.shape[1]))
    components = np.empty(plan.responses, np.int64)
    generate(weights, centres, t, participant, key, points, components)
    first = plan.last[t] + participant * plan.responses
    write_densities(points, centres, table[first : first + plan.responses])


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
    pool: Rows,
) -> None:
    """Take one participant from t to t + 1, and post its points of t.

    Others may do so at the same time: at t nobody reads what is posted at t.
    """
    if plan.posting:
        publish(plan, weights[t, participant], centres, t, participant, key, table)
    weights[t + 1, participant] = weights[t, participant]
    rows = draw(plan, t, participant, key, pool)
    if rows.size > 0:
        rule = Rule(plan.alpha[t, participant], plan.c[t, participant], plan.eps, plan.renormalise)
        lifted[t + 1, participant] = absorb(weights[t + 1, participant], table, rows, rule)


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
    """Take one replicate from t = `start` to t = `stop`, some participants of it in turns.

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
    n = weights.shape[1]
    pools = np.empty((TOGETHER, plan.last[stop]), np.int32)
    for t in range(start, stop):
        first = 0
        while first < n:
            last = first + 1
            while last < n and last - first < TOGETHER and _alike(plan, t, first, last):
                last += 1
            for participant in range(first, last):
                if plan.posting:
                    publish(plan, weights[t, participant], centres, t, participant, key, table)
                draw(plan, t, participant, key, pools[participant - first])
            weights[t + 1, first:last] = weights[t, first:last]
            k = plan.k[t, first]
            if k > 0:
                rule = Rule(plan.alpha[t, first], plan.c[t, first], plan.eps, plan.renormalise)
                rows = pools[: last - first, :k]
                moved, counts = weights[t + 1, first:last], lifted[t + 1, first:last]
                absorb_in_turns(moved, table, rows, rule, counts)
            first = last


@compiled
def _alike(plan: Plan, t: int, one: int, other: int) -> bool:
    """Say whether two participants draw as many points at t, and learn from each as much."""
    if plan.k[t, one] != plan.k[t, other] or plan.alpha[t, one] != plan.alpha[t, other]:
        return False
    return bool(plan.c[t, one] == plan.c[t, other])
