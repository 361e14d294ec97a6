"""The foot of the set-up: what the run costs, or what is wrong, in one sentence."""

from __future__ import annotations

from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Button

from lwd_tui.text import shorten
from lwd_tui.tui.parts.few_rows import FewRows

_LONGEST = 600


class CostLine(Horizontal):
    """A sentence, and the button that begins the run."""

    DEFAULT_CSS = """
    CostLine {
        height: auto; max-height: 5; padding: 0 1;
        border-top: solid $line;
        Words { width: 1fr; height: auto; }
        Button { min-width: 13; margin-left: 2; }
    }
    """

    class WrongChosen(Message):
        """What is wrong was clicked."""

    def __init__(self) -> None:
        self._sentence = FewRows(4)
        self._button = Button("begin (b)", id="begin", compact=True, variant="primary")
        super().__init__(self._sentence, self._button)
        self._wrong = False

    def show_cost(self, sentence: str, strain: str = "") -> None:
        """Say what the run costs, and what may go wrong all the same."""
        self._wrong = False
        self._button.disabled = False
        parts = [Content(shorten(sentence, _LONGEST))]
        if strain:
            parts.append(Content.styled(f"  ! {shorten(strain, _LONGEST)}", "$warning"))
        self._sentence.put(Content("").join(parts))

    def show_wrong(self, complaint: str) -> None:
        """Say what is wrong."""
        self._wrong = True
        self._button.disabled = True
        self._sentence.put(Content.styled(f"! {shorten(complaint, _LONGEST)}", "bold $error"))

    def on_click(self) -> None:
        """Ask to be led to what is wrong."""
        if self._wrong:
            self.post_message(self.WrongChosen())
