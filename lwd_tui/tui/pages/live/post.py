"""A post that the user puts on the Internet by hand."""

from __future__ import annotations

from textual.app import ComposeResult

from lwd_tui.errors import LwdError
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.editor import Editor

_HOW = (
    "It can be read from the next step on, and is recorded as posted by hand. "
    "Tab, then Enter, posts it."
)


class PostByHand(Dialog[str]):
    """Gives back the text of the post."""

    AUTO_FOCUS = "Editor"

    def __init__(self) -> None:
        super().__init__("post by hand", _HOW, "post it")

    def compose_fields(self) -> ComposeResult:
        """Yield the field."""
        yield Editor()

    def answer(self) -> str:
        """Return the text, unless nothing is written."""
        if not (text := self.query_one(Editor).text).strip():
            raise LwdError("nothing is written yet: a post can't be blank")
        return text
