"""The statistics of a run as JSON: an object a step, then a summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from lwd_tui.experiment.llm import Experiment
from lwd_tui.findings.attractor import AttractorReport
from lwd_tui.findings.clusters import AnswerClusters
from lwd_tui.findings.sentences import tested, verdicts
from lwd_tui.findings.step import MEASURES, StepFindings
from lwd_tui.findings.verdicts import RunFindings, Unknown
from lwd_tui.store.errors import run_name
from lwd_tui.store.run import RunStore
from lwd_tui.text import clean_line
from lwd_tui.text import json_number as number
from lwd_tui.types import Floats

Line = dict[str, Any]
T = TypeVar("T")


def findings_line(experiment: Experiment, found: StepFindings) -> Line:
    """Return the JSON object of one step; null is what isn't defined."""
    names = [who.name for who in experiment.cast]
    interval, split = found.vectors.interval, found.vectors.partition
    pairs = found.vectors.pairs
    line: Line = {
        "t": found.numbers.t,
        "k": found.numbers.k,
        "answers": found.counts.tolist(),
        "tested": tested(experiment, found.numbers.k),
        "tests": {
            test.statistic: {
                "value": number(test.value),
                "p": number(test.p),
                "smallest_p": number(test.smallest_p),
                "smallest_p_holm": number(test.smallest_holm),
                "pairs": _pairs(
                    names, value=test.pair_values, p=test.pair_p, p_holm=test.pair_holm
                ),
            }
            for test in found.vectors.tests
        },
        "pairs": _pairs(names, square_debiased=pairs.squares, error=pairs.errors),
        "interval": [number(interval.lower), number(interval.upper)],
        "upper_bound": number(found.upper_bound),
        "between": number(split.between) if split else None,
        "within": number(split.within) if split else None,
    }
    for measure in MEASURES:
        together, alone = measure.of(found)
        name = "between_share" if measure.key == "between" else measure.key
        line[name] = number(together)
        if alone:
            line[f"{name}_each"] = list(map(number, alone))
    return line


def _pairs(names: list[str], **numbers: Floats) -> list[Line]:
    """Return what some matrices hold of each pair of participants."""
    return [
        {"a": names[i], "b": names[j]}
        | {name: number(matrix[i, j]) for name, matrix in numbers.items()}
        for i, j in combinations(range(len(names)), 2)
    ]


def verdicts_line(
    store: RunStore, found: RunFindings, level: float, permutations: int, reach: float | None
) -> Line:
    """Return the JSON object of the whole run; where something isn't known, why."""
    experiment = store.experiment
    names = [who.name for who in experiment.cast]
    asked: Line = {}
    if store.queries > 1:
        asked = {"queries": list(experiment.queries), "of_query": store.query}
    return asked | {
        "summary": True,
        "run": run_name(store.path),
        "experiment_sha256": experiment.sha256,
        "participants": names,
        "scale": store.scale,
        "seed": experiment.seed,
        "level": level,
        "permutations": permutations,
        "steps_done": len(found.drift.squares) + 1,
        "steps": experiment.steps + 1,
        "least_margin": None if reach is None else number(reach),
        "equivalence": _known(
            found.equivalence,
            lambda same: {
                "margin": same.margin,
                "in_a_row": same.window,
                "shown_at": same.shown_at,
                "collapsed_at": found.collapsed_at,
            },
        ),
        "drift": {
            "squares": [list(map(number, row)) for row in found.drift.squares],
            "errors": [list(map(number, row)) for row in found.drift.errors],
        },
        "change": _known(
            found.change,
            lambda change: {
                name: getattr(change, name)
                for name in ("kind", "step", "lower", "upper", "start", "end", "explained")
            },
        ),
        "chart": _known(
            found.chart,
            lambda chart: asdict(chart) | {"outside": np.flatnonzero(chart.outside).tolist()},
        ),
        "average": _known(
            found.average,
            lambda average: {
                name: getattr(average, name).tolist() for name in ("means", "lower", "upper")
            },
        ),
        "bound": _known(found.bound, lambda bound: {"upper": bound}),
        "responses_needed": found.needed,
        "attractor": _known(found.attractor, lambda report: _attractor(report, names)),
        "clusters": _known(found.clusters, lambda clusters: _clusters(clusters, names)),
        "sentences": [
            {"about": clean_line(subject), "says": clean_line(sentence)}
            for subject, sentence in verdicts(found, names)
        ],
    }


def _known(found: T | Unknown, told: Callable[[T], Line]) -> Line:
    """Return what is told of something, or why it isn't known."""
    return {"unknown": found.why} if isinstance(found, Unknown) else told(found)


def _attractor(report: AttractorReport, names: list[str]) -> Line:
    found, answer = report.found, report.answer
    return {
        "radius": found.radius,
        "sentence": answer.text,
        "participant": names[answer.participant],
        "response": answer.index,
        "arrivals": dict(zip(names, found.arrivals, strict=True)),
        "distances": [list(map(number, row)) for row in found.distances],
        "chain": [
            {
                "post": link.post.id,
                "author": link.post.author,
                "origin": link.post.origin,
                "step": link.post.step,
                "text": link.post.text,
                "words_in_common": link.share,
            }
            for link in report.chain
        ],
    }


def _clusters(clusters: AnswerClusters, names: list[str]) -> Line:
    return {
        "radius": clusters.radius,
        "steps": clusters.late,
        "first": clusters.first,
        "last": clusters.last,
        "leaders": list(clusters.texts[: clusters.last]),
        "shares": {
            name: list(map(number, row[: clusters.last]))
            for name, row in zip(names, clusters.shares, strict=True)
        },
        "places": {name: row.tolist() for name, row in zip(names, clusters.places.T, strict=True)},
    }
