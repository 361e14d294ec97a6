"""A sentence that the user must see, in place, until it is dismissed or another follows."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from lwd_tui.text import shorten

_LONGEST = 600


class Notice(Static):
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
        super().__init__(markup=False)
        self._sentence = ""

    def show(self, sentence: str) -> None:
        """Show a sentence; "" takes the notice away."""
        if sentence == self._sentence:
            return
        self._sentence = sentence
        self.display = bool(sentence)
        self.update(Content(f"! {shorten(sentence, _LONGEST)}") if sentence else Content())
