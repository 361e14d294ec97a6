"""The posts that an experiment begins with, or holds in reserve, while it is set up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment

from lwd_tui.experiment.llm import SeedPost
from lwd_tui.tui.pages.setup.edited import EditedRows
from lwd_tui.tui.parts.excerpt import excerpt

_LABEL = 10


class Seeds(EditedRows):
    """One line a post: its number, its label or author, and how it begins."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("no posts: a writes one, v pastes many, i imports a file", id=id)
        self._posts: Sequence[SeedPost] = ()
        self._column = 0

    def show_posts(self, posts: Sequence[SeedPost]) -> None:
        """Show posts; the cursor stays."""
        self._posts = posts
        marks = (excerpt(post.label or post.author, _LABEL) for post in posts)
        self._column = max(map(cell_len, marks), default=0)
        self.fill(len(posts), self.cursor)

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line."""
        post = self._posts[row]
        digits = len(str(self.count))
        yield Segment(f"{row + 1:>{digits}} ", self.ink("quiet"))
        used = digits + 1
        if self._column:
            mark = excerpt(post.label or post.author, _LABEL)
            room = self._column - cell_len(mark) + 1
            yield Segment(mark + " " * room, self.ink("accent" if post.label else "quiet"))
            used += self._column + 1
        yield Segment(excerpt(post.text, max(width - used, 1)), self.ink())
