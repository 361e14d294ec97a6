"""The Gaussian-mixture proxy (Algorithms 2 and 3): n mixtures that learn from shared points.

Everything random is keyed by (seed, replicate, t, participant), so a replicate is the same
whatever else runs beside it, and on any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lwd_tui.experiment.gmm import GmmRun, GmmSpec
from lwd_tui.gmm.components import Components
from lwd_tui.gmm.plan import plan_of

if TYPE_CHECKING:
    from lwd_tui.gmm.replicate import Replicate

Progress = Callable[[float], None]
"""Called with the share of the work that is done, 0 to 1; what it raises stops the run."""

T = TypeVar("T")

# Updates in a slice of the work: a fraction of a second, between two calls of `Progress`.
_SLICE = 30_000_000
# Parts of the work a thread, which even out what others do on the machine.
_PARTS = 4
# Points that one participant must read in a step before a thread of its own is worth it.
_WORTH_A_THREAD = 20_000
# Bytes of the tables of the replicates that run together, unless one is larger.
_TOGETHER = 256 * 2**20


class GmmNetwork:
    """Some replicates of a network of mixtures, taken forward step by step.

    Making one loads Numba, and the first step compiles, where the code isn't kept from an earlier
    process: that takes seconds.

    Parameters
    ----------
    spec : GmmSpec
    replicates : range, optional
        Their numbers; ``range(spec.replicates)`` if not given.
    threads : int, optional
        As many as there are processors if not given. The result is the same.

    Attributes
    ----------
    t : int
        The step that was reached.
    plan : Plan
    """

    def __init__(
        self, spec: GmmSpec, replicates: range | None = None, threads: int | None = None
    ) -> None:
        from lwd_tui.gmm.replicate import FixedReplicate, MovingReplicate

        self.spec = spec
        self.replicates = range(spec.replicates) if replicates is None else replicates
        self.plan = plan_of(spec)
        self.t = 0
        self._components = Components.of(spec)
        self._threads = threads or processors()
        each = self.plan.k[:-1].sum(axis=1) * len(self.replicates)
        self._updates = np.concatenate(([0], np.cumsum(each)))
        kind = FixedReplicate if spec.moving == "none" else MovingReplicate
        self._members: list[Replicate] = [
            kind(spec, self.plan, self._components, number) for number in self.replicates
        ]

    def advance(self, steps: int = 1) -> None:
        """Take every replicate `steps` steps further, at most to T."""
        start, stop = self.t, min(self.t + steps, self.spec.steps)
        few = len(self._members) < self._threads
        if few and self.plan.k[stop].max() >= _WORTH_A_THREAD:
            self._advance_participants(start, stop)
        else:
            self._in_threads(lambda member: member.advance(start, stop), self._members)
        self.t = stop

    def advance_some(self, updates: int, t: int) -> None:
        """Go on towards t by about so many updates of weights, and by one step at least."""
        reach = int(np.searchsorted(self._updates, self._updates[self.t] + updates))
        self.advance(min(max(1, reach - self.t), t - self.t))

    @property
    def share(self) -> float:
        """The share of the work that is done."""
        done, whole = self._updates[self.t], self._updates[-1]
        return float(done / whole) if whole else self.t / self.spec.steps

    def _advance_participants(self, start: int, stop: int) -> None:
        n = self.spec.participants
        pairs = [(member, place) for member in self._members for place in range(n)]
        for t in range(start, stop):

            def task(pair: tuple[Replicate, int], t: int = t) -> None:
                pair[0].advance_participant(t, pair[1])

            self._in_threads(task, pairs)

    def _in_threads(self, task: Callable[[T], None], items: Iterable[T]) -> None:
        items = list(items)
        parts = min(len(items), _PARTS * self._threads)

        def work(part: int) -> None:
            for item in items[part::parts]:
                task(item)

        if self._threads == 1 or parts == 1:
            for part in range(parts):
                work(part)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            for future in [pool.submit(work, part) for part in range(parts)]:
                future.result()

    def result(self) -> GmmRun:
        """Return what was reached so far; later steps don't change it."""
        from lwd_tui.gmm.replicate import MovingReplicate

        reached = slice(self.t + 1)
        weights = np.stack([member.weights[reached] for member in self._members])
        lifted = np.stack([member.lifted[reached] for member in self._members])
        moving = [member for member in self._members if isinstance(member, MovingReplicate)]
        if not moving:
            return GmmRun(self.spec, self.replicates, weights, lifted)
        means = self._components.restored(np.stack([member.means[reached] for member in moving]))
        factors = self._components.factor @ np.stack([member.factors[reached] for member in moving])
        covariances = factors @ np.swapaxes(factors, -1, -2)
        return GmmRun(self.spec, self.replicates, weights, lifted, means, covariances)


def simulate(
    spec: GmmSpec,
    replicates: range | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> GmmRun:
    """Run replicates from t = 0 to T, with bounded memory beside what is returned.

    Parameters
    ----------
    spec : GmmSpec
    replicates : range, optional
        Their numbers; ``range(spec.replicates)`` if not given.
    threads : int, optional
        As many as there are processors if not given. The result is the same.
    progress : callable, optional
    """
    numbers = range(spec.replicates) if replicates is None else replicates
    threads = threads or processors()
    row = spec.components if spec.moving == "none" else spec.dimension
    together = max(1, _TOGETHER // (8 * spec.largest * row + 1))
    parts: list[GmmRun] = []
    for first in range(0, len(numbers), together):
        network = GmmNetwork(spec, numbers[first : first + together], threads)
        while network.t < spec.steps:
            network.advance_some(_SLICE, spec.steps)
            if progress:
                progress((first + network.share * len(network.replicates)) / len(numbers))
        parts.append(network.result())
    return _joined(spec, numbers, parts)


def _joined(spec: GmmSpec, numbers: range, parts: list[GmmRun]) -> GmmRun:
    if len(parts) == 1:
        return parts[0]
    means = [part.means for part in parts if part.means is not None]
    covariances = [part.covariances for part in parts if part.covariances is not None]
    return GmmRun(
        spec,
        numbers,
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.lifted for part in parts]),
        np.concatenate(means) if means else None,
        np.concatenate(covariances) if covariances else None,
    )


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
