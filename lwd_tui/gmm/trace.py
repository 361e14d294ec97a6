"""What a run's points and draws were: made again from its weights and its keys, never stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lwd_tui.experiment.gmm import GmmRun
from lwd_tui.gmm.components import Components
from lwd_tui.gmm.plan import plan_of
from lwd_tui.gmm.start import outside_points
from lwd_tui.types import Floats, Ints

UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class TracedPoints:
    """Points, with where each comes from.

    Attributes
    ----------
    positions : ndarray of shape (m, d)
    author : ndarray of shape (m,)
        The participant, or `lwd_tui.gmm.plan.HUMAN` or `NOISE`.
    component : ndarray of shape (m,)
        The component that it was generated from; `UNKNOWN` for human points and noise.
    """

    positions: Floats
    author: Ints
    component: Ints


def posted(run: GmmRun, place: int, t: int) -> TracedPoints:
    """Return the n * L points that the participants generated at t, in order of participant.

    The place is the position of the replicate in the run, here and below.
    """
    from lwd_tui.gmm.chance import generate
    from lwd_tui.gmm.replicate import replicate_key

    spec = run.spec
    n, each, size, dimension = spec.participants, spec.responses, spec.components, spec.dimension
    key = replicate_key(spec, run.replicates[place])
    normal, component = np.empty((n, each, dimension)), np.empty((n, each), dtype=np.int64)
    for participant in range(n):
        weights = run.weights[place, t, participant]
        generate(
            weights,
            np.zeros((size, dimension)),
            t,
            participant,
            key,
            normal[participant],
            component[participant],
        )
    owner = np.repeat(np.arange(n), each)
    came_from, normals = component.ravel(), normal.reshape(-1, dimension)
    if run.means is None or run.covariances is None:
        shared = Components.of(spec)
        positions = shared.means[came_from] + normals @ shared.factor.T
    else:
        factor = np.linalg.cholesky(run.covariances[place, t, owner, came_from])
        shift = np.einsum("mij,mj->mi", factor, normals)
        positions = run.means[place, t, owner, came_from] + shift
    return TracedPoints(positions, owner, came_from)


def internet(run: GmmRun, place: int) -> TracedPoints:
    """Return the table of points up to the last step that was taken, in order of posting."""
    spec, plan = run.spec, plan_of(run.spec)
    components = Components.of(spec)
    positions = np.empty((len(plan.author), spec.dimension))
    component = np.full(len(plan.author), UNKNOWN)
    rows, outside = outside_points(spec, components, plan, run.replicates[place])
    positions[rows] = components.restored(outside)
    steps = run.weights.shape[1] - 1
    if spec.interaction:
        for t in range(steps):
            points = posted(run, place, t)
            block = slice(plan.last[t], plan.last[t] + len(points.author))
            positions[block], component[block] = points.positions, points.component
    size = plan.last[steps]
    return TracedPoints(positions[:size], plan.author[:size].astype(np.int64), component[:size])


def drawn(run: GmmRun, place: int, t: int, participant: int) -> Ints:
    """Draw again what a participant drew at t.

    Returns
    -------
    ndarray of shape (k_t,)
        Rows of the table of points, in the order in which it read them.
    """
    from lwd_tui.gmm.chance import draw
    from lwd_tui.gmm.replicate import replicate_key

    plan = plan_of(run.spec)
    pool = np.empty(plan.last[t], np.int32)
    key = replicate_key(run.spec, run.replicates[place])
    return draw(plan, t, participant, key, pool).astype(np.int64)
