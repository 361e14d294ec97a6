"""A control run, the same model n times (A/A): which margin is within reach."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.equivalence import control_margin
from lwd_tui.findings.step import upper_bound
from lwd_tui.findings.verdicts import out_of_reach
from lwd_tui.store.errors import run_name
from lwd_tui.store.reader import RunReader


def least_margin(
    store: RunReader,
    control: RunReader,
    window: int = 3,
    level: float = 0.95,
    steps: Iterable[int] | None = None,
) -> float:
    """Return the least margin that a run of equal participants (A/A) would have met.

    Parameters
    ----------
    store : RunReader
        Whose number of steps sets the level of each bound, whatever that of the control is.
    control : RunReader
    window : int
        W.
    level : float
    steps : iterable of int, optional
        The control's whole steps, if they are to be counted while they are gone through.

    Raises
    ------
    UnfitData
        If there are fewer than W steps, or a step has no bound.
    """
    if why := out_of_reach(store, level):
        raise UnfitData(f"control: no margin is within reach: {why.why}")
    every = store.experiment.steps + 1
    steps = range(control.finished()) if steps is None else steps
    bounds = [upper_bound(control, control.step(t), level, every) for t in steps]
    if unbounded := [t for t, bound in enumerate(bounds) if math.isnan(bound)]:
        raise UnfitData(
            f"control: {run_name(control.path)} shows no margin: its answers at t = {unbounded[0]} "
            "are too few, too varied, or too long, for any bound"
        )
    return control_margin(bounds, window)


def check_control(store: RunReader, control: RunReader) -> None:
    """Refuse a control run that doesn't show what noise alone makes of a run.

    Parameters
    ----------
    store : RunReader
    control : RunReader
        A run of equal participants (A/A).

    Raises
    ------
    UnfitData
        If the control's participants aren't equal but for their names, or it has another n, L or
        embedder, on all of which the margin depends.
    """
    name, (first, *others) = run_name(control.path), control.experiment.cast
    for other in others:
        unlike = [field for field in _MAKES if getattr(first, field) != getattr(other, field)]
        if unlike:
            raise UnfitData(
                f"control: {name} isn't a run of equal participants: {first.name} and "
                f"{other.name} differ in {unlike[0]}"
            )
    for what, ours, theirs in zip(_SIZES, _scale(store), _scale(control), strict=True):
        if ours != theirs:
            raise UnfitData(
                f"control: {name} has {what} {theirs} where the run has {ours}; the margin within "
                "reach depends on it"
            )


_MAKES = ("backend", "model", "system", "style", "sampling")
"""What makes one participant of a control unlike another."""

_SIZES = ("n =", "L =", "queries =", "the embedder")


def _scale(store: RunReader) -> tuple[int, int, int, str]:
    experiment = store.experiment
    embedder = experiment.embedder
    prefix = f" after {embedder.prefix!r}" if embedder.prefix else ""
    vectors = f"{embedder.model} ({embedder.scale}){prefix}"
    together = 1 if store.query else store.queries
    return len(experiment.cast), experiment.responses, together, vectors
