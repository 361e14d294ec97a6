"""One of a few words, chosen by keys or by a click: one line, where a `RadioSet` takes many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from lwd_tui.text import shorten
from lwd_tui.tui.parts.words import Words

_GAP = "   "


class Choice(Words, can_focus=True):
    """All words in a line with the chosen one marked; only that one where there is no room."""

    DEFAULT_CSS = "Choice { height: 1; }"
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,space,enter", "turn(1)", "next choice", id="choice.next", show=False),
        Binding("left,h", "turn(-1)", "choice before", id="choice.previous", show=False),
    ]

    @dataclass(eq=False)
    class Changed(Message):
        """Another word was chosen."""

        choice: Choice
        chosen: str

        @property
        def control(self) -> Choice:
            """The choice."""
            return self.choice

    def __init__(
        self,
        choices: Sequence[str],
        chosen: str,
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.choices = tuple(choices)
        self.chosen = chosen

    def show(self, chosen: str) -> None:
        """Mark another word, without telling."""
        self.chosen = chosen
        self._draw()

    def on_resize(self) -> None:
        """Fit the words to the width."""
        self._draw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show whether keys choose here."""
        super().watch_has_focus(has_focus)
        self._draw()

    def action_turn(self, places: int) -> None:
        """Choose the next word, or the one before."""
        here = self.choices.index(self.chosen) if self.chosen in self.choices else -places
        self._choose(self.choices[(here + places) % len(self.choices)])

    def on_click(self, event: events.Click) -> None:
        """Choose the word under the pointer."""
        if not self._fits:
            self.action_turn(1)
            return
        start = 0
        for word in self.choices:
            if start - 1 <= event.x <= start + len(word):
                self._choose(word)
            start += len(word) + len(_GAP)

    @property
    def _fits(self) -> bool:
        return len(_GAP.join(self.choices)) <= self.content_size.width

    def _choose(self, word: str) -> None:
        if word != self.chosen:
            self.show(word)
            self.post_message(self.Changed(self, word))

    def _draw(self) -> None:
        mark = "bold reverse" if self.has_focus else "bold underline"
        if not self._fits:
            style = "reverse" if self.has_focus else ""
            word = shorten(self.chosen, max(self.content_size.width - 4, 1))
            self.put(Content.assemble(("‹ ", "$quiet"), (word, style), (" ›", "$quiet")))
            return
        words = [
            Content.styled(word, mark if word == self.chosen else "$quiet") for word in self.choices
        ]
        self.put(Content(_GAP).join(words))
