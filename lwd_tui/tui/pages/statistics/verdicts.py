"""What the statistics say, in sentences: of the viewed step, and of the run."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.text import shorten
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.steady import SteadyDown
from lwd_tui.tui.parts.words import Words

_SUBJECT, _SENTENCE = 60, 1_000


class Verdicts(Panel):
    """Subjects, each with its sentence; they scroll where there is no room."""

    DEFAULT_CSS = "Verdicts Words { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._words = Words()

    def compose(self) -> ComposeResult:
        """Yield the sentences."""
        with SteadyDown():
            yield self._words

    def show_verdicts(self, said: Sequence[tuple[str, str]]) -> None:
        """Show subjects and sentences; not cleaned."""
        self._words.put(
            Content("\n").join(
                Content.assemble(
                    (f"{shorten(subject, _SUBJECT)}  ", "bold $primary"),
                    shorten(sentence, _SENTENCE),
                )
                for subject, sentence in said
            )
        )
