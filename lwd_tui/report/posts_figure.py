"""The figure of the posts: what each participant posted at some steps, side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.figure import FigureBase

from lwd_tui.llm.network import first_usable
from lwd_tui.report.draw import WIDTH, Drawing, paper
from lwd_tui.report.ink import QUIET, TEXT, series
from lwd_tui.text import clean_line, shorten
from lwd_tui.types import Step

MOST_ROWS, MOST_COLUMNS = 12, 4
_LONGEST = 400
_LETTERS = 17.0
"""Characters an inch, of 7.5 points."""
_LINE, _GAP, _NAME = 0.14, 0.12, 1.1
"""Inches: a line's height, what is between two cells, the width of the names."""


def posts_figure(steps: Sequence[Step], names: Sequence[str]) -> Drawing | None:
    """Return the first usable answer of each participant at each step; None if there is none.

    The names are as they fit into a row's head; of many participants and steps the first are
    shown.
    """
    chosen = steps[:MOST_COLUMNS]
    said = [
        {each.participant: each.text for each in first_usable(step.responses)} for step in chosen
    ]
    if not any(said):
        return None
    column = (WIDTH - _NAME - 0.2) / len(chosen)
    letters = int((column - _GAP) * _LETTERS)
    rows = [
        [_wrapped(answers.get(participant, "–"), letters) for answers in said]
        for participant in range(min(len(names), MOST_ROWS))
    ]
    heights = [_LINE * max(len(cell) for cell in row) + _GAP for row in rows]
    total = sum(heights) + 2 * _LINE

    def draw(figure: FigureBase) -> None:
        axes = paper(figure, total)
        for place, step in enumerate(chosen):
            axes.text(_NAME + place * column, _LINE, f"t = {step.t}", va="center", weight="bold")
        top = 2 * _LINE
        for participant, (row, height) in enumerate(zip(rows, heights, strict=True)):
            axes.axhline(top - _GAP / 2, color=QUIET.light, lw=0.4)
            name = shorten(names[participant], 15)
            axes.text(0.1, top, name, va="top", color=series(participant).light, fontsize=8)
            for place, cell in enumerate(row):
                x = _NAME + place * column
                text = "\n".join(cell)
                axes.text(x, top, text, va="top", fontsize=7.5, color=TEXT.light)
            top += height

    return Drawing(
        "Posts side by side: the first answer of each participant",
        "What each participant posted at " + ", ".join(f"t = {step.t}" for step in chosen),
        total,
        draw,
    )


def _wrapped(text: str, letters: int) -> list[str]:
    return textwrap.wrap(clean_line(shorten(text, _LONGEST)), letters) or ["–"]
