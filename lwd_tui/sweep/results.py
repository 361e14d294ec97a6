"""What a sweep came to: each variant's numbers over its seeds, and their differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lwd_tui.findings.clusters import answer_clusters
from lwd_tui.findings.comparison import Scale, compared, why_norms_differ
from lwd_tui.findings.step import MEASURES, StepFindings, step_findings
from lwd_tui.store.run import RunStore
from lwd_tui.sweep.jobs import Job
from lwd_tui.types import Floats

Number = Callable[[StepFindings], float]

SQUARED = "distance_squared"


def _squared(found: StepFindings) -> float:
    squares = found.vectors.pairs.squares
    return float(squares.sum()) if len(squares) > 1 else math.nan


def _measured(key: str) -> Number:
    of = next(measure.of for measure in MEASURES if measure.key == key)
    return lambda found: of(found).together


NUMBERS: dict[str, tuple[str, Number]] = {
    "norm": ("norm", _measured("norm")),
    SQUARED: ("distance²", _squared),
    **{
        key: (title, _measured(key))
        for key, title in (
            ("dispersion", "S"),
            ("vendi", "Vendi"),
            ("distinct_2", "distinct-2"),
            ("copied", "copied"),
            ("human", "human"),
        )
    },
}
"""What is followed step by step, by its name in files: the words for it, and how it is read.

`distance_squared` is the sum of the debiased squared distances: unlike the debiased norm it isn't
cut off at 0, so that its mean over runs has no bias.
"""

CLUSTERS = "clusters"
TITLES = {key: title for key, (title, _) in NUMBERS.items()} | {CLUSTERS: CLUSTERS}
"""All that is followed, by its name in files: the words for it.

`clusters` are those that hold 90 % of the answers of a third of the steps.
"""
OF_SCALE = ("norm", SQUARED)
"""Those of runs of one scale only compare."""


class Estimate(NamedTuple):
    """A mean over seeds, and half the width of its interval; NaN where it isn't defined."""

    mean: float
    half: float


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """One run of a sweep: the norms of its T + 1 steps, early numbers and late ones.

    These are, of each of `TITLES`, the mean over the first and over the last third of the steps; of
    mixtures of the norm alone, which is the median over their replicates.
    """

    job: Job
    scale: Scale
    norms: Floats
    early: dict[str, float]
    late: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class VariantResult:
    """One variant over its finished runs.

    Attributes
    ----------
    name : str
    runs : int
    norms : ndarray of shape (T + 1,)
        Mean over the runs; empty if there is none.
    values : dict of str to Estimate
        Of each of `TITLES` late, with an interval of Student's t.
    changes : dict of str to Estimate
        Late less early, run by run.
    differences : dict of str to Estimate
        From the file's first variant, over pairs of runs with one seed; empty for the first itself.
    why_none : str
        Why its norms don't compare with those of the first variant; "" where they do.
    """

    name: str
    runs: int
    norms: Floats
    values: dict[str, Estimate]
    changes: dict[str, Estimate]
    differences: dict[str, Estimate]
    why_none: str = ""


def run_result(job: Job) -> RunResult:
    """Read what one finished run came to."""
    with RunStore.open(job.path) as store:
        run = compared(store.look_at(0))
        numbers = run.numbers
        norms = np.array([step.norm for step in numbers])
        third = max(1, round(len(numbers) / 3))
        if store.kind == "gmm":
            early, late = _norm_alone(norms[:third]), _norm_alone(norms[-third:])
            return RunResult(job, run.scale, norms, early, late)
        clusters = answer_clusters(store)
        early, late = (
            _means([step_findings(store, step) for step in steps])
            for steps in (numbers[:third], numbers[-third:])
        )
    counts = (clusters.first, clusters.last) if clusters else (math.nan, math.nan)
    early[CLUSTERS], late[CLUSTERS] = counts
    return RunResult(job, run.scale, norms, early, late)


def _norm_alone(norms: Floats) -> dict[str, float]:
    """Return what there is of mixtures, which have no answers."""
    return dict.fromkeys(TITLES, math.nan) | {"norm": float(norms.mean())}


def _means(found: Sequence[StepFindings]) -> dict[str, float]:
    return {key: _mean([read(each) for each in found]) for key, (_, read) in NUMBERS.items()}


def variant_results(
    variants: Sequence[str], results: Sequence[RunResult], level: float = 0.95
) -> list[VariantResult]:
    """Sum up the runs of each variant.

    Parameters
    ----------
    variants : sequence of str
        All names in the order of the sweep's file: differences are from the first, whether runs
        of it are finished or not.
    results : sequence of RunResult
        Of the finished runs, in any order.
    level : float

    Notes
    -----
    The intervals take the runs of a variant for independent and their values for about normal;
    with a few seeds that is an assumption which can't be checked.
    """
    groups: dict[str, dict[int, RunResult]] = {name: {} for name in variants}
    for result in results:
        groups[result.job.variant][result.job.seed] = result
    first = groups[variants[0]]
    return [
        VariantResult(
            name,
            len(runs),
            np.mean([run.norms for run in runs.values()], axis=0) if runs else np.empty(0),
            _estimates([run.late for run in runs.values()], level),
            _estimates([_less(run.late, run.early) for run in runs.values()], level),
            {} if runs is first else _estimates(_pairs(first, runs), level),
            why_norms_differ(run.scale for run in (*first.values(), *runs.values())),
        )
        for name, runs in groups.items()
    ]


def _pairs(first: Mapping[int, RunResult], runs: Mapping[int, RunResult]) -> list[dict[str, float]]:
    return [_difference(runs[seed], first[seed]) for seed in runs if seed in first]


def _difference(run: RunResult, first: RunResult) -> dict[str, float]:
    unlike = {} if run.scale == first.scale else dict.fromkeys(OF_SCALE, math.nan)
    return _less(run.late, first.late) | unlike


def _less(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {key: one[key] - other[key] for key in TITLES}


def _estimates(rows: Sequence[Mapping[str, float]], level: float) -> dict[str, Estimate]:
    return {key: estimate([row[key] for row in rows], level) for key in TITLES}


def estimate(values: Sequence[float], level: float = 0.95) -> Estimate:
    """Return the mean, and half the width of Student's interval for it; NaN if a value is."""
    from scipy.stats import t

    mean = _mean(values)
    if len(values) < 2:
        return Estimate(mean, math.nan)
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Estimate(mean, float(t.ppf((1 + level) / 2, len(values) - 1)) * error)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else math.nan
