"""A field for one line of text, safe against what is pasted into it."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from lwd_tui.text import clean_line

LONGEST = 2_000


class Line(Input):
    """Cleans what is pasted: a terminal obeys the escape sequences that Input passes on."""

    def on_paste(self, event: events.Paste) -> None:
        """Take the cleaned text in place of the pasted one."""
        event.prevent_default()
        event.stop()
        self.replace(clean_line(event.text[:LONGEST]), *self.selection)
