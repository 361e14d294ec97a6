"""What to expect of a network of mixtures: the recursion of the paper's Appendix A, and its noise.

Where the components are well apart, the ownership of a point is 1 for the component that it came
from, and an update is linear in the weights. With gamma = (1 - alpha_t)^k_t and m(t) the mean
composition of the points that can be drawn at t, k_t updates take the expected weights to

    E Pi_i(t + 1) = gamma E Pi_i(t) + (1 - gamma) (m(t) - c_t) / (1 - B c_t),

so E(Pi_i - Pi_j) shrinks by gamma a step. The Appendix stops there, without the step that sets
weights to eps; here a weight that is expected to be no longer positive is set to eps likewise.

Each participant also adds the noise of its own draw. Of k points drawn without replacement from
N, weighted w_j = alpha (1 - alpha)^(k - j), the sum has the variance

    s_b^2 (N sum_j w_j^2 - (sum_j w_j)^2) / (N - 1),    s_b^2 = m_b (1 - m_b),

divided by (1 - B c)^2, and gamma^2 of it is left after each later step. With alpha = 1/k_t this
falls as 1/k_t; with a constant alpha it stays, near s^2 alpha / (2 - alpha): a noise floor. The
variance formula is that of a weighted sum in simple random sampling (Cochran 1977, chapter 2).
Where means move, all this holds while the components keep apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.weights import norms
from lwd_tui.experiment.gmm import GmmRun, GmmSpec
from lwd_tui.gmm.components import Components
from lwd_tui.gmm.plan import Plan, plan_of
from lwd_tui.gmm.start import outside_points, start_weights
from lwd_tui.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What theory says of each replicate, from its start alone.

    Attributes
    ----------
    norm, floor : ndarray of shape (R, T + 1)
        The norm to expect, and the part of it that draws alone keep up.
    """

    norm: Floats
    floor: Floats


def expected(run: GmmRun) -> Expected:
    """Return what to expect of a run's replicates."""
    weights = expected_weights(run.spec, run.replicates)
    variance = draw_variance(run.spec, run.replicates, weights)
    floor = expected_norm(np.zeros_like(weights), variance)
    return Expected(expected_norm(weights, variance), floor)


def expected_weights(spec: GmmSpec, replicates: range) -> Floats:
    """Return E Pi_i(t), given the weights and the outside points that replicates start from.

    Returns
    -------
    ndarray of shape (R, T + 1, n, B)
    """
    plan, pool = plan_of(spec), _Pool(spec, replicates)
    start = np.stack([start_weights(spec, number) for number in replicates])
    weights = np.empty((len(start), spec.steps + 1, *start.shape[1:]))
    weights[:, 0] = start
    for t in range(spec.steps):
        pool.post(weights[:, t])
        kept = _kept(plan, t)[:, None]
        c = plan.c[t][:, None]
        pulled = (pool.composition(t) - c) / (1 - spec.components * c)
        moved = kept * weights[:, t] + (1 - kept) * pulled
        updated = plan.k[t][:, None] > 0
        weights[:, t + 1] = np.where(updated, _lifted(moved, spec.eps), weights[:, t])
    return weights


def draw_variance(spec: GmmSpec, replicates: range, weights: Floats) -> Floats:
    """Return the variance that a participant's own draws have left in its weights at t.

    Parameters
    ----------
    spec : GmmSpec
    replicates : range
    weights : ndarray of shape (R, T + 1, n, B)
        Expected weights, or those that the replicates had: they say what was posted.

    Returns
    -------
    ndarray of shape (R, T + 1, n)
        Summed over the components; 0 where all participants share their draw.
    """
    plan, pool = plan_of(spec), _Pool(spec, replicates)
    variance = np.zeros(weights.shape[:3])
    if spec.retrieval == "shared":
        return variance
    for t in range(weights.shape[1] - 1):
        pool.post(weights[:, t])
        share = pool.composition(t)
        spread = (share * (1 - share)).sum(axis=-1)
        scale = _sampling(plan, t, pool.size(t)) / (1 - spec.components * plan.c[t]) ** 2
        variance[:, t + 1] = _kept(plan, t) ** 2 * variance[:, t] + scale * spread
    return variance


def expected_norm(weights: Floats, variance: Floats) -> Floats:
    """Return sqrt(E ||D(t)||^2), of shape (R, T + 1), from expected weights and draw variance.

    Every pair counts twice, as in ||D||: the sum over i != j of
    ||E Pi_i - E Pi_j||^2 + V_i + V_j.
    """
    n = weights.shape[-2]
    return np.asarray(np.sqrt(norms(weights) ** 2 + 2 * (n - 1) * variance.sum(axis=-1)))


def noise_floor(run: GmmRun) -> Floats:
    """Return the part of the expected norm that draws alone keep up, of shape (R, T + 1).

    From the weights that the replicates had, since they say how much there is to be drawn.
    """
    variance = draw_variance(run.spec, run.replicates, run.weights)
    return expected_norm(np.zeros_like(run.weights), variance)


class _Pool:
    """What each participant can draw in each replicate, on average, as the run goes on."""

    def __init__(self, spec: GmmSpec, replicates: range) -> None:
        plan, components = plan_of(spec), Components.of(spec)
        outside = np.zeros((len(replicates), spec.steps + 2, spec.components))
        for place, number in enumerate(replicates):
            rows, points = outside_points(spec, components, plan, number)
            apart = ((points[:, None, :] - components.centres) ** 2).sum(axis=-1)
            step = np.searchsorted(plan.last, rows, side="right")
            np.add.at(outside[place], (step + 1, apart.argmin(axis=1)), 1)
        self._spec, self._plan = spec, plan
        self._outside: Floats = outside.cumsum(axis=1)
        self._posted: list[Floats] = [np.zeros((1, spec.participants, spec.components))]

    def post(self, weights: Floats) -> None:
        """Add what the participants post at the next step, of shape (R, n, B)."""
        each = self._spec.responses if self._spec.interaction else 0
        shares = weights / weights.sum(axis=-1, keepdims=True)
        self._posted.append(self._posted[-1] + each * shares)

    def size(self, t: int) -> Floats:
        """Return how many points each participant can draw at t, of shape (n,)."""
        return np.asarray(np.rint(self._counts(t)[0].sum(axis=-1)))

    def composition(self, t: int) -> Floats:
        """Return the share of each component in what each participant can draw, (R, n, B)."""
        counts = self._counts(t)
        return np.asarray(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1))

    def _counts(self, t: int) -> Floats:
        oldest = self._spec.oldest(t)
        own = self._posted[t] - self._posted[max(oldest - 1, 0)]
        outside = self._outside[:, t + 1] - self._outside[:, oldest]
        return np.asarray(self._plan.reads @ own + outside[:, None, :])


def _kept(plan: Plan, t: int) -> Floats:
    """Return gamma, of shape (n,)."""
    return np.asarray((1 - plan.alpha[t]) ** plan.k[t])


def _sampling(plan: Plan, t: int, size: Floats) -> Floats:
    """Return (N sum w^2 - (sum w)^2) / (N - 1) of each participant's draw."""
    alpha = plan.alpha[t]
    total = 1 - _kept(plan, t)
    squares = alpha * (1 - (1 - alpha) ** (2 * plan.k[t])) / (2 - alpha)
    return np.asarray((size * squares - total**2) / np.maximum(size - 1, 1))


def _lifted(weights: Floats, eps: float) -> Floats:
    if weights.min() > 0:
        return weights
    lifted = np.where(weights > 0, weights, eps)
    return np.asarray(lifted / lifted.sum(axis=-1, keepdims=True))
