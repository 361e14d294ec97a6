"""The stored runs, one a line, with as many of their numbers as there is room for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content

from lwd_tui.palette import marker
from lwd_tui.store.records import RunSummary
from lwd_tui.text import size_text
from lwd_tui.tui.parts.excerpt import excerpt, padded
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.rows import Items
from lwd_tui.tui.parts.words import Words

_INKS = {"done": "foreground", "running": "success", "stopped": "warning", "damaged": "error",
         "newer": "error"}  # fmt: skip


class Column(NamedTuple):
    """A column: its heading, its width, and what stands in it."""

    heading: str
    width: int
    text: Callable[[RunSummary], str]


def briefly(problem: str, path: Path) -> str:
    """Say why a run can't be read, by its name: its path would take the room of the reason."""
    return problem.replace(str(path), path.stem)


def norms(run: RunSummary) -> str:
    """Say from where to where the norm went."""
    if not run.done:
        return ""
    return " → ".join(
        "none" if math.isnan(x) else f"{x:.3f}" for x in (run.norm_first, run.norm_last)
    )


_NAME = 28
# In order of importance: what doesn't fit is left out from the end.
_COLUMNS = (
    Column("status", 8, lambda run: run.status),
    Column("steps", 10, lambda run: f"{run.done}/{run.steps}" if run.steps else ""),
    Column("norm", 16, norms),
    Column("begun (UTC)", 16, lambda run: run.created[:16].replace("T", " ")),
    Column("participants", 26, lambda run: ", ".join(run.participants)),
    Column("size", 8, lambda run: size_text(run.size)),
    Column("note", 24, lambda run: run.note),
)


class RunTable(Panel):
    """The list under its headings."""

    DEFAULT_CSS = "RunTable > .headings { height: 1; color: $quiet; }"

    def __init__(self, *, id: str | None = None) -> None:
        headings = Words(classes="headings")
        self.lines = _Lines(headings)
        super().__init__(headings, self.lines, id=id)

    def show_runs(
        self, runs: Sequence[RunSummary], marked: Mapping[Path, int], opened: Path | None
    ) -> None:
        """Show other runs, of which one may be open; the cursor stays on its run.

        Those that are overlaid are marked, by their places in the series.
        """
        self.head(f"{len(runs)} stored run{'' if len(runs) == 1 else 's'}")
        self.lines.show_runs(runs, marked, opened)

    @property
    def chosen(self) -> RunSummary | None:
        """The run under the cursor."""
        return self.lines.chosen

    def point(self, path: Path) -> None:
        """Put the cursor on a run, if it is there."""
        self.lines.point(path)


class _Lines(Items[RunSummary]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "open", id="runs.open"),
        Binding("home,g", "move(-1000000)", "first run", id="runs.first", show=False),
        Binding("end,G", "move(1000000)", "last run", id="runs.last", show=False),
    ]

    def __init__(self, headings: Words) -> None:
        super().__init__("looking what runs there are …")
        self._headings = headings
        self._marked: Mapping[Path, int] = {}
        self._opened: Path | None = None
        self._columns: list[Column] = []
        self._name_width = _NAME

    def show_runs(
        self, runs: Sequence[RunSummary], marked: Mapping[Path, int], opened: Path | None
    ) -> None:
        here = self.chosen
        self.nothing = "no run is stored yet; begin one"
        self._marked, self._opened = marked, opened
        paths = [run.path for run in runs]
        row = paths.index(here.path) if here is not None and here.path in paths else self.cursor
        self.show_items(runs, row)
        self._lay_out()

    def point(self, path: Path) -> None:
        for row, run in enumerate(self.items):
            if run.path == path:
                self.cursor = row

    def on_resize(self, _: events.Resize) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        """Choose the columns that there is room for; the name takes what is left, the note too."""
        width = self.size.width - 1
        longest = max((cell_len(run.name) for run in self.items), default=0)
        left = width - 4 - min(max(longest, 12), _NAME)
        self._columns = []
        for column in _COLUMNS:
            if column.width + 2 > left:
                break
            self._columns.append(column)
            left -= column.width + 2
        self._name_width = min(max(longest, 12), _NAME) + max(left, 0)
        if self._columns and self._columns[-1].heading == "note":
            last = self._columns.pop()
            spare = max(self._name_width - max(longest, 12), 0)
            self._name_width -= spare
            self._columns.append(last._replace(width=last.width + spare))
        parts = [f"    {'run':<{self._name_width}}"]
        parts += [f"  {column.heading:<{column.width}}" for column in self._columns]
        self._headings.put(Content("".join(parts)))

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        run = self.items[row]
        place = self._marked.get(run.path)
        opened = "▶" if run.path == self._opened else " "
        yield Segment(f"{opened} ", self.ink("success"))
        if place is None:
            yield Segment("  ", self.ink())
        else:
            yield Segment(f"{marker(place)} ", self.series_ink(place))
        yield Segment(padded(run.name, self._name_width), self.ink(bold=run.path == self._opened))
        for column in self._columns:
            ink = _INKS[run.status] if column.heading == "status" else "foreground"
            yield Segment(f"  {padded(column.text(run), column.width)}", self.ink(ink))
            if run.problem:
                # It has no numbers; the sentence takes their place.
                room = max(width - self._name_width - column.width - 8, 1)
                words = excerpt(briefly(run.problem, run.path), room)
                yield Segment(f"  {words}", self.ink("error"))
                break
