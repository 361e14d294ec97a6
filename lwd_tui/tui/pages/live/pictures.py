"""Two ways to lay a run's answers flat: each step turned to the last, or one plane for all t."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lwd_tui.analysis.frames import CommonBasis, axis_limits, common_basis
from lwd_tui.store.run import RunStore
from lwd_tui.types import Floats, Ints, Step

STEPS_OF_A_BASIS = 64
"""How many steps, evenly spread over the run, settle the common plane."""
TRAIL = 12
"""Steps back that a trail goes."""

_NOWHERE = np.zeros((0, 2))

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
    trails : dict of int to ndarray of shape (k, 2)
        Where the mean of a participant has been, from long ago to now.
    """

    coordinates: Floats
    owners: Ints
    limits: Limits
    title: str
    trails: dict[int, Floats] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Course:
    """Where the answers of a run's steps lie, in one way to lay them flat.

    Attributes
    ----------
    basis : CommonBasis or None
        Of the plane that all steps share; None where each is turned to the last.
    means : dict of int to ndarray of shape (n, 2)
        Of each participant's answers, by t; NaN for one without any.
    corners : ndarray of shape (2, 2)
        The lowest and the highest coordinates of all; of shape (0, 2) before there are any.
    """

    basis: CommonBasis | None = None
    means: dict[int, Floats] = field(default_factory=dict)
    corners: Floats = field(default_factory=lambda: np.zeros((0, 2)))

    def laid_flat(self, step: Step) -> Floats:
        """Return the coordinates of a step's answers."""
        if self.basis is not None and len(step.embeddings):
            return self.basis.project(step.embeddings)
        return step.geometry.coordinates if step.geometry is not None else np.zeros((0, 2))

    def take(self, t: int, coordinates: Floats, owners: Ints) -> None:
        """Take another step, or a known one again."""
        self.means[t] = _NOWHERE
        if not len(coordinates):
            return
        counts = np.bincount(owners)
        with np.errstate(invalid="ignore"):
            axes = [np.bincount(owners, axis) / counts for axis in coordinates.T]
        self.means[t] = np.stack(axes, axis=1)
        known = np.vstack([self.corners, coordinates])
        self.corners = np.stack([known.min(axis=0), known.max(axis=0)])

    def knows(self, t: int) -> bool:
        """Say whether the trails that end at t are known."""
        return all(s in self.means for s in range(max(t - TRAIL, 0), t))

    def trail(self, participant: int, t: int) -> Floats:
        """Return where a participant's mean has been lately, the last of it at t."""
        steps = (self.means.get(s, _NOWHERE) for s in range(t - TRAIL, t + 1))
        places = np.array([step[participant] for step in steps if len(step) > participant])
        return places[np.isfinite(places).all(axis=1)] if len(places) else _NOWHERE


def course_of(path: Path, *, common: bool) -> Course:
    """Follow the answers of a run's whole steps: in one plane, or each turned to the last."""
    with RunStore.open(path) as store:
        done, scatters = store.finished(), store.scatters()
        # A step without any answer has no scatter, and is known all the same.
        means = dict.fromkeys(range(done), _NOWHERE)
        if not (common and done):
            course = Course(means=means)
            for t, coordinates, owners in scatters:
                course.take(t, coordinates, owners)
            return course
        chosen = np.unique(np.linspace(0, done - 1, STEPS_OF_A_BASIS).astype(int))
        basis = common_basis(store.step(int(t)).embeddings for t in chosen)
        course, owned = Course(basis, means), {t: owners for t, _, owners in scatters}
        for t, vectors in store.embeddings(0, done):
            if t in owned and len(vectors):
                course.take(t, basis.project(vectors), owned[t])
        return course


def picture(step: Step, course: Course, *, held: bool) -> Picture | None:
    """Return the picture of a step; None if it has no answer to show.

    Parameters
    ----------
    step : Step
    course : Course
        The step is added to it.
    held : bool
        Whether the axes are as wide as all known steps need, or fit this one alone.
    """
    if step.geometry is None or not len(step.embeddings):
        course.means[step.t] = _NOWHERE
        return None
    coordinates, owners = course.laid_flat(step), step.geometry.owners
    course.take(step.t, coordinates, owners)
    if course.basis is None:
        title = f"classical MDS, {step.geometry.explained:.0%} shown"
    else:
        title = f"one plane for t = 0 … {max(course.means)}, {course.basis.explained:.0%} shown"
    return Picture(
        coordinates,
        owners,
        axis_limits(
            course.corners if held else coordinates,
            float(np.linalg.norm(step.embeddings, axis=1).mean()),
        ),
        f"answers at t = {step.t} · {title}",
        {int(who): course.trail(int(who), step.t) for who in np.unique(owners)},
    )
