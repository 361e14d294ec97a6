"""The way to an answer: the tree of all answers, or a search through all texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from lwd_tui.palette import marker
from lwd_tui.tui.pages.inspect.outline import Outline
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.posts import ORIGINS, author_sign
from lwd_tui.tui.parts.rows import Items, Rows
from lwd_tui.tui.theme import series
from lwd_tui.types import Post, Response

Hit = Post | Response
_BEFORE = 12
"""Characters that are shown before the first word that was found."""


class Hits(Items[Hit]):
    """One line a post or answer: its t, whose it is, and the words that were searched for."""

    def __init__(self) -> None:
        super().__init__()
        self._authors: Mapping[str, int] = {}
        self._signs: Sequence[int] = ()
        self._words = re.compile("$^")

    def forget(self) -> None:
        """Show that there are no results yet."""
        self.nothing = "looking …"
        self.show_items(())

    def show_hits(self, hits: Sequence[Hit], authors: Mapping[str, int], words: str) -> None:
        """Show other results, and the words that were searched for in them.

        `authors` has the signs of all participants, in their order.
        """
        self.nothing = "nothing has these words"
        self._authors, self._signs = authors, tuple(authors.values())
        parts = sorted(map(re.escape, words.split()), key=len, reverse=True)
        self._words = re.compile("|".join(parts) or "$^", re.IGNORECASE)
        self.show_items(hits)

    def draw(self, row: int, width: int) -> list[Segment]:
        """Return the pieces of a line."""
        hit = self.items[row]
        if isinstance(hit, Post):
            sign, ink = author_sign(hit, self._authors)
            t, what = hit.step, f"{ORIGINS[hit.origin]}: "
        else:
            place = self._signs[hit.participant]
            sign, ink = marker(place), series(place).removeprefix("$")
            t, what = hit.t, f"{hit.index}  "
        head = [
            Segment(f"{t:>4} ", self.ink("quiet")),
            Segment(f"{sign} ", self.ink(ink)),
            Segment(what, self.ink("quiet")),
        ]
        room = max(width - sum(piece.cell_length for piece in head), 1)
        return [*head, *self._text(hit.text, room)]

    def _text(self, text: str, room: int) -> list[Segment]:
        """Show the text from a little before the first word that was found."""
        found = self._words.search(text)
        if found is not None and found.end() > room:
            text = f"… {text[max(found.start() - _BEFORE, 0) :]}"
        shown, pieces, last = excerpt(text, room), [], 0
        for match in self._words.finditer(shown):
            pieces.append(Segment(shown[last : match.start()], self.ink()))
            pieces.append(Segment(match[0], self.ink("accent", bold=True)))
            last = match.end()
        return [*pieces, Segment(shown[last:], self.ink())]


class Finder(Panel):
    """A line for words over the tree; what they find takes the tree's place."""

    DEFAULT_CSS = """
    Finder > Line { height: 1; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave_search", "leave the search", id="finder.leave", show=False),
    ]

    @dataclass(eq=False)
    class Searched(Message):
        """There are other words to search for; never blank."""

        words: str

    @dataclass(eq=False)
    class Found(Message):
        """A post or answer that was found is to be looked at."""

        hit: Hit

    def __init__(self, *, id: str | None = None) -> None:
        self.outline = Outline()
        self._line = Line(placeholder="/ searches all texts", compact=True)
        self._hits = Hits()
        super().__init__(self._line, self.outline, self._hits, id=id)

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
