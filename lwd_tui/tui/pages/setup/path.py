"""The path of a file, asked for."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import user_path
from lwd_tui.text import clean_line
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.line import Line


class AskPath(Dialog[Path]):
    """Gives back a path.

    Parameters
    ----------
    title, how, done : str
        See `Dialog`.
    path : str
        To begin with.
    """

    AUTO_FOCUS = "Line"

    def __init__(self, title: str, how: str, done: str, path: str = "") -> None:
        super().__init__(title, how, done)
        self._path = path

    def compose_fields(self) -> ComposeResult:
        """Yield the field."""
        yield Line(clean_line(self._path), compact=True, select_on_focus=False)

    def answer(self) -> Path:
        """Return the path that was written."""
        written = self.query_one(Line).value.strip()
        if not written:
            raise LwdError("write the path of a file")
        return user_path(written)
