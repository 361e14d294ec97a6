"""A handout of one page for a demonstration: what was seen, what was asked, and two figures."""

from __future__ import annotations

import textwrap
from pathlib import Path

from matplotlib.figure import FigureBase

from lwd_tui.lessons.lesson import Lesson
from lwd_tui.lessons.recorded import recorded_run
from lwd_tui.report.draw import Drawing, paper, picture
from lwd_tui.report.page import filled
from lwd_tui.report.write import ReportError, drawings
from lwd_tui.store.files import write_whole
from lwd_tui.store.run import RunStore

ENDINGS = (".html", ".pdf")
_FIGURES = ("norm", "clusters", "densities")
_LETTERS, _LINE = 106, 0.155
"""Letters and inches of a line, of 8.5 points."""


def write_handout(name: str, lesson: Lesson, out: Path, *, replace: bool = False) -> None:
    """Write the handout of a demonstration.

    Parameters
    ----------
    name : str
        Of the demonstration.
    lesson : Lesson
    out : Path
        Ending in ``.html`` or ``.pdf``.
    replace : bool
        Whether a file that is there may be written over.

    Raises
    ------
    ReportError
        If the ending is another.
    StoreError
        If the file can't be written.
    """
    kind = out.suffix.lower()
    if kind not in ENDINGS:
        raise ReportError(
            f"{out}: a handout is a page (.html or .pdf); the file's ending says which"
        )
    with RunStore.open(recorded_run(lesson.recorded)) as store:
        found = drawings(store, _FIGURES)
        if kind == ".pdf":
            parts = [_questions(name, lesson), *found.values()]
            content = picture(parts, lesson.title, "pdf", printed=True)
        else:
            values = {"run": store.summary(), "lesson": lesson, "name": name}
            content = filled("handout.html", values, found).encode()
    write_whole(out, content, replace=replace)


def _questions(name: str, lesson: Lesson) -> Drawing:
    """Return what is said and asked at each stop, as text."""
    lines: list[tuple[str, bool]] = []
    for number, stop in enumerate(lesson.stops, 1):
        where = "" if stop.t is None else f" (t = {stop.t})"
        say = f"{number}{where}  {stop.say}".replace(" = ", "\u00a0=\u00a0")
        lines += [(line, False) for line in textwrap.wrap(say, _LETTERS)]
        lines += [(line, True) for line in textwrap.wrap(stop.ask, _LETTERS)]
        lines.append(("", False))
    height = _LINE * len(lines)

    def draw(figure: FigureBase) -> None:
        axes = paper(figure, height)
        for place, (line, asked) in enumerate(lines):
            weight = "bold" if asked else "normal"
            axes.text(0.1, _LINE * (place + 0.5), line, va="center", fontsize=8.5, weight=weight)

    return Drawing(f"lwd-tui demo {name}", "What was seen and asked", height, draw)
