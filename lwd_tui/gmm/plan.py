"""All of a proxy run that no chance enters: where each point lies, who may draw it, and the steps.

The points of a run lie in one table, in order of posting: A(0), then for each step the n * L
points of the participants (none without interaction), the fresh human points and the noise.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from lwd_tui.experiment.exchange import share_of
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.types import Floats, Ints

HUMAN, NOISE = -1, -2


class Plan(NamedTuple):
    """A run's arrays that the compiled loop reads; T + 1 rows, one for each t.

    Attributes
    ----------
    first, last : ndarray of shape (T + 1,)
        A(t) is the rows ``first[t] : last[t]`` of the table.
    author : ndarray of shape (N,)
        Who posted each row of the table: a participant, `HUMAN` or `NOISE`.
    reads : ndarray of shape (n, n), bool
        Entry [i, j]: i reads what j posts.
    filtered : bool
        Whether anyone reads less than everything.
    shared : bool
        Whether one draw serves all participants.
    posting : bool
        Whether the participants' points are posted.
    k : ndarray of shape (T + 1, n)
        k_t of each participant: floor(beta * the points that it may draw).
    alpha, c : ndarray of shape (T + 1, n)
        The schedules; 0 where k_t = 0, where there is no update.
    eps : float
    renormalise : bool
    responses : int
        L.
    """

    first: Ints
    last: Ints
    author: NDArray[np.int32]
    reads: NDArray[np.bool_]
    filtered: bool
    shared: bool
    posting: bool
    k: Ints
    alpha: Floats
    c: Floats
    eps: float
    renormalise: bool
    responses: int

    @property
    def size(self) -> Ints:
        """|A(t)|, of shape (T + 1,)."""
        return self.last - self.first


# A plan may be gigabytes, so it goes with the specification that it was laid out for.
_plans: WeakKeyDictionary[GmmSpec, Plan] = WeakKeyDictionary()


def plan_of(spec: GmmSpec) -> Plan:
    """Return the plan of a run, laid out once for all who ask; nobody writes to its arrays."""
    plan = _plans.get(spec)
    if plan is None:
        plan = _plans[spec] = _laid_out(spec)
    return plan


def _laid_out(spec: GmmSpec) -> Plan:
    n, steps = spec.participants, np.arange(spec.steps + 1)
    author = _authors(spec)
    last = spec.start_size + steps * spec.posts_per_step
    starts = np.concatenate(([0], last))
    first = starts[np.array([spec.oldest(t) for t in range(spec.steps + 1)])]
    reads = spec.readers(n)
    pool = _readable(reads.sum(axis=1), first, last, spec)
    counts, place = np.unique(pool, return_inverse=True)
    k = np.array([share_of(spec.beta, count) for count in counts.tolist()])[place]
    return Plan(
        first,
        last,
        author,
        reads,
        not reads.all(),
        spec.retrieval == "shared",
        spec.interaction,
        k,
        _alpha(spec, k, steps),
        _prior(spec, k),
        spec.eps,
        spec.renormalise,
        spec.responses,
    )


def _authors(spec: GmmSpec) -> NDArray[np.int32]:
    """Return the author of each row of the table."""
    posted = np.repeat(np.arange(spec.participants), spec.responses if spec.interaction else 0)
    step = np.concatenate((posted, np.full(spec.fresh, HUMAN), np.full(spec.noise, NOISE)))
    start = np.full(spec.start_size, HUMAN)
    return np.concatenate((start, np.tile(step, spec.steps))).astype(np.int32)


def _readable(authors: Ints, first: Ints, last: Ints, spec: GmmSpec) -> Ints:
    """Count the points that each participant may draw at each t, of shape (T + 1, n).

    All post as many, so that it is enough to know of how many authors each one reads.
    """
    start = np.where(first == 0, spec.start_size, 0)
    steps = (last - first - start) // max(spec.posts_per_step, 1)
    own = spec.responses if spec.interaction else 0
    return start[:, None] + np.outer(steps, own * authors + spec.fresh + spec.noise)


def _alpha(spec: GmmSpec, k: Ints, steps: Ints) -> Floats:
    if isinstance(spec.alpha, float):
        alpha = np.full(k.shape, spec.alpha)
    elif spec.alpha == "1/k":
        alpha = np.minimum(1 / np.maximum(k, 1), 0.5)
    else:
        alpha = np.broadcast_to(np.minimum(1 / (1 + steps), 0.5)[:, None], k.shape)
    return np.where(k > 0, alpha, 0.0)


def _prior(spec: GmmSpec, k: Ints) -> Floats:
    if isinstance(spec.c, float):
        return np.where(k > 0, spec.c, 0.0)
    return np.where(k > 0, 1 / (np.maximum(k, 1) * spec.components**2), 0.0)
