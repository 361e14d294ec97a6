"""What a replicate starts from: the weights Pi_i(0), and the points that no participant posts."""

from __future__ import annotations

import numpy as np

from lwd_tui.experiment.gmm import GmmSpec, covariance_matrix
from lwd_tui.gmm.components import Components
from lwd_tui.gmm.plan import HUMAN, NOISE, Plan
from lwd_tui.seeds import generator
from lwd_tui.types import Floats, Ints

_WIDER = 3.0


def start_weights(spec: GmmSpec, replicate: int) -> Floats:
    """Return Pi_i(0), of shape (n, B): as given, or drawn for this replicate."""
    if spec.weights:
        given = np.array(spec.weights, dtype=np.float64)
        return np.asarray(given / given.sum(axis=1, keepdims=True))
    concentration = np.broadcast_to(spec.dirichlet, spec.components)
    rng = generator(spec.seed, "gmm-weights", replicate)
    return np.asarray(rng.dirichlet(concentration, size=spec.participants))


def human_components(spec: GmmSpec) -> tuple[Floats, Floats, Floats]:
    """Return the weights, means and covariance of the human mixture."""
    human = spec.human
    means = np.array(human.means or spec.means, dtype=np.float64)
    weights = np.array(human.weights or np.full(len(means), 1 / len(means)), dtype=np.float64)
    covariance = spec.covariance if human.covariance is None else human.covariance
    return weights / weights.sum(), means, covariance_matrix(covariance, spec.dimension, "human")


def outside_points(
    spec: GmmSpec, components: Components, plan: Plan, replicate: int
) -> tuple[Ints, Floats]:
    """Make one replicate's points that come from outside the network.

    Noise is normal about the mean of the means, and along each axis three times as wide as the
    components with equal weights are together.

    Returns
    -------
    rows : ndarray of shape (m,)
        Their rows in the table.
    points : ndarray of shape (m, d)
        In the round coordinates.
    """
    human, noise = np.flatnonzero(plan.author == HUMAN), np.flatnonzero(plan.author == NOISE)
    given = np.array(spec.human.points, dtype=np.float64).reshape(-1, spec.dimension)
    weights, means, covariance = human_components(spec)
    rng = generator(spec.seed, "gmm-human", replicate)
    count = len(human) - len(given)
    chosen = rng.choice(len(weights), size=count, p=weights)
    normal = rng.standard_normal((count, spec.dimension))
    fresh = means[chosen] + normal @ np.linalg.cholesky(covariance).T
    wide = _WIDER * np.sqrt(1 + components.centres.var(axis=0))
    rng = generator(spec.seed, "gmm-noise", replicate)
    off = wide * rng.standard_normal((len(noise), spec.dimension))
    points = np.concatenate((components.rounded(np.concatenate((given, fresh))), off))
    return np.concatenate((human, noise)), points
