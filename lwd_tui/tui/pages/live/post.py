"""A post that the user puts on the Internet by hand."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button

from lwd_tui.tui.parts.editor import Editor
from lwd_tui.tui.parts.window import Window
from lwd_tui.tui.parts.words import Words

_HOW = (
    "It can be read from the next step on, and is recorded as posted by hand. "
    "Tab, then Enter, posts it."
)


class PostByHand(Window[str | None]):
    """Gives back the text of the post; None if there is to be none."""

    DEFAULT_CSS = """
    PostByHand > Vertical {
        width: 76; max-width: 96%; height: auto; max-height: 92%; padding: 1 2;
        border: round $primary; background: $panel;
    }
    PostByHand Words { height: auto; margin-bottom: 1; }
    PostByHand Editor { height: 6; margin-bottom: 1; border: round $line; }
    PostByHand Editor:focus { border: round $primary; }
    PostByHand Horizontal { height: auto; align-horizontal: right; }
    PostByHand Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it")]
    AUTO_FOCUS = "Editor"

    def compose(self) -> ComposeResult:
        """Yield the field and two buttons."""
        with Vertical() as frame:
            frame.border_title = "post by hand"
            yield Words(Content(_HOW))
            yield Editor(soft_wrap=True, tab_behavior="focus")
            with Horizontal():
                yield Button("post it", id="post", compact=True)
                yield Button("leave it (esc)", id="leave", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take the text, or leave it."""
        text = self.query_one(Editor).text
        if event.button.id == "leave":
            self.dismiss(None)
        elif text.strip():
            self.dismiss(text)
        else:
            self.query_one(Words).put(Content("Nothing is written yet: a post can't be blank."))

    def action_leave(self) -> None:
        """Leave it."""
        self.dismiss(None)
