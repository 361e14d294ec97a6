"""A question with two answers."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button

from lwd_tui.text import shorten
from lwd_tui.tui.parts.window import Window
from lwd_tui.tui.parts.words import Words

_LONGEST = 1200


class Question(Window[bool]):
    """Asks, and gives back whether the answer was yes.

    The sentence says what there is to decide, and is not cleaned; the answers are verbs. Without
    one for yes, the answer is no.
    """

    DEFAULT_CSS = """
    Question > Vertical {
        width: 70; max-width: 94%; height: auto; max-height: 90%; padding: 1 2;
        border: round $warning; background: $panel;
    }
    Question Words { height: auto; margin-bottom: 1; }
    Question Horizontal { height: auto; align-horizontal: right; }
    Question Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "no"),
        Binding("y", "answer(True)", "yes"),
        Binding("left,h", "app.focus_previous", show=False),
        Binding("right,l", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = "#no"

    def __init__(self, sentence: str, *, yes: str, no: str) -> None:
        super().__init__()
        self._sentence = sentence
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        """Yield the sentence and two buttons."""
        with Vertical():
            yield Words(Content(shorten(self._sentence, _LONGEST, lines=True)))
            with Horizontal():
                if self._yes:
                    yield Button(Content(f"{self._yes} (y)"), id="yes", compact=True)
                yield Button(Content(f"{self._no} (n)"), id="no", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take the answer."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Take the answer."""
        self.dismiss(answer and bool(self._yes))
