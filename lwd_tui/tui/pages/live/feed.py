"""The Internet: what was posted up to the viewed step, the newest first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from lwd_tui.palette import marker
from lwd_tui.text import shorten
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.posts import ORIGINS
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.types import Post

_NAME = 12


class Feed(Rows):
    """One line a post: the first t at which it can be read, whose it is, and how it begins."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "look at the post", id="feed.choose", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._posts: Sequence[Post] = ()
        self._authors: Mapping[str, int] = {}
        self._named = False

    def show_posts(
        self, posts: Sequence[Post], authors: Mapping[str, int], *, named: bool = False
    ) -> None:
        """Take another run's posts, in order of posting, so of `step` too; they may grow.

        Authors have the markers of these places, and with them their names where those of several
        are the same.
        """
        self._posts, self._authors, self._named = posts, authors, named
        self.top = 0
        self.fill(0)
        self.show_until(None)

    def show_until(self, t: int | None) -> None:
        """Show the posts that are there once step t is whole; all for None.

        Once moved, the cursor stays on its post while new ones come in above it, and so does what
        is seen.
        """
        count = len(self._posts)
        if t is not None:
            count = bisect_right(self._posts, t + 1, key=lambda post: post.step)
        if count == self.count:
            return
        newer = count - self.count
        top = self.top + newer if self.cursor or self.top else 0
        self.fill(count, self.cursor + newer if self.cursor else 0)
        self.top = top

    @property
    def chosen(self) -> Post | None:
        """The post under the cursor."""
        return self._posts[self.count - 1 - self.cursor] if self.count else None

    def draw(self, row: int, width: int) -> list[Segment]:
        """Return the pieces of a line."""
        post = self._posts[self.count - 1 - row]
        when = Segment(f"{post.step:>4} ", self.ink("quiet"))
        position = self._authors.get(post.author) if post.origin == "synthetic" else None
        if position is None:
            named = post.author if post.origin == "human" else ""
            words = named or ORIGINS[post.origin]
            who = Segment(f"{shorten(words, _NAME)}: ", self.ink("quiet"))
        else:
            name = f"{shorten(post.author, _NAME)}: " if self._named else ""
            who = Segment(f"{marker(position)} {name}", self.series_ink(position))
        room = max(width - when.cell_length - who.cell_length, 1)
        return [when, who, Segment(excerpt(post.text, room), self.ink())]
