"""A sentence that the user must see, in place, until it is dismissed or another follows."""

from __future__ import annotations

from textual.content import Content

from lwd_tui.text import shorten
from lwd_tui.tui.parts.words import Words

_LONGEST = 600


class Notice(Words):
    """Takes room only while there is something to say."""

    DEFAULT_CSS = """
    Notice {
        height: auto;
        max-height: 4;
        padding: 0 1;
        background: $panel;
        color: $warning;
        display: none;
    }
    """
    ALLOW_SELECT = True

    def __init__(self) -> None:
        super().__init__()
        self._sentence = ""

    def show(self, sentence: str) -> None:
        """Show a sentence; "" takes the notice away."""
        if sentence == self._sentence:
            return
        self._sentence = sentence
        self.display = bool(sentence)
        words = shorten(sentence, _LONGEST, lines=True)
        self.put(Content.assemble(f"! {words}", ("  esc", "$quiet")) if words else Content())
