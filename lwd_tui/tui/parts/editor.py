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

    It begins with a text, not cleaned; one that is too long is shown in part, not to be edited.

    Attributes
    ----------
    longest : int
        Characters in all.
    """

    longest: ClassVar[int] = LONGEST

    def __init__(self, given: str = "", *, id: str | None = None) -> None:
        self._given, self._shown = given, clean(given[:LONGEST])
        super().__init__(self._shown, read_only=len(given) > LONGEST, id=id)

    @property
    def written(self) -> str:
        """What was given, exactly as it was, unless it was edited."""
        return self._given if self.text == self._shown else self.text

    def on_paste(self, event: events.Paste) -> None:
        """Take the cleaned text in place of the pasted one."""
        event.prevent_default()
        event.stop()
        if self.read_only:
            return
        text = clean(event.text)
        room = max(self.longest - len(self.text), 0)
        if len(text) > room:
            self.border_subtitle = f"pasted only in part: {self.longest:,} characters at most"
        self.replace(text[:room], *self.selection, maintain_selection_offset=False)
