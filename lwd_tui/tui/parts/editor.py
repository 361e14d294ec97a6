"""A field for texts of several lines, safe against what is pasted into it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.widgets import TextArea

from lwd_tui.text import clean

LONGEST = 20_000
"""Characters; longer lines freeze the field."""


class Editor(TextArea):
    """Cleans what is pasted: a terminal obeys the escape sequences that TextArea passes on.

    Attributes
    ----------
    longest : int
        Characters in all.
    """

    longest: ClassVar[int] = LONGEST

    def on_paste(self, event: events.Paste) -> None:
        """Take the cleaned text in place of the pasted one."""
        event.prevent_default()
        event.stop()
        text = clean(event.text)
        room = max(self.longest - len(self.text), 0)
        if len(text) > room:
            self.border_subtitle = f"pasted only in part: {self.longest:,} characters at most"
        self.replace(text[:room], *self.selection, maintain_selection_offset=False)
