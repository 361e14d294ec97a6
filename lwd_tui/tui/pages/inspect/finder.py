"""The way to an answer: the tree of all answers, or a search through all texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from lwd_tui.tui.pages.inspect.hits import Hit, Hits
from lwd_tui.tui.pages.inspect.outline import Outline
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.rows import Rows


class Finder(Panel):
    """A line for words over the tree; what they find takes the tree's place."""

    DEFAULT_CSS = """
    Finder > Line { height: 1; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave_search", "leave the search", id="finder.leave", show=False),
    ]

    class Searched(Message):
        """There are other words to search for; never blank."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Found(Message):
        """A post or answer that was found is to be looked at."""

        def __init__(self, hit: Hit) -> None:
            super().__init__()
            self.hit = hit

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.outline = Outline()
        self._line = Line(placeholder="/ searches all texts", compact=True)
        self._hits = Hits()

    def compose(self) -> ComposeResult:
        """Yield the line, the tree and the results."""
        yield self._line
        yield self.outline
        yield self._hits

    def on_mount(self) -> None:
        """Show the tree."""
        self.leave()

    @property
    def words(self) -> str:
        """What is searched for; "" while the tree is shown."""
        return self._line.value.strip()

    def search(self) -> None:
        """Let words be written."""
        self._line.focus()

    def leave(self) -> None:
        """Show the tree again."""
        self._line.value = ""
        self._hits.forget()
        self._show_hits(False)
        self.head("answers", "right: the norm")

    def show_hits(
        self, hits: Sequence[Hit], authors: Mapping[str, int], words: str, most: int
    ) -> None:
        """Show what was found, unless the words have changed meanwhile.

        Parameters
        ----------
        hits : sequence of Post or Response
        authors : mapping of str to int
            Names of the participants, and their positions.
        words : str
            That were searched for.
        most : int
            So many are shown at most; if there are more, it is said.
        """
        if words == self.words:
            count = f"more than {most}" if len(hits) > most else f"{len(hits)}"
            self.head(f"found {count}", "esc: back to the tree")
            self._hits.show_hits(hits[:most], authors, words)

    def _show_hits(self, shown: bool) -> None:
        self._hits.display, self.outline.display = shown, not shown

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        if self.words:
            self._show_hits(True)
            self.post_message(self.Searched(self.words))
        else:
            self.leave()

    @on(Input.Submitted)
    def _go_to_hits(self, event: Input.Submitted) -> None:
        event.stop()
        (self._hits if self.words else self.outline).focus()

    @on(Rows.Chosen, "Hits")
    def _choose(self, event: Rows.Chosen) -> None:
        event.stop()
        if self._hits.chosen is not None:
            self.post_message(self.Found(self._hits.chosen))

    def action_leave_search(self) -> None:
        """Leave the search, and go to the tree."""
        self.leave()
        self.outline.focus()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Take the key only while there is a search to leave."""
        return action != "leave_search" or bool(self.words) or self._line.has_focus
