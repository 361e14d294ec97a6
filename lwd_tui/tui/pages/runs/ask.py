"""A line of text, asked for."""

from __future__ import annotations

from textual.app import ComposeResult

from lwd_tui.text import clean_line
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.line import Line


class AskLine(Dialog[str]):
    """Gives back what was written, without blanks around it.

    Parameters
    ----------
    title, how, done : str
        See `Dialog`.
    text : str
        To begin with.
    complaint : str
        What was wrong with that; "" at first.
    """

    AUTO_FOCUS = "Line"

    def __init__(
        self, title: str, how: str, done: str, text: str = "", complaint: str = ""
    ) -> None:
        super().__init__(title, how, done)
        self._text = text
        self._complaint = complaint

    def compose_fields(self) -> ComposeResult:
        """Yield the field."""
        yield Line(clean_line(self._text), compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Say what was wrong."""
        self.complain(self._complaint)

    def answer(self) -> str:
        """Return what was written."""
        return self.query_one(Line).value.strip()
