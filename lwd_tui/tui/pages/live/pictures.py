"""Two ways to lay a step's answers flat: turned to the step before, or one plane for all t."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.frames import CommonBasis, axis_limits, common_basis
from lwd_tui.store.run import RunStore
from lwd_tui.types import Floats, Ints, Step

STEPS_OF_A_BASIS = 64
"""How many steps, evenly spread over the run, settle the common plane."""

Limits = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What the scatter shows.

    Attributes
    ----------
    coordinates : ndarray of shape (m, 2)
    owners : ndarray of shape (m,)
        The participant of each point.
    limits : pair of pairs of float
        Of the two axes.
    title : str
    """

    coordinates: Floats
    owners: Ints
    limits: Limits
    title: str


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One plane for all steps that were whole when it was settled: t = 0 to `last`."""

    basis: CommonBasis
    last: int


def plane_of(store: RunStore) -> Plane | None:
    """Settle the common plane of a run's whole steps; None while there is none."""
    done = store.finished()
    if not done:
        return None
    chosen = np.unique(np.linspace(0, done - 1, STEPS_OF_A_BASIS).astype(int))
    return Plane(common_basis(store.step(int(t)).embeddings for t in chosen), done - 1)


def picture(step: Step, first: Step | None, plane: Plane | None) -> Picture | None:
    """Return the picture of a step; None if it has no answer to show.

    The axes keep the width of the first step, or fit `step` alone without one. Without a plane the
    picture is the step's own scaling, turned to the step before.
    """
    if step.geometry is None or not len(step.embeddings):
        return None
    frames = [_laid_flat(each, plane) for each in (step, first) if each is not None]
    scale = float(np.linalg.norm(step.embeddings, axis=1).mean())
    if plane is None:
        title = f"classical MDS, {step.geometry.explained:.0%} shown"
    else:
        title = f"one plane for t = 0 … {plane.last}, {plane.basis.explained:.0%} shown"
    return Picture(
        frames[0],
        step.geometry.owners,
        axis_limits(np.concatenate(frames), scale),
        f"answers at t = {step.t} · {title}",
    )


def _laid_flat(step: Step, plane: Plane | None) -> Floats:
    if plane is not None and len(step.embeddings):
        return plane.basis.project(step.embeddings)
    return step.geometry.coordinates if step.geometry is not None else np.zeros((0, 2))
