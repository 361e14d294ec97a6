"""What the steps of a stored run come to together: the same, at rest, collapsed since when.

Each answer is a result, or `Unknown` with the reason why there is none. Formulas, sources and what
each can't say are in docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.bernstein import NormBound, norm_bound, responses_needed
from lwd_tui.analysis.changepoint import ChangePoint, change_point
from lwd_tui.analysis.collapse import collapse_time
from lwd_tui.analysis.control_chart import ControlChart, control_chart
from lwd_tui.analysis.drift import Drift, drift
from lwd_tui.analysis.equivalence import Equivalence, control_margin, equivalence
from lwd_tui.analysis.sequences import ConfidenceSequence, debiased_range, running_mean_sequence
from lwd_tui.findings.attractor import AttractorReport, attractor_report
from lwd_tui.findings.step import PURPOSE, StepFindings, clouds, upper_bound
from lwd_tui.seeds import generator
from lwd_tui.store.reader import RunReader

UNIT_RADIUS = 1.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that can't be said of a run, and why."""

    why: str


NO_MARGIN = Unknown("no margin was stated")
ALONE = Unknown("there is one participant only")
TOO_FEW = Unknown("a participant has fewer than two usable answers at some step")
NOT_UNIT = Unknown("the vectors aren't of unit length, so that no range is known for certain")


@dataclass(frozen=True, slots=True, eq=False)
class RunFindings:
    """What is computed of all whole steps.

    Attributes
    ----------
    equivalence : Equivalence or Unknown
        Against the stated margin.
    collapsed_at : int or None
        First t from which the upper bound stays below the margin to the end; None if it doesn't,
        or no margin was stated.
    drift : Drift
    change : ChangePoint or Unknown
        From a decline to a level, in the norm.
    chart : ControlChart or Unknown
        Of the norm; what counts as settled is all from the change point on.
    average : ConfidenceSequence or Unknown
        Of the sum of the debiased squared distances; unit vectors only.
    bound : NormBound or Unknown
        Of the last step's norm, for any distribution; unit vectors only.
    needed : int or None
        The L at which that bound's radius would fall to the margin, or, without one, at which a
        vacuous bound would say anything; None if out of reach, or there is nothing to ask.
    attractor : AttractorReport or Unknown
    """

    equivalence: Equivalence | Unknown
    collapsed_at: int | None
    drift: Drift
    change: ChangePoint | Unknown
    chart: ControlChart | Unknown
    average: ConfidenceSequence | Unknown
    bound: NormBound | Unknown
    needed: int | None
    attractor: AttractorReport | Unknown


def run_findings(
    store: RunReader,
    findings: Sequence[StepFindings],
    *,
    margin: float | None = None,
    window: int = 3,
    level: float = 0.95,
    radius: float | None = None,
) -> RunFindings:
    """Judge a run by the findings of its steps.

    Parameters
    ----------
    store : RunReader
    findings : sequence of StepFindings
        Of all whole steps, in order, at least one; with upper bounds at `level` where there is a
        margin.
    margin : float, optional
        Distance below which the participants count as the same, stated beforehand.
    window : int
        W, the steps in a row that the equivalence asks for.
    level : float
    radius : float, optional
        See `lwd_tui.findings.attractor.attractor_report`.

    Raises
    ------
    UnfitData
        If the margin, window, level or radius doesn't fit.
    """
    same: Equivalence | Unknown = NO_MARGIN
    collapsed_at = None
    if margin is not None:
        bounds = [found.upper_bound for found in findings]
        same = equivalence(bounds, margin, window)
        collapsed_at = collapse_time(bounds, margin)
    if len(store.experiment.cast) < 2:
        same, collapsed_at = ALONE, None
    change = _change(store, findings, level)
    bound = _bound(store, findings[-1], level)
    return RunFindings(
        same,
        collapsed_at,
        drift(clouds(store), len(store.experiment.cast)),
        change,
        _chart(findings, change),
        _average(store, findings, level),
        bound,
        None if isinstance(bound, Unknown) else _needed(findings[-1], bound, margin),
        _attractor(store, findings[-1], radius),
    )


def least_margin(
    store: RunReader, window: int = 3, level: float = 0.95, steps: Iterable[int] | None = None
) -> float:
    """Return the least margin that a run of equal participants (A/A) would have met.

    The window is W, as for `equivalence`; the whole steps may be given if they are to be counted
    while they are gone through.

    Raises
    ------
    UnfitData
        If there are fewer than W steps, or a step has no bound.
    """
    steps = range(store.finished()) if steps is None else steps
    bounds = [upper_bound(store, store.step(t), level) for t in steps]
    return control_margin(bounds, window)


def check_control(store: RunReader, control: RunReader) -> None:
    """Refuse a control run (A/A) that doesn't show what noise alone makes of a run.

    Raises
    ------
    UnfitData
        If the control's participants aren't equal but for their names, or it has another n, L or
        embedder, on all of which the margin depends.
    """
    name, (first, *others) = control.path.stem, control.experiment.cast
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

_SIZES = ("n =", "L =", "the embedder")


def _scale(store: RunReader) -> tuple[int, int, str]:
    experiment = store.experiment
    embedder = experiment.embedder
    prefix = f" after {embedder.prefix!r}" if embedder.prefix else ""
    return (
        len(experiment.cast),
        experiment.responses,
        f"{embedder.model} ({embedder.scale}){prefix}",
    )


def _norms(findings: Sequence[StepFindings]) -> list[float]:
    return [found.numbers.norm for found in findings]


def _precision(findings: Sequence[StepFindings]) -> float:
    """Return how far a norm is off if every vector is by its rounding."""
    furthest = max(found.vectors.resolution for found in findings)
    return math.sqrt(2) * len(findings[0].counts) * furthest


def _change(
    store: RunReader, findings: Sequence[StepFindings], level: float
) -> ChangePoint | Unknown:
    if len(store.experiment.cast) < 2:
        return ALONE
    rng = generator(store.experiment.seed, PURPOSE)
    try:
        return change_point(_norms(findings), rng, level=level, precision=_precision(findings))
    except UnfitData as error:
        return Unknown(_missing_norm(findings) or str(error))


def _missing_norm(findings: Sequence[StepFindings]) -> str:
    missing = [found.numbers.t for found in findings if not np.isfinite(found.numbers.norm)]
    return f"the norm isn't defined at t = {missing[0]}" if missing else ""


def _chart(
    findings: Sequence[StepFindings], change: ChangePoint | Unknown
) -> ControlChart | Unknown:
    if isinstance(change, Unknown):
        return change
    last = len(findings) - 1
    try:
        return control_chart(_norms(findings), change.step, last, _precision(findings))
    except UnfitData:
        return Unknown(f"only {last - change.step + 1} steps from the change point on")


def _bounded(store: RunReader, findings: Sequence[StepFindings]) -> Unknown | None:
    """Say why nothing can be said that stands on the range of the vectors."""
    if not store.experiment.embedder.normalise:
        return NOT_UNIT
    if len(store.experiment.cast) < 2:
        return ALONE
    return TOO_FEW if min(int(found.counts.min()) for found in findings) < 2 else None


def _average(
    store: RunReader, findings: Sequence[StepFindings], level: float
) -> ConfidenceSequence | Unknown:
    if why := _bounded(store, findings):
        return why
    fewest = min(int(found.counts.min()) for found in findings)
    low, high = debiased_range(len(store.experiment.cast), fewest, UNIT_RADIUS)
    sums = [float(found.vectors.pairs.squares.sum()) for found in findings]
    # Unit vectors in single precision are longer by a rounding error.
    return running_mean_sequence(np.clip(sums, low, high), low, high, level)


def _bound(store: RunReader, last: StepFindings, level: float) -> NormBound | Unknown:
    if why := _bounded(store, [last]):
        return why
    numbers = last.numbers
    return norm_bound(numbers.norm, numbers.dispersion, last.counts, UNIT_RADIUS, level)


def _needed(last: StepFindings, bound: NormBound, margin: float | None) -> int | None:
    """Return the L at which the bound says what is asked for."""
    target = margin
    if target is None and bound.vacuous:
        # Below this radius either end of the bound is inside what the ball allows anyway.
        target = max(last.numbers.norm, bound.upper - last.numbers.norm)
    if target is None:
        return None
    return responses_needed(target, last.numbers.dispersion, UNIT_RADIUS, bound.level)


def _attractor(
    store: RunReader, last: StepFindings, radius: float | None
) -> AttractorReport | Unknown:
    if not last.counts.any():
        return Unknown(f"there is no usable answer at t = {last.numbers.t}")
    return attractor_report(store, radius)
