"""What the statistics of a run say, in sentences for any front end.

A test that doesn't reject is never told as "the same": only an equivalence is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lwd_tui.analysis.multiplicity import significance
from lwd_tui.analysis.permutation import DifferenceTest
from lwd_tui.experiment.llm import Experiment
from lwd_tui.findings.clusters import SHARE, AnswerClusters, letter
from lwd_tui.findings.step import MOST_TESTED, StepFindings
from lwd_tui.findings.verdicts import NO_MARGIN, RunFindings, Unknown
from lwd_tui.types import Floats

STATISTICS = {"sum_of_squares": "sum of squares", "energy": "energy", "mmd": "MMD"}
"""The statistics of the tests, in words."""

_MANY, _NAMED = 10, 5
"""Participants beyond which a sentence names some only, and how many."""

_TOLD_CLUSTERS, _TOLD_NAMES, _COURSE = 5, 10, 120
"""Clusters, participants and steps that are told one by one, at most."""


def compared(experiment: Experiment, k: int) -> tuple[str, str]:
    """Say what was read at a step, and what a difference is then one of; k is its k_t."""
    everyone = experiment.readers(len(experiment.cast)).all()
    if not k:
        return "nothing was read", "the models alone"
    if experiment.retrieval == "shared" or (everyone and experiment.ranking == "similar"):
        return "all read the same posts", "the models alone"
    if experiment.retrieval == "response":
        return "each answer has a draw of its own", "the models, averaged over draws"
    if everyone and experiment.beta == 1:
        return "all read every post, in an order of chance", "model and order together"
    return "each participant read a draw of its own", "model and draw together"


def tested(experiment: Experiment, k: int) -> str:
    """Say what is exchangeable in the tests of a step, and so what they test; k is its k_t."""
    read, what = compared(experiment, k)
    said = (
        "if the participants don't differ, the answers of the step are exchangeable between "
        f"them; {read}, so that what is tested is {what}"
    )
    if "draw together" in what and experiment.readers(len(experiment.cast)).all():
        said += '; retrieval = "shared" would test the models alone'
    return said


def difference(test: DifferenceTest, level: float = 0.95) -> str:
    """Say what a test found."""
    p = f"p = {test.p:.3g}"
    if test.p <= significance(level):
        return f"they differ ({p})"
    if test.smallest_p > significance(level):
        return (
            f"no difference could be shown: with so few answers p is at least {test.smallest_p:.3g}"
        )
    return f"no difference shown ({p}), which doesn't say that there is none"


def pairs_out_of_reach(test: DifferenceTest, level: float = 0.95) -> bool:
    """Whether no pair differs because none could, after Holm's method, with so few answers."""
    limit = significance(level)
    return test.smallest_holm > limit and not (test.pair_holm <= limit).any()


def step_verdicts(
    found: StepFindings, experiment: Experiment, level: float = 0.95
) -> list[tuple[str, str]]:
    """Return what the tests of a step found, and what they test; empty if there are none."""
    tests, answers = found.vectors.tests, int(found.counts.sum())
    if not tests and answers > MOST_TESTED:
        told = (
            f"left out, and what else grows with the square of the answers, of which there are "
            f"{answers:,}; at most {MOST_TESTED:,} are tested"
        )
        return [(f"t = {found.numbers.t}, tests", told)]
    said = [
        (f"t = {found.numbers.t}, {STATISTICS[test.statistic]}", difference(test, level))
        for test in tests
    ]
    if said:
        said += _pairs(found, level)
        said.append(("what the tests test", tested(experiment, found.numbers.k)))
    return said


def _pairs(found: StepFindings, level: float) -> list[tuple[str, str]]:
    """Say where Holm's adjustment leaves no pair a chance; empty if it leaves one."""
    tests = found.vectors.tests
    pairs = math.comb(int((found.counts > 0).sum()), 2)
    if pairs == 1 or not all(pairs_out_of_reach(test, level) for test in tests):
        return []
    # About: permutations are drawn, and may hit a split less often than its share.
    sentence = (
        f"none could be shown to differ: with so few answers, p adjusted for {pairs} pairs "
        f"is about {tests[0].smallest_holm:.3g} at the least"
    )
    return [(f"t = {found.numbers.t}, pairs", sentence)]


def verdicts(found: RunFindings, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return what there is to say of a whole run: subjects, and a sentence for each; not cleaned.

    The names are those of the participants.
    """
    return [
        ("the same?", _same(found)),
        ("collapsed?", _collapsed(found)),
        ("still moving?", _moving(found, names)),
        ("change point", _change(found)),
        ("control chart", _chart(found)),
        ("average so far", _average(found)),
        ("sure bound", _bound(found)),
        *_attractor(found, names),
        *_clusters(found, names),
    ]


def _unanswered(same: Unknown) -> str:
    start = "not asked" if same is NO_MARGIN else "it can't be shown"
    return f"{start}: {same.why}"


def _same(found: RunFindings) -> str:
    if isinstance(found.equivalence, Unknown):
        return _unanswered(found.equivalence)
    return str(found.equivalence)


def _collapsed(found: RunFindings) -> str:
    if isinstance(found.equivalence, Unknown):
        return _unanswered(found.equivalence)
    if found.collapsed_at is None:
        return "the upper bound isn't below the margin at the end"
    return f"the upper bound stays below the margin from t = {found.collapsed_at} on"


def _moving(found: RunFindings, names: Sequence[str]) -> str:
    ratios = found.drift.ratios
    if not len(ratios):
        return "one step only"
    if np.isnan(ratios).all():
        return "too few answers"
    now = (f"{names[i]} {_moved(ratios[-1][i])}" for i in _named(ratios[-1]))
    others = f" and {len(names) - _NAMED:,} less" if len(names) > _MANY else ""
    beyond = np.flatnonzero((ratios > 2).any(axis=1))
    more = f"; beyond 2 last at t = {beyond[-1] + 1}" if len(beyond) else ""
    return f"last moved by, in standard errors: {', '.join(now)}{others}{more}"


def _named(values: Sequence[float] | Floats) -> Sequence[int]:
    """Return who is named: all of few, else those of the highest values, the highest first."""
    if len(values) <= _MANY:
        return range(len(values))
    known = np.nan_to_num(np.asarray(values, dtype=float), nan=-math.inf)
    return [int(i) for i in np.argsort(-known, kind="stable")[:_NAMED]]


def _moved(ratio: float) -> str:
    if math.isnan(ratio):
        return "–"
    return "∞" if math.isinf(ratio) else f"{round(ratio, 1) + 0.0:.1f}"


def _change(found: RunFindings) -> str:
    change = found.change
    if isinstance(change, Unknown):
        return f"none sought: {change.why}"
    if change.start == change.end:
        return "none: the norm is the same at all steps"
    return (
        f"the norm goes from {change.start:.3g} to a level of {change.end:.3g} at "
        f"t = {change.step} ({change.lower} to {change.upper}); one is always found, and this "
        f"one explains {change.explained:.0%} of the variance"
    )


def _chart(found: RunFindings) -> str:
    chart = found.chart
    if isinstance(chart, Unknown):
        return f"none drawn: {chart.why}"
    first = 0 if isinstance(found.change, Unknown) else found.change.step
    outside = [int(t) for t in np.flatnonzero(chart.outside) if t >= first]
    beyond = f"outside at t = {', '.join(map(str, outside))}" if outside else "none outside"
    return (
        f"norm about {chart.centre:.3g} from t = {first} on, limits {chart.low:.3g} to "
        f"{chart.high:.3g}, {beyond}; neighbouring steps share posts (autocorrelation "
        f"{chart.autocorrelation:.2f}), so it points at steps and tests nothing"
    )


def _average(found: RunFindings) -> str:
    average = found.average
    if isinstance(average, Unknown):
        return f"none: {average.why}"
    return (
        f"squared distance without noise {average.means[-1]:.3g}, {average.lower[-1]:.3g} to "
        f"{average.upper[-1]:.3g} at {100 * average.level:g}% whenever one looks"
    )


def _bound(found: RunFindings) -> str:
    bound = found.bound
    if isinstance(bound, Unknown):
        return f"none: {bound.why}"
    return f"the last norm is below {bound:.3g}, for any distribution, with all steps together"


def _attractor(found: RunFindings, names: Sequence[str]) -> list[tuple[str, str]]:
    report = found.attractor
    if isinstance(report, Unknown):
        return [("attractor", f"none: {report.why}")]
    arrivals = report.found.arrivals
    # Who never came is the last of all.
    last = [math.inf if t is None else t for t in arrivals]
    came = ", ".join(
        f"{names[i]} {'never' if arrivals[i] is None else f't = {arrivals[i]}'}"
        for i in _named(last)
    )
    if len(names) > _MANY:
        came = f"last of all {came}"
    answer = report.answer
    return [
        ("attractor", f"first within {report.found.radius:.3g} of the final centre: {came}"),
        (
            "nearest to the centre",
            f"{names[answer.participant]}, t = {answer.t}: {answer.text}",
        ),
        *(
            (
                f"came by {link.post.author or link.post.origin}, t = {link.post.step}",
                f"{link.post.text} ({link.share:.0%} of the words in common)",
            )
            for link in report.chain
        ),
    ]


def _clusters(found: RunFindings, names: Sequence[str]) -> list[tuple[str, str]]:
    clusters = found.clusters
    if isinstance(clusters, Unknown):
        return [("clusters", f"none: {clusters.why}")]
    steps = clusters.steps
    said = [
        (
            "clusters",
            f"{SHARE:.0%} of the answers from t = {steps - clusters.late} on are in "
            f"{clusters.last}, of those up to t = {clusters.late - 1} in {clusters.first}; one "
            f"holds what is within {clusters.radius:.3g} of the answer that leads it",
        )
    ]
    for place in range(min(clusters.last, _TOLD_CLUSTERS)):
        column = clusters.shares[:, place]
        shares = ", ".join(f"{names[i]} {column[i]:.0%}" for i in _named(column))
        said.append((f"cluster {letter(place)}", f"{shares}; led by: {clusters.texts[place]}"))
    if len(names) <= _TOLD_NAMES:
        said += [
            (f"{name} over t", _course(clusters, participant))
            for participant, name in enumerate(names)
        ]
    return said


def _course(clusters: AnswerClusters, participant: int) -> str:
    """Return a letter a step: the cluster with most of a participant's answers."""
    every = -(-clusters.steps // _COURSE)
    letters = "".join(map(letter, clusters.places[::every, participant].tolist()))
    return letters if every == 1 else f"{letters} (every {every} steps)"
