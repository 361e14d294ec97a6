"""Two ways to lay a run's answers flat: each step turned to the last, or one plane for all t."""

from __future__ import annotations

from collections.abc import Sequence
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

    def take(self, steps: Sequence[tuple[int, Floats, Ints]]) -> None:
        """Take t, coordinates and owners of other steps, or of known ones again."""
        self.means |= {t: _NOWHERE for t, *_ in steps}
        steps = [step for step in steps if len(step[1])]
        if not steps:
            return
        points = np.concatenate([coordinates for _, coordinates, _ in steps])
        # One place a step and participant, all counted at once.
        n = 1 + max(int(owners.max()) for *_, owners in steps)
        rows = np.concatenate([owners + i * n for i, (*_, owners) in enumerate(steps)])
        size = n * len(steps)
        counts = np.bincount(rows, minlength=size)
        with np.errstate(invalid="ignore"):
            means = [np.bincount(rows, axis, size) / counts for axis in points.T]
        found = np.stack(means, axis=1).reshape(-1, n, 2)
        self.means |= {t: mean for (t, *_), mean in zip(steps, found, strict=True)}
        known = np.vstack([self.corners, points])
        self.corners = np.stack([known.min(axis=0), known.max(axis=0)])

    def knows(self, t: int) -> bool:
        """Say whether the trails that end at t are known."""
        return all(s in self.means for s in range(max(t - TRAIL, 0), t))

    def trail(self, participant: int, t: int) -> Floats:
        """Return where a participant's mean has been lately, the last of it at t."""
        steps = (self.means.get(s, _NOWHERE) for s in range(t - TRAIL, t + 1))
        places = np.array([step[participant] for step in steps if len(step) > participant])
        return places[np.isfinite(places).all(axis=1)] if len(places) else _NOWHERE


def course_of(path: Path, query: int = 0, *, common: bool) -> Course:
    """Follow the answers of a run's whole steps: in one plane, or each turned to the last.

    Those to a query, from 1, or to all together (0).
    """
    with RunStore.open(path) as store:
        store.look_at(query)
        done, steps = store.finished(), list(store.scatters())
        # A step without any answer has no scatter, and is known all the same.
        course = Course(means=dict.fromkeys(range(done), _NOWHERE))
        if common and done:
            chosen = np.unique(np.linspace(0, done - 1, STEPS_OF_A_BASIS).astype(int))
            course.basis = common_basis(store.step(int(t)).embeddings for t in chosen)
            owned = {t: owners for t, _, owners in steps}
            steps = [
                (t, course.basis.project(vectors), owned[t])
                for t, vectors in store.embeddings(0, done)
                if t in owned and len(vectors)
            ]
        course.take(steps)
        return course


def picture(
    step: Step, course: Course, *, held: bool, followed: Sequence[int] | None = None
) -> Picture | None:
    """Return the picture of a step; None if it has no answer to show.

    Parameters
    ----------
    step : Step
    course : Course
        The step is added to it.
    held : bool
        Whether the axes are as wide as all known steps need, or fit this one alone.
    followed : sequence of int, optional
        Whose trails it has; those of all if not given.
    """
    if step.geometry is None or not len(step.embeddings):
        course.means[step.t] = _NOWHERE
        return None
    coordinates, owners = course.laid_flat(step), step.geometry.owners
    course.take([(step.t, coordinates, owners)])
    if followed is None:
        followed = np.unique(owners).tolist()
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
        {who: course.trail(who, step.t) for who in followed},
    )
