"""Posts that were read, in the order in which they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.content import Content

from lwd_tui.palette import as_hex, as_rgb, marker, mixed
from lwd_tui.text import shorten
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.rows import Items
from lwd_tui.tui.theme import series
from lwd_tui.types import Post

ORIGINS = {"human": "human", "injected": "by hand", "noise": "noise", "synthetic": "synthetic"}
"""Where a post comes from, in words."""
_ROOM = 400
"""Cells of a post that are shown beside a list; the prompt has it whole."""


class Posts(Items[Post]):
    """One line a post: its author's marker, its age, where else it came from, and how it begins.

    Of the synthetic ones, those that have been there for longer are dimmer.
    """

    def __init__(self, nothing: str, *, id: str | None = None) -> None:
        super().__init__(nothing, id=id)
        self._authors: Mapping[str, int] = {}
        self._t = 0

    def show_posts(self, posts: Sequence[Post], authors: Mapping[str, int], t: int) -> None:
        """Show other posts as they were read at step t."""
        self._authors, self._t = authors, t
        self.show_items(posts, self.cursor if posts == self.items else 0)

    def point(self, post_id: int) -> None:
        """Put the cursor on a post, if it is there."""
        for row, post in enumerate(self.items):
            if post.id == post_id:
                self.cursor = row

    def draw(self, row: int, width: int) -> list[Segment]:
        """Return the pieces of a line."""
        post = self.items[row]
        sign, ink = author_sign(post, self._authors)
        age = "new" if post.step == self._t else f"{self._t - post.step}"
        column = max(len(f"{self._t}"), len("new"))
        pieces = [
            Segment(f"{sign} ", self.ink(ink)),
            Segment(f"{age:>{column}}  ", self.ink("quiet")),
        ]
        if post.origin != "synthetic":
            pieces.append(Segment(f"{ORIGINS[post.origin]}: ", self.ink("quiet")))
        room = max(width - sum(piece.cell_length for piece in pieces), 1)
        return [*pieces, Segment(excerpt(post.text, room), self._text_ink(post))]

    def _text_ink(self, post: Post) -> Style:
        if post.origin != "synthetic":
            return self.ink()
        theme = self.app.theme_variables
        share = (self._t - post.step) / max(self._t, 1)
        colour = mixed(as_rgb(theme["foreground"]), as_rgb(theme["quiet"]), min(share, 1.0))
        return self.rich_style + Style.parse(as_hex(colour))


def author_sign(post: Post, authors: Mapping[str, int]) -> tuple[str, str]:
    """Return the marker of a post's author, a dot if no participant wrote it, and its colour."""
    position = authors.get(post.author) if post.origin == "synthetic" else None
    if position is None:
        return "·", "quiet"
    return marker(position), series(position).removeprefix("$")


def post_in_words(post: Post, authors: Mapping[str, int], t: int) -> Content:
    """Say which post it is, whose, and how old."""
    position = authors.get(post.author) if post.origin == "synthetic" else None
    who: list[tuple[str, str]] = [(f"post {post.id}", "bold"), (" · ", "$quiet")]
    if position is not None:
        who.append((f"{marker(position)} ", series(position)))
    if post.author:
        who.append((shorten(post.author, 40), "$foreground"))
        who.append((" · ", "$quiet"))
    age = t - post.step
    since = "there from the start" if post.step == 0 else f"since t {post.step}"
    old = "" if age < 0 else ", new" if age == 0 else f", {age} step{'s' if age > 1 else ''} old"
    who.append((f"{ORIGINS[post.origin]}, {since}{old}", "$quiet"))
    if post.label:
        who.append((f" · {shorten(post.label, 30)}", "$quiet"))
    return Content.assemble(*who)


def post_to_read(post: Post, authors: Mapping[str, int], t: int) -> Content:
    """Say which post it is, and what it says, as far as there is room beside a list."""
    return Content.assemble(post_in_words(post, authors, t), "\n", excerpt(post.text, _ROOM))
