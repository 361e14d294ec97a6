"""The participants of a crowd, one a line, sorted by a column and filtered by words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from rich.segment import Segment
from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from lwd_tui.experiment.llm import Participant
from lwd_tui.palette import marker
from lwd_tui.tui.parts.excerpt import padded
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.parts.words import Words
from lwd_tui.tui.state.grouping import NO_CROWD, Grouping
from lwd_tui.types import Floats, Ints

_NAME = 8
"""Columns of a name, at least."""


class Column(NamedTuple):
    """A column: its heading, its width, and what stands in it of a participant."""

    heading: str
    width: int
    text: Callable[[int], str]
    values: Callable[[], Sequence[object] | Floats | Ints]


class CrowdTable(Vertical):
    """The lines under their headings, and a field that filters them."""

    DEFAULT_CSS = """
    CrowdTable {
        height: 1fr;
        & > .headings { height: 1; color: $quiet; }
        & > Line { height: 1; background: $panel; display: none; }
        &.-filtered > Line { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "show_all", "show all again", id="crowd.all", show=False),
    ]

    @dataclass(eq=False)
    class Selected(Message):
        """Another participant is under the cursor."""

        participant: int

    def __init__(self) -> None:
        self._headings = Headings()
        self.lines = _Lines(self._headings)
        self._line = Line(placeholder="words of name, model or group", compact=True)
        super().__init__(self._headings, self.lines, self._line)

    def show_cast(self, cast: Sequence[Participant], grouping: Grouping, responses: int) -> None:
        """Show other participants, and L; all of them, the first under the cursor."""
        self.lines.show_cast(cast, grouping, responses)
        self.action_show_all()

    def show_grouping(self, grouping: Grouping) -> None:
        """Group them in another way."""
        self.lines.show_grouping(grouping)

    def show_numbers(self, counts: Ints, dispersion: Floats, centre: Floats) -> None:
        """Show the usable answers, S_i and the distances from the centre of all participants."""
        self.lines.show_numbers(counts, dispersion, centre)

    @property
    def selected(self) -> int:
        """The participant under the cursor, or that was there before all were filtered out."""
        return self.lines.selected

    def sort_by_next(self) -> None:
        """Sort by the next column."""
        self.lines.sort_by((self.lines.by + 1) % len(self.lines.columns))

    def turn_round(self) -> None:
        """Sort the other way round."""
        self.lines.sort_by(self.lines.by)

    def begin_filter(self) -> None:
        """Show the field, and put the cursor into it."""
        self.add_class("-filtered")
        self._line.focus()

    @on(Line.Changed)
    def _filter(self, event: Line.Changed) -> None:
        event.stop()
        self.lines.filter(event.value)

    @on(Line.Submitted)
    def _leave_line(self, event: Line.Submitted) -> None:
        event.stop()
        self.lines.focus()

    def action_show_all(self) -> None:
        """Filter no more."""
        if self._line.has_focus:
            self.lines.focus()
        self.remove_class("-filtered")
        self._line.value = ""
        self.lines.filter("")

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Take the key only while there is a filter to leave; a notice goes first."""
        notice = getattr(self.app, "notice", "")
        return action != "show_all" or (self.has_class("-filtered") and not notice)

    @on(Rows.Moved)
    def _tell(self, event: Rows.Moved) -> None:
        event.stop()
        self.post_message(self.Selected(self.selected))

    def on_headings_pressed(self, event: Headings.Pressed) -> None:
        """Sort by a column, or the other way round."""
        self.lines.sort_by_place(event.x)


class Headings(Words):
    """The line of headings, which is clicked on."""

    DEFAULT_CLASSES = "headings"
    ALLOW_SELECT = False

    @dataclass(eq=False)
    class Pressed(Message):
        """A place of the line was clicked on."""

        x: int

    def on_click(self, event: events.Click) -> None:
        """Tell where."""
        self.post_message(self.Pressed(event.x))


class _Lines(Rows):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home,g", "move(-1000000)", "first participant", id="crowd.first", show=False),
        Binding("end,G", "move(1000000)", "last participant", id="crowd.last", show=False),
    ]

    def __init__(self, headings: Headings) -> None:
        super().__init__("no participant has these words; esc shows all")
        self._headings = headings
        self._names: Sequence[str] = ()
        self._models: Sequence[str] = ()
        self._grouping = NO_CROWD
        self._words: Sequence[str] = ()
        self._responses = 1
        self._numbers: tuple[Ints, Floats, Floats] = (np.zeros(0, int), np.zeros(0), np.zeros(0))
        self._filtered = ""
        self._shown: list[int] = []
        self._name_width = _NAME
        self.by, self._falling = 0, False
        self.columns: list[Column] = []
        self._drawn: list[Column] = []
        self.selected = 0

    # What is shown

    def show_cast(self, cast: Sequence[Participant], grouping: Grouping, responses: int) -> None:
        self._names = [who.name for who in cast]
        self._models = [who.model for who in cast]
        nothing = np.full(len(cast), np.nan)
        self._numbers = (np.zeros(len(cast), dtype=np.int64), nothing, nothing)
        self._responses = responses
        self.by, self._falling, self.selected = 0, False, 0
        self.show_grouping(grouping)

    def show_grouping(self, grouping: Grouping) -> None:
        self._grouping = grouping
        groups = [grouping.names[place] for place in grouping.of]
        self._words = [
            " ".join((f"{number}", name, model, group)).casefold()
            for number, (name, model, group) in enumerate(
                zip(self._names, self._models, groups, strict=True), start=1
            )
        ]
        # In order of importance: what doesn't fit is left out from the end.
        self.columns = [
            Column("#", 4, lambda i: f"{i + 1}", lambda: range(len(self._names))),
            Column("name", _NAME, lambda i: self._names[i], lambda: _folded(self._names)),
            Column("centre", 6, lambda i: _number(self._numbers[2][i]), lambda: self._numbers[2]),
            Column("answers", 7, self._answers, lambda: self._numbers[0]),
            Column("S", 6, lambda i: _number(self._numbers[1][i]), lambda: self._numbers[1]),
            Column("model", 20, lambda i: self._models[i], lambda: _folded(self._models)),
        ]
        if grouping.by not in ("", "model"):
            self.columns.append(
                Column(grouping.by, 16, lambda i: groups[i], lambda: self._grouping.of)
            )
        self.by = min(self.by, len(self.columns) - 1)
        self._lay_out()
        self._sort()

    def show_numbers(self, counts: Ints, dispersion: Floats, centre: Floats) -> None:
        self._numbers = (counts, dispersion, centre)
        self._sort()

    def sort_by(self, column: int) -> None:
        """Sort by a column, or by the same one the other way round."""
        self._falling = not self._falling if column == self.by else False
        self.by = column
        self._lay_out()
        self._sort()

    def sort_by_place(self, x: int) -> None:
        """Sort by the column that a place of the headings is in."""
        end = 2
        for column in self._drawn:
            end += self._width(column) + 2
            if x < end:
                self.sort_by(self.columns.index(column))
                return

    def filter(self, words: str) -> None:
        """Show those only that have all words somewhere."""
        self._filtered = words.casefold()
        self._sort()

    def _sort(self) -> None:
        """Put the lines in order; equal ones keep the experiment's, and NaN comes last."""
        values = self.columns[self.by].values() if self.columns else ()
        keys = np.asarray(values)
        order = np.argsort(-_ranks(keys) if self._falling else _ranks(keys), kind="stable")
        if keys.dtype.kind == "f":
            gone = np.isnan(keys[order])
            order = np.concatenate([order[~gone], order[gone]])
        wanted = self._filtered.split()
        self._shown = [i for i in order.tolist() if all(word in self._words[i] for word in wanted)]
        places = {i: row for row, i in enumerate(self._shown)}
        if self._shown and self.selected not in places:
            self.selected = self._shown[0]
            self.post_message(self.Moved(self))
        self.fill(len(self._shown), places.get(self.selected, 0))

    def action_move(self, rows: int) -> None:
        """Select the participant that the cursor comes to."""
        old = self.cursor
        super().action_move(rows)
        if self.cursor != old:
            self.selected = self._shown[self.cursor]

    # Painting

    def on_resize(self, _: events.Resize) -> None:
        """Choose the columns that there is room for."""
        self._lay_out()

    def _lay_out(self) -> None:
        left = self.size.width - 3
        self._drawn = []
        for column in self.columns:
            if column.width + 2 > left:
                break
            self._drawn.append(column)
            left -= column.width + 2
        self._name_width = _NAME + max(left, 0)
        heads = [self._cell(column, column.heading + self._sign(column)) for column in self._drawn]
        self._headings.put(Content("  " + "".join(heads)))
        self.refresh()

    def _sign(self, column: Column) -> str:
        if column is not self.columns[self.by]:
            return ""
        return "▼" if self._falling else "▲"

    def _width(self, column: Column) -> int:
        return self._name_width if column.heading == "name" else column.width

    def _cell(self, column: Column, text: str) -> str:
        width = self._width(column)
        if column.heading in ("#", "centre", "answers", "S"):
            return f"{text:>{width}}  "
        return f"{padded(text, width)}  "

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line."""
        del width
        i = self._shown[row]
        group = self._grouping.of[i]
        yield Segment(f"{marker(group)} ", self.series_ink(group))
        cells = [self._cell(column, column.text(i)) for column in self._drawn]
        yield Segment("".join(cells), self.ink())

    def _answers(self, i: int) -> str:
        return f"{self._numbers[0][i]}/{self._responses}"


def _ranks(keys: np.ndarray) -> Floats | Ints:
    """Return numbers in the order of the keys, equal for equal ones."""
    return np.unique(keys, return_inverse=True)[1]


def _folded(words: Sequence[str]) -> list[str]:
    return [word.casefold() for word in words]


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"[:6]
