"""A network of mixtures at any t: taken on as far as is asked for, and looked at there."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lwd_tui.analysis.weights import norms
from lwd_tui.errors import LwdError
from lwd_tui.experiment.gmm import GmmRun, GmmSpec
from lwd_tui.gmm.density import densities, line_grid
from lwd_tui.gmm.plan import plan_of
from lwd_tui.gmm.start import start_weights
from lwd_tui.gmm.theory import Expected, expected
from lwd_tui.palette import MARKERS
from lwd_tui.run.mixtures import GmmSummary, summarise
from lwd_tui.text import size_text
from lwd_tui.types import Floats

if TYPE_CHECKING:
    from lwd_tui.gmm.network import GmmNetwork

DRAWN = len(MARKERS)
"""Mixtures whose densities are drawn: as many as there are markers to tell them apart."""

# Bytes of all replicates together, which go step by step and so are all in memory.
_ROOM = 2**30
# Products n |A(T)|: who may read what is laid out for each participant and point, before t = 0.
_LAID_OUT = 10**8
# Steps of the expectation, each worth so many products at least, and products; some seconds.
_STEP, _EXPECTED = 50_000, 10**9
# Updates between two looks at the clock.
_SLICE = 1_000_000


class TooLarge(LwdError):
    """More than can be walked through step by step."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A network at one t, and one of its replicates in full.

    Attributes
    ----------
    spec : GmmSpec
    replicates : range
        Their numbers.
    t, place : int
        The step, and the position of the replicate among them.
    k, size : int
        The largest k_t of a participant, and |A(t)|.
    norms : ndarray of shape (R, reached + 1)
        Of all replicates, up to the last step that was computed.
    weights : ndarray of shape (reached + 1, n, B)
        Of the replicate.
    grid : ndarray of shape (m,)
        Points along the first axis.
    density : ndarray of shape (min(n, `DRAWN`), m)
        At t, on the grid.
    highest : float
        The largest density at t and at t = 0.
    expected : Expected or None
        None until it is worked out.
    left_out : str
        Why it will never be; "" if it will.
    summary : GmmSummary or None
        Of the whole run; None before T.
    """

    spec: GmmSpec
    replicates: range
    t: int
    place: int
    k: int
    size: int
    norms: Floats
    weights: Floats
    grid: Floats
    density: Floats
    highest: float
    expected: Expected | None
    left_out: str
    summary: GmmSummary | None

    @property
    def reached(self) -> int:
        """The last step that was computed."""
        return int(self.norms.shape[1]) - 1


class Walk:
    """Goes on as far as it is asked to; looking back costs nothing.

    Parameters
    ----------
    source : GmmSpec or GmmRun
        What is walked through; a run is there as far as it goes. Numba isn't loaded before the
        first step beyond that.

    Raises
    ------
    TooLarge
        If it doesn't fit into memory, or takes minutes before its first step.
    """

    def __init__(self, source: GmmSpec | GmmRun) -> None:
        spec = source if isinstance(source, GmmSpec) else source.spec
        _refuse(spec)
        self.run = _start(source) if isinstance(source, GmmSpec) else source
        self._left_out = ""
        products = len(self.run.replicates) * spec.participants**2 * spec.components
        if spec.steps * (_STEP + products) > _EXPECTED:
            self._left_out = "theory would take too long for so many mixtures, replicates and steps"
        self._plan = plan_of(spec)
        self._norms = norms(self.run.weights)
        self._grid = line_grid(self.run)
        self._expected: Expected | None = None
        self._summary: GmmSummary | None = None

    @property
    def spec(self) -> GmmSpec:
        """What is walked through."""
        return self.run.spec

    @property
    def reached(self) -> int:
        """The last step that was computed."""
        return int(self.run.weights.shape[1]) - 1

    def go(self, t: int, seconds: float) -> None:
        """Go on towards t, for about so many seconds; this compiles where nothing was yet."""
        deadline = time.monotonic() + seconds
        network = self._network
        while network.t < t and time.monotonic() < deadline:
            network.advance_some(_SLICE, t)
        if network.t > self.reached:
            before, self.run = self.reached, network.result()
            later = norms(self.run.weights[:, before + 1 :])
            self._norms = np.concatenate((self._norms, later), axis=1)

    @cached_property
    def _network(self) -> GmmNetwork:
        from lwd_tui.gmm.network import GmmNetwork

        return GmmNetwork(self.spec, self.run.replicates)

    def reckon(self) -> bool:
        """Work out what is expected, and sum up a whole run; say whether there is anything new."""
        if self._left_out:
            return False
        new = False
        if self._expected is None:
            self._expected, new = expected(self.run), True
        if self._summary is None and self.reached == self.spec.steps:
            self._summary, new = summarise(self.run), True
        return new

    def look(self, t: int, place: int) -> Scene:
        """Return what is there at t, or at the last step before it that was computed."""
        t, place = min(t, self.reached), min(place, len(self.run.replicates) - 1)
        density = self._density(t, place)
        highest = max(float(density.max()), float(self._density(0, place).max()))
        return Scene(
            self.spec,
            self.run.replicates,
            t,
            place,
            int(self._plan.k[t].max()),
            int(self._plan.size[t]),
            self._norms,
            self.run.weights[place],
            self._grid[:, 0],
            density,
            highest,
            self._expected,
            self._left_out,
            self._summary,
        )

    def _density(self, t: int, place: int) -> Floats:
        """Return the densities of the mixtures that are drawn, and of those alone."""
        here = (slice(place, place + 1), slice(t, t + 1), slice(DRAWN))
        run = self.run
        cut = replace(
            run,
            weights=run.weights[here],
            means=None if run.means is None else run.means[here],
            covariances=None if run.covariances is None else run.covariances[here],
        )
        return densities(cut, 0, 0, self._grid)


def _start(spec: GmmSpec) -> GmmRun:
    """Return the run of a specification at t = 0."""
    numbers = range(spec.replicates)
    weights = np.stack([start_weights(spec, number) for number in numbers])
    lifted = np.zeros((len(numbers), 1, spec.participants), dtype=np.int64)
    return GmmRun(spec, numbers, weights[:, None], lifted)


def _refuse(spec: GmmSpec) -> None:
    size, dimension = spec.components, spec.dimension
    row = size if spec.moving == "none" else dimension
    each = size if spec.moving == "none" else size * (1 + dimension + dimension**2)
    history = (spec.steps + 1) * spec.participants * each
    room = 8 * spec.replicates * (spec.largest * row + history)
    if room > _ROOM:
        raise TooLarge(
            f"step by step this takes {size_text(room)} of memory; lower replicates, n, L or T, "
            "or run it with `lwd-tui gmm`"
        )
    if spec.participants * spec.largest > _LAID_OUT:
        raise TooLarge(
            f"{spec.participants} mixtures that read {spec.largest:,} points are too many to go "
            "step by step; lower n, L or T, or run it with `lwd-tui gmm`"
        )
