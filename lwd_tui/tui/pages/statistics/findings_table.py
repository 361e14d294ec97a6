"""The statistics of one step as a table: of all answers, and of each participant's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from textual.content import Content

from lwd_tui.findings.step import MEASURES, StepFindings
from lwd_tui.palette import marker
from lwd_tui.tui.parts.steady import Steady
from lwd_tui.tui.parts.text_panel import TextPanel
from lwd_tui.tui.theme import series

_TITLE, _COLUMN = 22, 7
_LARGE = 100
_HEADS = {"sum_of_squares": "squares", "energy": "energy", "mmd": "MMD"}


class FindingsTable(TextPanel):
    """A row a number; NaN is a dash."""

    DEFAULT_CSS = "FindingsTable Words { width: auto; }"
    SCROLLS = Steady

    def show_findings(self, found: StepFindings, names: Sequence[str]) -> None:
        """Show a step."""
        self.head(f"statistics at t = {found.numbers.t}")
        self.text.put(Content("\n").join(_lines(found, len(names))))

    def show_nothing(self, title: str, sentence: str) -> None:
        """Say why there are none; not cleaned."""
        self.head(title)
        self.text.put(Content.styled(sentence, "$quiet"))


def _lines(found: StepFindings, n: int) -> list[Content]:
    lines = _tests(found, n)
    heads = [(marker(i).rjust(_COLUMN), series(i)) for i in range(n)]
    lines.append(Content.assemble(" " * _TITLE, ("all".rjust(_COLUMN), "$quiet"), *heads))
    lines.append(_row("answers", map(str, [int(found.counts.sum()), *found.counts])))
    interval = found.vectors.interval
    for measure in MEASURES:
        together, alone = measure.of(found)
        lines.append(_row(measure.title, map(_number, (together, *alone))))
        if measure.key == "noise_floor":
            # In one cell: the next column is a participant's.
            ends = "–"
            if np.isfinite(interval.upper):
                ends = f"{_number(interval.lower)}–{_number(interval.upper)}"
            lines.append(_row(f"norm, {100 * interval.level:g}% within", [ends]))
            if np.isfinite(found.upper_bound):
                lines.append(_row("bound, all t at once", [_number(found.upper_bound)]))
    return lines


def _tests(found: StepFindings, n: int) -> list[Content]:
    """Return the p of all participants, and of each pair, by each statistic."""
    tests = found.vectors.tests
    if not tests:
        return []
    heads = "".join(_HEADS[test.statistic].rjust(_COLUMN) for test in tests)
    lines = [
        Content.styled(f"{'do they differ? p'.ljust(_TITLE)}{heads}", "$quiet"),
        _row("all participants", [_number(test.p) for test in tests]),
    ]
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
