"""The statistics of a run as tables, curves and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lwd_tui.analysis.multiplicity import significance
from lwd_tui.cli.plots import GROUND, THIN, Canvas, Line, curves, print_plot
from lwd_tui.cli.shared import plain_table, print_table
from lwd_tui.findings.sentences import STATISTICS, pairs_out_of_reach, step_verdicts, verdicts
from lwd_tui.findings.step import MEASURES, StepFindings
from lwd_tui.findings.verdicts import RunFindings
from lwd_tui.palette import DEBIASED, FLOOR, colour, marker
from lwd_tui.store.run import RunStore
from lwd_tui.text import clean_line
from lwd_tui.text import number_text as number

_PLOT_ROWS, _MOST_PAIRS = 13, 1_000
_OF = {measure.key: measure.of for measure in MEASURES}
_DIVERSITY = (
    ("S", "dispersion"),
    ("Vendi", "vendi"),
    ("rank", "effective_rank"),
    ("near\ndup.", "near_duplicates"),
    ("same\ntext", "duplicates"),
    ("dist.\n1", "distinct_1"),
    ("dist.\n2", "distinct_2"),
    ("self-\nBLEU", "self_bleu"),
    ("copied", "copied"),
    ("human", "human"),
    ("words", "words"),
)
_PLOTS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "how many different answers",
        (("Vendi", THIN, "vendi"), ("rank", "-", "effective_rank")),
    ),
    (
        "shares, 0 to 1",
        (
            ("distinct-2", THIN, "distinct_2"),
            ("self-BLEU", "-", "self_bleu"),
            ("near duplicates", "·", "near_duplicates"),
            ("copied", "+", "copied"),
            ("human", "o", "human"),
        ),
    ),
)


def print_findings(
    store: RunStore,
    found: Sequence[StepFindings],
    whole: RunFindings,
    level: float,
    reach: float | None,
    console: Console,
) -> None:
    """Print all that was found of a run."""
    experiment = store.experiment
    names = [clean_line(who.name) for who in experiment.cast]
    last = found[-1]
    print_table(console, _differences(found, level, store.scale))
    for subject, sentence in step_verdicts(last, experiment, level):
        _say(console, subject, sentence)
    if len(names) > 1:
        console.print()
        print_table(console, _pairs(last, names))
    console.print()
    print_table(console, _diversity(found))
    _plot(console, found, store.scale, level)
    console.print()
    for subject, sentence in verdicts(whole, names):
        _say(console, subject, sentence)
    if reach is not None:
        _say(console, "within reach", f"the control run would have met a margin of {reach:.3g}")


def _differences(found: Sequence[StepFindings], level: float, scale: str) -> Table:
    title = f"Do they differ? ({scale}, {100 * level:g}%; pairs: apart by energy and Holm)"
    table = plain_table(title=title, title_style="bold")
    headings = ["t", "k", "norm", "debi-\nased", "interval", "floor"]
    headings += [f"p by\n{name}" for name in ("sq.", "en.", "MMD")]
    for heading in (*headings, "pairs", "R²", "F"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found:
        numbers, interval, split = each.numbers, each.vectors.interval, each.vectors.partition
        p = [f"{test.p:.3f}" for test in each.vectors.tests] or ["–"] * len(STATISTICS)
        ends = f"{number(interval.lower, 2)}–{number(interval.upper, 2)}"
        table.add_row(
            str(numbers.t),
            str(numbers.k),
            number(numbers.norm),
            number(numbers.norm_debiased),
            ends if np.isfinite(interval.upper) else "–",
            number(numbers.noise_floor),
            *p,
            _apart(each, level),
            number(split.share, 2) if split else "–",
            number(split.pseudo_f, 1) if split else "–",
        )
    return table


def _apart(found: StepFindings, level: float) -> str:
    """Return how many pairs differ, by energy and after Holm, of how many; – if none could."""
    for test in found.vectors.tests:
        if test.statistic == "energy" and not pairs_out_of_reach(test, level):
            pairs = test.pair_holm[np.triu_indices(len(test.pair_holm), 1)]
            tried = pairs[np.isfinite(pairs)]
            return f"{int((tried <= significance(level)).sum())}/{len(tried)}"
    return "–"


def _pairs(last: StepFindings, names: Sequence[str]) -> Table:
    title = f"Pairs at t = {last.numbers.t}: distance² without noise, and p by Holm"
    shown = list(combinations(range(len(names)), 2))
    if len(shown) > _MOST_PAIRS:
        title += f"; the farthest {_MOST_PAIRS} of {len(shown):,}"
        squares = last.vectors.pairs.squares
        places = np.argsort(-squares[np.triu_indices(len(names), 1)], kind="stable")
        shown = [shown[place] for place in places[:_MOST_PAIRS]]
    table = plain_table(title=title, title_style="bold")
    table.add_column("pair")
    for heading in ("squared", "± error", *STATISTICS.values()):
        table.add_column(heading, justify="right")
    pairs = last.vectors.pairs
    for i, j in shown:
        table.add_row(
            Text(f"{marker(i)} {names[i]} – {marker(j)} {names[j]}"),
            number(pairs.squares[i, j]),
            number(pairs.errors[i, j]),
            *(number(test.pair_holm[i, j]) for test in last.vectors.tests),
        )
    return table


def _diversity(found: Sequence[StepFindings]) -> Table:
    title = "Collapse of what? (all answers of a step; human: words of the nearest post)"
    table = plain_table(title=title, title_style="bold")
    for heading in ("t", *(heading for heading, _ in _DIVERSITY)):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found:
        values = [number(_OF[key](each).together, 2) for _, key in _DIVERSITY]
        table.add_row(str(each.numbers.t), *values)
    return table


def _plot(console: Console, found: Sequence[StepFindings], scale: str, level: float) -> None:
    intervals = [each.vectors.interval for each in found]
    norm = [
        Line("debiased", THIN, DEBIASED, [each.numbers.norm_debiased for each in found]),
        Line("upper end", "^", FLOOR, [interval.upper for interval in intervals]),
        Line("lower end", "v", FLOOR, [interval.lower for interval in intervals]),
        Line("noise floor", GROUND, FLOOR, [each.numbers.noise_floor for each in found]),
    ]
    pictures = [(f"norm without noise, {100 * level:g}% interval, {scale}", norm)]
    for title, parts in _PLOTS:
        lines = [
            Line(name, shape, colour(i), [_OF[key](each).together for each in found])
            for i, (name, shape, key) in enumerate(parts)
        ]
        pictures.append((title, lines))
    for title, lines in pictures:
        if text := curves(lines, title, Canvas.on(console, _PLOT_ROWS)):
            console.print()
            print_plot(console, text)


def _say(console: Console, subject: str, sentence: str) -> None:
    console.print(
        Text(f"{clean_line(subject)}: ", style="bold"),
        Text(clean_line(sentence)),
        sep="",
    )
