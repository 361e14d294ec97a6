"""What a search through a run found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich.segment import Segment

from lwd_tui.palette import marker
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.posts import ORIGINS, author_sign
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.theme import series
from lwd_tui.types import Post, Response

Hit = Post | Response
_BEFORE = 12
"""Characters that are shown before the first word that was found."""


class Hits(Rows):
    """One line a post or answer: its t, whose it is, and the words that were searched for."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hits: Sequence[Hit] = ()
        self._authors: Mapping[str, int] = {}
        self._words = re.compile("$^")

    def forget(self) -> None:
        """Show that there are no results yet."""
        self.nothing = "looking …"
        self._hits = ()
        self.fill(0)

    def show_hits(self, hits: Sequence[Hit], authors: Mapping[str, int], words: str) -> None:
        """Show other results.

        Parameters
        ----------
        hits : sequence of Post or Response
        authors : mapping of str to int
            Names of the participants, and their positions.
        words : str
            That were searched for.
        """
        self.nothing = "nothing has these words"
        self._hits, self._authors = hits, authors
        parts = sorted(map(re.escape, words.split()), key=len, reverse=True)
        self._words = re.compile("|".join(parts) or "$^", re.IGNORECASE)
        self.fill(len(hits))

    @property
    def chosen(self) -> Hit | None:
        """What is under the cursor."""
        return self._hits[self.cursor] if self.count else None

    def draw(self, row: int, width: int) -> list[Segment]:
        """Return the pieces of a line."""
        hit = self._hits[row]
        if isinstance(hit, Post):
            sign, ink = author_sign(hit, self._authors)
            t, what = hit.step, f"{ORIGINS[hit.origin]}: "
        else:
            sign, ink = marker(hit.participant), series(hit.participant).removeprefix("$")
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
