"""One replicate: its table of points, its key, and its mixtures through time.

Importing this loads Numba.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.components import Components
from lwd_tui.gmm.fixed import advance_participant, advance_replicate
from lwd_tui.gmm.moving import advance_moving
from lwd_tui.gmm.philox import Key
from lwd_tui.gmm.plan import Plan
from lwd_tui.gmm.start import outside_points, start_weights
from lwd_tui.gmm.update import write_densities
from lwd_tui.seeds import generator
from lwd_tui.types import Floats, Ints


class Replicate(ABC):
    """What a network does with each of its replicates.

    Attributes
    ----------
    weights : ndarray of shape (T + 1, n, B)
    lifted : ndarray of shape (T + 1, n)
        Both filled up to the step that was reached.
    """

    def __init__(self, spec: GmmSpec, plan: Plan, number: int) -> None:
        self.weights = _history(spec, start_weights(spec, number))
        self.lifted: Ints = np.zeros((spec.steps + 1, spec.participants), dtype=np.int64)
        self._plan = plan
        self._key = replicate_key(spec, number)

    def advance(self, start: int, stop: int) -> None:
        """Go from t = `start` to t = `stop`."""
        for t in range(start, stop):
            for participant in range(self.weights.shape[1]):
                self.advance_participant(t, participant)

    @abstractmethod
    def advance_participant(self, t: int, participant: int) -> None:
        """Take one participant from t to t + 1; several may go at the same time."""


class FixedReplicate(Replicate):
    """A replicate whose weights alone move: densities are computed when a point is posted."""

    def __init__(self, spec: GmmSpec, plan: Plan, components: Components, number: int) -> None:
        super().__init__(spec, plan, number)
        self._centres = components.centres
        self._table: Floats = np.empty((len(plan.author), spec.components))
        rows, points = outside_points(spec, components, plan, number)
        outside = np.empty((len(rows), spec.components))
        write_densities(points, self._centres, outside)
        self._table[rows] = outside

    def advance(self, start: int, stop: int) -> None:
        """Go from t = `start` to t = `stop`, in one compiled call."""
        advance_replicate(
            self._plan,
            self._centres,
            start,
            stop,
            self._key,
            self._table,
            self.weights,
            self.lifted,
        )

    def advance_participant(self, t: int, participant: int) -> None:
        """Take one participant from t to t + 1."""
        advance_participant(
            self._plan,
            self._centres,
            t,
            participant,
            self._key,
            self._table,
            self.weights,
            self.lifted,
            np.empty(self._plan.last[t], np.int32),
        )


class MovingReplicate(Replicate):
    """A replicate whose means, and covariances if so specified, move too.

    Attributes
    ----------
    means : ndarray of shape (T + 1, n, B, d)
    factors : ndarray of shape (T + 1, n, B, d, d)
        Lower Cholesky factors of the covariances; both in the round coordinates.
    """

    def __init__(self, spec: GmmSpec, plan: Plan, components: Components, number: int) -> None:
        super().__init__(spec, plan, number)
        dimension, each = spec.dimension, (spec.participants, spec.components)
        self.means = _history(spec, np.broadcast_to(components.centres, (*each, dimension)))
        identity = np.broadcast_to(np.eye(dimension), (*each, dimension, dimension))
        self.factors = _history(spec, identity)
        self._covariances = spec.moving == "all"
        self._floor = float(np.sqrt(spec.variance_floor))
        self._points: Floats = np.empty((len(plan.author), dimension))
        rows, points = outside_points(spec, components, plan, number)
        self._points[rows] = points

    def advance_participant(self, t: int, participant: int) -> None:
        """Take one participant from t to t + 1."""
        advance_moving(
            self._plan,
            t,
            participant,
            self._key,
            self._points,
            self.weights,
            self.means,
            self.factors,
            self.lifted,
            np.empty(self._plan.last[t], np.int32),
            self._covariances,
            self._floor,
        )


def replicate_key(spec: GmmSpec, number: int) -> Key:
    """Return the two words that key all compiled randomness of a replicate."""
    return generator(spec.seed, "gmm", number).integers(2**32, size=2, dtype=np.uint64)


def _history(spec: GmmSpec, start: Floats) -> Floats:
    """Make room for t = 0 .. T, with the start in its first row."""
    history = np.full((spec.steps + 1, *start.shape), np.nan)
    history[0] = start
    return history
