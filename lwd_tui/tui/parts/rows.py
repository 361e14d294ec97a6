"""A list of lines with a cursor, made only where they are seen: 100,000 lines scroll as 10 do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from lwd_tui.palette import COLOURS

T = TypeVar("T")
_WHEEL = 3
_NARROWEST = 8
_BARS = " ▏▎▍▌▋▊▉█"


class Rows(Widget, can_focus=True):
    """The base of our lists: subclasses say in `draw` what a line is made of, and call `fill`.

    Textual's own scroll view lays the whole screen out anew when it grows, so this one keeps its
    own window.

    Parameters
    ----------
    nothing : str
        What is said where there is no line.

    Attributes
    ----------
    cursor : int
        The line that keys and clicks are about.
    top : int
        The line that is seen first.
    """

    DEFAULT_CSS = "Rows { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", id="rows.down", show=False),
        Binding("up,k", "move(-1)", "up", id="rows.up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "page down", id="rows.pagedown", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "page up", id="rows.pageup", show=False),
        Binding("enter", "choose", "choose", id="rows.choose", show=False),
    ]

    cursor: reactive[int] = reactive(0)

    @dataclass(eq=False)
    class Told(Message):
        """Something was done to a line."""

        rows: Rows

        @property
        def control(self) -> Rows:
            """The list."""
            return self.rows

    class Moved(Told):
        """The user moved the cursor."""

    class Chosen(Told):
        """The user chose the line under the cursor."""

    def __init__(self, nothing: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.nothing = nothing
        self._count = 0
        self._base = Style.null()
        # Where the window was put, and whether the cursor was in it.
        self._put = 0
        self._holds = True

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line, cleaned; what is beyond `width` cells is cut off."""
        raise NotImplementedError

    def fill(self, count: int, cursor: int = 0) -> None:
        """Show `count` lines, all of which may be new."""
        self._count = count
        self.cursor = cursor
        self._holds = True
        self.refresh()

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self._count

    # Colours

    def ink(self, name: str = "foreground", *, bold: bool = False) -> Style:
        """Return a colour of the theme, by the name of its variable, on our own ground."""
        colour = Style.parse(self.app.theme_variables[name])
        return self._base + colour + Style(bold=bold or None)

    def series_ink(self, participant: int) -> Style:
        """Return the colour of a participant."""
        return self.ink(f"series-{participant % len(COLOURS)}")

    # Painting

    def render_lines(self, crop: Region) -> list[Strip]:
        """Make the lines that are asked for."""
        # Textual works its style out from all that is around it, each time that it is asked.
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Make one line."""
        width, row, base = self.size.width, y + self.top, self._base
        if width < _NARROWEST or (row >= self._count and row):
            return Strip.blank(width, base)
        if not self._count:
            line = Strip([Segment(self.nothing, self.ink("quiet"))])
            return line.adjust_cell_length(width, base)
        line = Strip(self.draw(row, width - 1)).adjust_cell_length(width - 1, base)
        if row == self.cursor:
            if self.has_focus:
                line = Strip(map(self._under_cursor, line))
            else:
                line = line.apply_style(Style.parse(f"on {self.app.theme_variables['panel']}"))
        return Strip([*line, Segment("▐" if self._is_thumb(y) else " ", self.ink("quiet"))])

    def _under_cursor(self, piece: Segment) -> Segment:
        """Return a piece of the line as the cursor shows it: all words in one colour.

        Reversed, each colour would be a block of its own, and a bar would be gone.
        """
        if piece.text.strip() and not piece.text.strip(_BARS):
            return piece
        bold = piece.style is not None and bool(piece.style.bold)
        return Segment(piece.text, self.ink(bold=bold) + Style(reverse=True))

    def _is_thumb(self, y: int) -> bool:
        """Say whether the mark of what part is seen stands beside a line."""
        height = self.size.height
        if self._count <= height:
            return False
        first = self.top * height // self._count
        return first <= y <= first + height * height // self._count

    # Moving

    def validate_cursor(self, row: int) -> int:
        """Keep the cursor on a line."""
        return min(max(row, 0), max(self._count - 1, 0))

    @property
    def top(self) -> int:
        """Where the window was put, or as near to it as there are lines, with the cursor in it.

        So a terminal that is larger or smaller for a while leaves it where it was. A cursor that
        the wheel left behind stays out of sight.
        """
        top = self._on_lines(self._put)
        return self._on_lines(self._seen(top)) if self._holds else top

    @top.setter
    def top(self, row: int) -> None:
        self._put = self._on_lines(row)
        height = self.size.height
        self._holds = not height or self._put <= self.cursor < self._put + height
        self.refresh()

    def _on_lines(self, row: int) -> int:
        return min(max(row, 0), max(self._count - self.size.height, 0))

    def watch_cursor(self) -> None:
        """Keep the cursor in sight."""
        self.top = self._seen(self.top)

    def on_resize(self, _: events.Resize) -> None:
        """Paint what was laid out for the new size."""
        self.refresh()

    def _seen(self, top: int) -> int:
        """Return the place for the window that is nearest to `top` and shows the cursor."""
        height = self.size.height
        return min(max(top, self.cursor - height + 1), self.cursor) if height else top

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        old, self.cursor = self.cursor, self.cursor + rows
        if self.cursor != old:
            self.post_message(self.Moved(self))

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is seen."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_choose(self) -> None:
        """Choose the line under the cursor."""
        if self._count:
            self.post_message(self.Chosen(self))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Show what is below."""
        event.stop()
        self.top += _WHEEL

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Show what is above."""
        event.stop()
        self.top -= _WHEEL

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a line, which a second click chooses; or jump along the edge."""
        row = event.y + self.top
        if event.x == self.size.width - 1:
            self.top = event.y * self._count // max(self.size.height, 1)
        elif row < self._count:
            self.action_move(row - self.cursor)
            if event.chain > 1:
                self.action_choose()


class Items(Rows, Generic[T]):
    """The base of the lists whose lines stand for something each.

    Attributes
    ----------
    items : sequence of T
    """

    def __init__(self, nothing: str = "", *, id: str | None = None) -> None:
        super().__init__(nothing, id=id)
        self.items: Sequence[T] = ()

    def show_items(self, items: Sequence[T], cursor: int = 0) -> None:
        """Show a line for each, all of which may be new."""
        self.items = items
        self.fill(len(items), cursor)

    @property
    def chosen(self) -> T | None:
        """What is under the cursor."""
        return self.items[self.cursor] if self.items else None
