"""What the steps of a stored run come to together: the same, at rest, collapsed since when.

Each answer is a result, or `Unknown` with the reason why there is none. Formulas, sources and what
each can't say are in docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.changepoint import ChangePoint, change_point
from lwd_tui.analysis.collapse import collapse_time
from lwd_tui.analysis.control_chart import ControlChart, control_chart
from lwd_tui.analysis.drift import Drift, drift
from lwd_tui.analysis.equivalence import Equivalence, equivalence
from lwd_tui.analysis.sequences import (
    ConfidenceSequence,
    debiased_range,
    running_mean_sequence,
    simultaneous_level,
)
from lwd_tui.analysis.upper_bound import largest_norm, least_upper_bound, responses_needed
from lwd_tui.findings.attractor import AttractorReport, attractor_report
from lwd_tui.findings.clusters import AnswerClusters, answer_clusters
from lwd_tui.findings.step import PURPOSE, StepFindings, clouds
from lwd_tui.seeds import generator
from lwd_tui.store.reader import RunReader


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that can't be said of a run, and why."""

    why: str


NO_MARGIN = Unknown("no margin was stated")
ALONE = Unknown("there is one participant only")
TOO_FEW = Unknown("a participant has fewer than two usable answers at some step")
NOT_UNIT = Unknown("the vectors aren't of unit length, so that no range is known for certain")
UNBOUNDED = Unknown("the answers are too few, too varied, or too long, for any bound")


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
    bound : float or Unknown
        Upper bound of the last step's norm, all steps together; unit vectors only.
    needed : int or None
        The least L with which a bound can be below the margin, or, without one, say anything; None
        where no L could.
    attractor : AttractorReport or Unknown
    clusters : AnswerClusters or Unknown
    """

    equivalence: Equivalence | Unknown
    collapsed_at: int | None
    drift: Drift
    change: ChangePoint | Unknown
    chart: ControlChart | Unknown
    average: ConfidenceSequence | Unknown
    bound: float | Unknown
    needed: int | None
    attractor: AttractorReport | Unknown
    clusters: AnswerClusters | Unknown


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
        Of all whole steps, in order, at least one; with upper bounds at `level`.
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
        same = out_of_reach(store, level, margin) or same
    change = _change(store, findings, level)
    return RunFindings(
        same,
        collapsed_at,
        drift(clouds(store), len(store.experiment.cast)),
        change,
        _chart(findings, change),
        _average(store, findings, level),
        _bound(store, findings[-1], level),
        _needed(store, level, margin),
        _attractor(store, findings[-1], radius),
        answer_clusters(store) or Unknown("no step has two usable answers"),
    )


def out_of_reach(store: RunReader, level: float, margin: float | None = None) -> Unknown | None:
    """Say why no answers whatever could bring a bound below the margin; None if some could.

    Parameters
    ----------
    store : RunReader
    level : float
        Of the bounds of all steps together.
    margin : float, optional
        Without one: the largest norm that there is, so that a bound would say anything.
    """
    experiment = store.experiment
    n, responses = len(experiment.cast), experiment.responses
    needed = _needed(store, level, margin)
    if needed is None:
        return ALONE if n < 2 else NOT_UNIT
    if responses >= needed:
        return None
    each = simultaneous_level(level, experiment.steps + 1)
    least = least_upper_bound(n, responses, each) if responses > 1 else math.inf
    says = "say nothing" if least >= largest_norm(n) else f"can't come below {least:.3g}"
    return Unknown(
        f"with L = {responses}, the bounds of {experiment.steps + 1} steps {says}, even if all "
        f"answers are equal; it takes L = {needed:,} or more"
    )


def _needed(store: RunReader, level: float, margin: float | None) -> int | None:
    experiment = store.experiment
    n = len(experiment.cast)
    if n < 2 or not experiment.embedder.normalise:
        return None
    each = simultaneous_level(level, experiment.steps + 1)
    return responses_needed(min(margin or math.inf, largest_norm(n)), n, each)


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
    low, high = debiased_range(len(store.experiment.cast), fewest)
    sums = [float(found.vectors.pairs.squares.sum()) for found in findings]
    # Unit vectors in single precision are longer by a rounding error.
    return running_mean_sequence(np.clip(sums, low, high), low, high, level)


def _bound(store: RunReader, last: StepFindings, level: float) -> float | Unknown:
    if why := out_of_reach(store, level) or _bounded(store, [last]):
        return why
    return UNBOUNDED if math.isnan(last.upper_bound) else last.upper_bound


def _attractor(
    store: RunReader, last: StepFindings, radius: float | None
) -> AttractorReport | Unknown:
    if not last.counts.any():
        return Unknown(f"there is no usable answer at t = {last.numbers.t}")
    return attractor_report(store, radius)
