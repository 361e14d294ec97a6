"""The runs of a sweep as small multiples, which fill as their steps come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from lwd_tui.palette import COLOURS, marker
from lwd_tui.sweep.watch import RunState
from lwd_tui.text import number_text, shorten
from lwd_tui.tui.pages.sweeps.shelf import INKS, SIGNS, WORDS, Seen
from lwd_tui.tui.pages.sweeps.sparkline import sparkline
from lwd_tui.tui.parts.excerpt import padded
from lwd_tui.tui.parts.panel import Panel

_NARROWEST, _WIDEST = 15, 48
_HEIGHTS = range(12, 2, -1)
"""Lines of a cell, its heading among them."""
_ROOMY = 6


class Place(NamedTuple):
    """Where a run stands."""

    row: int
    column: int


class Arrangement(NamedTuple):
    """How the runs stand: variant by variant, each beginning a row or part of one."""

    columns: int
    places: tuple[Place, ...]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return max((place.row for place in self.places), default=-1) + 1


def arranged(counts: Sequence[int], most: int, rows: int = 1) -> Arrangement:
    """Arrange as many runs a variant as told in at most so many columns.

    Variants stand beside each other where they would take more than so many rows.
    """
    widest, most = max(counts, default=1), max(most, 1)
    if widest > most:
        places, row = [], 0
        for count in counts:
            places += [Place(row + i // most, i % most) for i in range(count)]
            row += -(-count // most)
        return Arrangement(most, tuple(places))
    beside = min(most // widest, -(-len(counts) // max(rows, 1)))
    places = [
        Place(number // beside, number % beside * widest + i)
        for number, count in enumerate(counts)
        for i in range(count)
    ]
    return Arrangement(beside * widest, tuple(places))


class RunGrid(Panel):
    """The grid, and below it in words the run under the cursor."""

    DEFAULT_CSS = "RunGrid { padding: 0; }"

    def __init__(self, *, id: str | None = None) -> None:
        self.cells = Cells()
        super().__init__(self.cells, id=id)

    def show_runs(self, seen: Seen | None, reading: str) -> None:
        """Show how far the runs of a sweep are."""
        self.cells.show_runs(seen, reading)
        self.describe()

    def describe(self) -> None:
        """Say which run the cursor is on."""
        count = len(self.cells.states)
        title = f"runs · {'debiased ' if self.cells.reading != 'norm' else ''}‖D(t)‖F"
        if not count:
            self.head(title)
            return
        low, high = self.cells.ends
        axis = f", {low:.2f} to {high:.2f} in each" if low < high else ""
        self.head(f"{title}{axis} · {count}", self._words())

    def _words(self) -> Content:
        state = self.cells.chosen
        if state is None:
            return Content()
        job = state.job
        words = (
            f"{shorten(job.variant, 30)}, seed {job.seed}: {len(state.numbers)} of {job.steps} "
            f"steps, {WORDS[state.status]}"
        )
        if not state.problem:
            return Content(words)
        room = max(self.size.width - len(words) - 8, 20)
        return Content.assemble(f"{words}: ", (shorten(state.problem, room), "$error"))

    def on_resize(self) -> None:
        """Fit the words to the new width."""
        self.describe()


class Cells(Widget, can_focus=True):
    """A cell a run.

    Attributes
    ----------
    cursor : int
        The run that keys are about.
    states : sequence of RunState
        Variant by variant.
    ends : (float, float)
        Between which all curves lie: their common axis.
    """

    DEFAULT_CSS = "Cells { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "open", id="sweeps.open"),
        Binding("left,h", "move(-1)", "run before", id="sweeps.left", show=False),
        Binding("right,l", "move(1)", "next run", id="sweeps.right", show=False),
        Binding("up,k", "row(-1)", "run above", id="sweeps.up", show=False),
        Binding("down,j", "row(1)", "run below", id="sweeps.down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "page up", id="sweeps.pageup", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "page down", id="sweeps.pagedown", show=False),
        Binding("home,g", "move(-1000000)", "first run", id="sweeps.first", show=False),
        Binding("end,G", "move(1000000)", "last run", id="sweeps.last", show=False),
    ]
    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """The cursor is on another run."""

    @dataclass(eq=False)
    class Chosen(Message):
        """A run is to be opened."""

        state: RunState

    def __init__(self) -> None:
        super().__init__()
        self.states: Sequence[RunState] = ()
        self.reading = "norm"
        self.ends = (0.0, 0.0)
        self._counts: list[int] = []
        self._variants: list[int] = []
        self._drawn: dict[tuple[int, int, int], list[str]] = {}

    def show_runs(self, seen: Seen | None, reading: str) -> None:
        """Show other runs; the cursor stays on the one of its variant and seed."""
        here = self.chosen
        groups = [seen.of(name) for name in seen.plan.variants] if seen else []
        self.states = [state for group in groups for state in group]
        self.reading = reading
        self._drawn.clear()
        self._counts = [len(group) for group in groups]
        self._variants = [place for place, group in enumerate(groups) for _ in group]
        values = [value for state in self.states for value in state.curve(reading).tolist()]
        known = [value for value in values if np.isfinite(value)]
        self.ends = min(known, default=0.0), max(known, default=0.0)
        paths = [state.job.path for state in self.states]
        if here is not None:
            self.cursor = paths.index(here.job.path) if here.job.path in paths else 0
        self.refresh()

    @property
    def chosen(self) -> RunState | None:
        """The run under the cursor."""
        return self.states[self.cursor] if self.states else None

    @property
    def variant(self) -> int:
        """The place of its variant."""
        return self._variants[self.cursor] if self.states else 0

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a run."""
        return min(max(cursor, 0), max(len(self.states) - 1, 0))

    # Painting

    @property
    def _plan(self) -> Arrangement:
        size = self.size
        return arranged(self._counts, size.width // _NARROWEST, size.height // _ROOMY)

    def _height(self, plan: Arrangement) -> int:
        """Return the lines of a cell: as many as leave room for all runs, or the fewest."""
        return next((h for h in _HEIGHTS if plan.rows * h <= self.size.height), _HEIGHTS[-1])

    def _top(self, plan: Arrangement) -> int:
        """Return the first row that is seen, which follows from the cursor's alone."""
        seen = max(self.size.height // self._height(plan), 1)
        row = plan.places[self.cursor].row if plan.places else 0
        return min(row // seen * seen, max(plan.rows - seen, 0))

    def render_line(self, y: int) -> Strip:
        """Make one line of all cells of a row."""
        width, base = self.size.width, self.rich_style
        if not self.states:
            nothing = Segment("no runs to be seen", base + self._ink("quiet"))
            return Strip([nothing] if not y else []).adjust_cell_length(width, base)
        plan = self._plan
        height = self._height(plan)
        row, line = self._top(plan) + y // height, y % height
        room = min(width // plan.columns, _WIDEST)
        pieces: list[Segment] = []
        column = 0
        for place, at in enumerate(plan.places):
            if at.row == row:
                pieces.append(Segment(" " * (room * (at.column - column)), base))
                pieces += self._cell(place, line, room - 1, height)
                pieces.append(Segment(" ", base))
                column = at.column + 1
        return Strip(pieces).adjust_cell_length(width, base)

    def _cell(self, place: int, line: int, width: int, height: int) -> list[Segment]:
        state, variant, base = self.states[place], self._variants[place], self.rich_style
        colour = base + self._ink(f"series-{variant % len(COLOURS)}")
        values = state.curve(self.reading)
        if line:
            size = place, width, height
            if size not in self._drawn:
                last = state.job.steps - 1
                self._drawn[size] = sparkline(values, last, self.ends, width, height - 1)
            return [Segment(self._drawn[size][line - 1], colour)]
        value = number_text(values[-1]) if len(values) else ""
        here = place == self.cursor
        mark, sign = f"{marker(variant)} ", f"{SIGNS[state.status]} "
        rest = padded(f"{value}", max(width - 4 - len(str(state.job.seed)) - 1, 0))
        words = [
            Segment(mark, colour),
            Segment(f"{state.job.seed} ", base + self._ink("foreground")),
            Segment(sign, base + self._ink(INKS[state.status])),
            Segment(rest, base + self._ink("foreground")),
        ]
        if not here:
            return words
        if self.has_focus:
            text = "".join(segment.text for segment in words)
            return [Segment(text, base + self._ink("foreground") + Style(reverse=True))]
        panel = Style.parse(f"on {self.app.theme_variables['panel']} bold")
        return [Segment(piece.text, (piece.style or base) + panel) for piece in words]

    def _ink(self, name: str) -> Style:
        return Style.parse(self.app.theme_variables[name])

    # Moving

    def watch_cursor(self) -> None:
        """Show the cursor, and tell of it."""
        self.refresh()
        if self.is_mounted:
            self.post_message(self.Moved())

    def action_move(self, places: int) -> None:
        """Go to a run after or before this one."""
        self.cursor += places

    def action_row(self, rows: int) -> None:
        """Go to the run above or below, or the nearest one there."""
        plan = self._plan
        if not plan.places:
            return
        here = plan.places[self.cursor]
        wanted = min(max(here.row + rows, 0), plan.rows - 1)
        there = [place for place, at in enumerate(plan.places) if at.row == wanted]
        self.cursor = min(there, key=lambda place: abs(plan.places[place].column - here.column))

    def action_page(self, pages: int) -> None:
        """Go on by what is seen."""
        plan = self._plan
        self.action_row(pages * max(self.size.height // self._height(plan), 1))

    def action_choose(self) -> None:
        """Ask for the run to be opened."""
        if (state := self.chosen) is not None:
            self.post_message(self.Chosen(state))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go down a row."""
        event.stop()
        self.action_row(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go up a row."""
        event.stop()
        self.action_row(-1)

    def on_click(self, event: events.Click) -> None:
        """Go to the run under the pointer, which a second click opens."""
        plan = self._plan
        if not plan.places:
            return
        row = self._top(plan) + event.y // self._height(plan)
        column = event.x // min(self.size.width // plan.columns, _WIDEST)
        if (at := Place(row, column)) in plan.places:
            self.cursor = plan.places.index(at)
            if event.chain > 1:
                self.action_choose()
