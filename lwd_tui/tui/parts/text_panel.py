"""A panel of one text, and numbers as such a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.content import Content
from textual.widget import Widget

from lwd_tui.glossary import GLOSSARY
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.steady import Steady, SteadyDown
from lwd_tui.tui.parts.words import Words


class TextPanel(Panel):
    """Its text scrolls where there is no room for all of it; other parts may stand beside it.

    Attributes
    ----------
    SCROLLS : type of Steady
        Which ways.
    text : Words
    """

    DEFAULT_CSS = "TextPanel Words { height: auto; }"
    SCROLLS: ClassVar[type[Steady]] = SteadyDown

    def __init__(self, *parts: Widget, id: str | None = None) -> None:
        self.text = Words()
        super().__init__(self.SCROLLS(self.text), *parts, id=id)

    def scroll_to_line(self, beginning: str) -> bool:
        """Scroll to the first line that begins so; return whether there is one to be seen."""
        row = self.text.row_of(beginning)
        if row is not None:
            self.query_one(self.SCROLLS).scroll_to(y=row, animate=False)
        return row is not None


def numbers_in_lines(values: Mapping[str, str], column: int) -> list[Content]:
    """Return a line for each number: what the glossary calls it, as wide as told, and its value."""
    return [
        Content.assemble((GLOSSARY[term].name.ljust(column), "$quiet"), (value, "bold"))
        for term, value in values.items()
    ]
