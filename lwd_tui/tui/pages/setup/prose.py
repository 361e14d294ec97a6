"""A text of several lines, edited."""

from __future__ import annotations

from textual.app import ComposeResult

from lwd_tui.errors import LwdError
from lwd_tui.text import clean
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.editor import LONGEST, Editor


class EditProse(Dialog[str]):
    """Gives back the edited text.

    Parameters
    ----------
    title : str
    text : str
        Not cleaned; it stays as it is unless it is edited.
    """

    AUTO_FOCUS = "Editor"

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title, "Tab, then Enter, keeps it.", "keep it")
        self._text = text
        self._shown = clean(text[:LONGEST])

    def compose_fields(self) -> ComposeResult:
        """Yield the field."""
        yield Editor(
            self._shown,
            soft_wrap=True,
            tab_behavior="focus",
            read_only=len(self._text) > LONGEST,
        )

    def on_mount(self) -> None:
        """Say why a long text can't be edited."""
        if len(self._text) > LONGEST:
            self.complain(f"it has {len(self._text):,} characters, too many to be edited here")

    def answer(self) -> str:
        """Return the text."""
        text = self.query_one(Editor).text
        if len(self._text) > LONGEST and text != self._shown:
            raise LwdError("too long to be edited here")
        return self._text if text == self._shown else text
