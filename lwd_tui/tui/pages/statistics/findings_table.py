"""The statistics of one step as a table: of all answers, and of each participant's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from textual.content import Content

from lwd_tui.analysis.multiplicity import significance
from lwd_tui.findings.step import MEASURES, StepFindings
from lwd_tui.palette import marker
from lwd_tui.text import shorten
from lwd_tui.tui.parts.steady import Steady
from lwd_tui.tui.parts.text_panel import TextPanel
from lwd_tui.tui.state.grouping import Grouping
from lwd_tui.tui.theme import series

_TITLE, _COLUMN = 22, 7
_LARGE = 100
_LEVEL = 0.95
_NAME = 16
_HEADS = {"sum_of_squares": "squares", "energy": "energy", "mmd": "MMD"}


class FindingsTable(TextPanel):
    """A row a number; NaN is a dash."""

    DEFAULT_CSS = "FindingsTable Words { width: auto; }"
    SCROLLS = Steady

    def show_findings(self, found: StepFindings, grouping: Grouping, missing: str = "") -> None:
        """Show a step: a column a participant, or of a crowd a group; and what is missing yet."""
        self.head(f"statistics at t = {found.numbers.t}")
        lines = [Content.styled(missing, "$quiet"), Content()] if missing else []
        self.text.put(Content("\n").join(lines + _lines(found, grouping)))

    def show_nothing(self, title: str, sentence: str) -> None:
        """Say why there are none; not cleaned."""
        self.head(title)
        self.text.put(Content.styled(sentence, "$quiet"))


def _lines(found: StepFindings, grouping: Grouping) -> list[Content]:
    lines = _tests(found, grouping)
    groups = len(grouping.names)
    heads = [(marker(i).rjust(_COLUMN), series(i)) for i in range(groups)]
    if grouping.crowd:
        keys = (
            Content.assemble((marker(i), series(i)), f" {shorten(name, _NAME)}")
            for i, name in enumerate(grouping.names)
        )
        words = Content.styled(f"means of each {grouping.by or 'participant'}", "$quiet")
        lines.append(Content("  ").join([words, *keys]))
    lines.append(Content.assemble(" " * _TITLE, ("all".rjust(_COLUMN), "$quiet"), *heads))
    counts = np.bincount(grouping.of, found.counts, groups).astype(int)
    lines.append(_row("answers", map(str, [int(found.counts.sum()), *counts])))
    interval = found.vectors.interval
    for measure in MEASURES:
        together, alone = measure.of(found)
        cells = means_of_groups(alone, grouping) if alone else alone
        lines.append(_row(measure.title, map(_number, (together, *cells))))
        if measure.key == "noise_floor":
            # In one cell: the next column is a participant's.
            ends = "–"
            if np.isfinite(interval.upper):
                ends = f"{_number(interval.lower)}–{_number(interval.upper)}"
            lines.append(_row(f"norm, {100 * interval.level:g}% within", [ends]))
            lines.append(_row("bound, all t at once", [_number(found.upper_bound)]))
    return lines


def means_of_groups(values: Sequence[float], grouping: Grouping) -> Sequence[float]:
    """Return the mean over the participants of each group that have a value; of few, themselves."""
    return grouping.means(np.array(values)).tolist() if grouping.crowd else values


def _tests(found: StepFindings, grouping: Grouping) -> list[Content]:
    """Return the p of all participants, and of each pair, by each statistic.

    Of a crowd's pairs, how many differ.
    """
    tests = found.vectors.tests
    if not tests:
        return []
    heads = "".join(_HEADS[test.statistic].rjust(_COLUMN) for test in tests)
    lines = [
        Content.styled(f"{'do they differ? p'.ljust(_TITLE)}{heads}", "$quiet"),
        _row("all participants", [_number(test.p) for test in tests]),
    ]
    n = len(grouping.of)
    if grouping.crowd:
        # Each pair stands twice in the matrix.
        differ = [(test.pair_holm <= significance(_LEVEL)).sum() // 2 for test in tests]
        pairs = np.isfinite(tests[0].pair_holm).sum() // 2
        lines.append(_row(f"of {pairs:,} pairs differ", map(str, differ)))
        return [*lines, Content()]
    words = "pair, by Holm "
    for i, j in combinations(range(n), 2):
        title = Content.assemble(
            (words, "$quiet"),
            (marker(i), series(i)),
            " ",
            (marker(j), series(j)),
            " " * (_TITLE - len(words) - 3),
        )
        cells = "".join(_number(test.pair_holm[i, j]).rjust(_COLUMN) for test in tests)
        lines.append(Content.assemble(title, cells))
    return [*lines, Content()]


def _row(title: str, values: Iterable[str]) -> Content:
    first, *others = values
    width = _TITLE + _COLUMN - len(first)
    cells = [value.rjust(_COLUMN) for value in others]
    return Content.assemble((title.ljust(width), "$quiet"), (first, "bold"), *cells)


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.3f}" if abs(value) < _LARGE else f"{value:.0f}"
