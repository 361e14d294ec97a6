"""A dialog for a text of several lines."""

from __future__ import annotations

from textual.app import ComposeResult

from lwd_tui.tui.parts.dialog import AskLine
from lwd_tui.tui.parts.editor import Editor


class AskText(AskLine):
    """Gives back a text of several lines; what isn't edited stays as it is, cleaned or not."""

    AUTO_FOCUS = "Editor"

    def compose_fields(self) -> ComposeResult:
        """Yield the field."""
        yield Editor(self._text)

    def answer(self) -> str:
        """Return what was written."""
        return self._unless_blank(self.query_one(Editor).written)
