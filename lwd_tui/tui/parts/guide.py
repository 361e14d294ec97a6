"""What a demonstration says at its stop: over the key bar of every page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from lwd_tui.text import clean_line
from lwd_tui.tui.parts.few_rows import FewRows

if TYPE_CHECKING:
    from lwd_tui.lessons.lesson import Lesson


class Told(NamedTuple):
    """A demonstration, and the place of the stop that it is at."""

    lesson: Lesson
    place: int


class Guide(FewRows):
    """Takes room only while a demonstration is played."""

    DEFAULT_CSS = """
    Guide {
        padding: 0 1; background: $panel; display: none;
        border-top: solid $primary;
    }
    """
    ALLOW_SELECT = True

    def __init__(self) -> None:
        super().__init__(8)
        self._shown: Told | None = None

    def show(self, told: Told | None) -> None:
        """Show a stop of a demonstration; None takes the guide away."""
        if told == self._shown:
            return
        self._shown = told
        self.display = told is not None
        if told is None:
            self.put(Content())
            return
        lesson, place = told
        stop = lesson.stops[place]
        last = place == len(lesson.stops) - 1
        keys = "( back  Y live  X leave" if last else ") next  ( back  X leave"
        head = f"{clean_line(lesson.title)}  {place + 1}/{len(lesson.stops)}"
        parts: list[Content] = [
            Content.assemble((head, "bold $primary"), (f"   {keys}", "$quiet")),
            Content(clean_line(stop.say)),
        ]
        if stop.ask:
            parts.append(Content.assemble(("? ", "bold $warning"), clean_line(stop.ask)))
        if stop.press:
            parts.append(Content.assemble(("→ ", "bold $primary"), clean_line(stop.press)))
        self.put(Content("\n").join(parts))
