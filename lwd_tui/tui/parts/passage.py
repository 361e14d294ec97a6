"""A long text to scroll through."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from lwd_tui.text import clean
from lwd_tui.tui.parts.steady import SteadyDown
from lwd_tui.tui.parts.words import Words

LONGEST = 20_000
"""Characters that are shown of one text; longer ones hold the screen up. The file keeps all."""


class Passage(SteadyDown, inherit_bindings=False):
    """Shows content, and scrolls it by keys; home and end are left to go through the steps."""

    DEFAULT_CSS = """
    Passage { height: 1fr; }
    Passage Words { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "scroll down", id="passage.down", show=False),
        Binding("up,k", "scroll_up", "scroll up", id="passage.up", show=False),
        Binding("pagedown,ctrl+d", "page_down", "page down", id="passage.pagedown", show=False),
        Binding("pageup,ctrl+u", "page_up", "page up", id="passage.pageup", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        self._words = Words()
        super().__init__(self._words, id=id)

    def put(self, content: Content, *, stay: bool = False) -> None:
        """Show other content from its beginning, or where we are in the old one if told to stay.

        See `capped` for texts that may be long.
        """
        self._words.put(content)
        if not stay:
            self.scroll_home(animate=False)


def capped(text: str) -> str:
    """Return a text as it may be shown, cut where it is too long for the screen, and says so."""
    if len(text) <= LONGEST:
        return clean(text)
    return f"{clean(text[:LONGEST])} …\n[the first {LONGEST:,} of {len(text):,} characters]"
