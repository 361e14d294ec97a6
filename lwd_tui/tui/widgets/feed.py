"""The Internet: what was posted up to the viewed step, the newest first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lwd_tui.palette import COLOURS, marker
from lwd_tui.text import shorten
from lwd_tui.tui.excerpt import excerpt
from lwd_tui.types import Post

_SIGNS = {"human": "human", "injected": "by hand"}


class Feed(ScrollView, can_focus=True):
    """One line a post, drawn only where it is seen: 100,000 posts scroll as 10 do."""

    DEFAULT_CSS = """
    Feed { height: 1fr; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "older post", id="feed.down", show=False),
        Binding("up,k", "move(-1)", "newer post", id="feed.up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "page down", id="feed.pagedown", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "page up", id="feed.pageup", show=False),
        Binding("enter", "choose", "look at the post", id="feed.choose", show=False),
    ]

    cursor: reactive[int] = reactive(0)

    class Chosen(Message):
        """A post is to be looked at."""

        def __init__(self, post: Post) -> None:
            super().__init__()
            self.post = post

    def __init__(self) -> None:
        super().__init__()
        self._posts: Sequence[Post] = ()
        self._authors: Mapping[str, int] = {}
        self._count = 0

    def show_posts(self, posts: Sequence[Post], authors: Mapping[str, int]) -> None:
        """Take another run's posts.

        Parameters
        ----------
        posts : sequence of Post
            In order of posting, so of `step` too; it may grow.
        authors : mapping of str to int
            Names of the participants, and their positions.
        """
        self._posts, self._authors = posts, authors
        self.show_until(None)

    def show_until(self, t: int | None) -> None:
        """Show the posts that are there once step t is whole; all for None.

        The cursor stays on its post while new ones come in above it.
        """
        count = len(self._posts)
        if t is not None:
            count = bisect_right(self._posts, t + 1, key=lambda post: post.step)
        if count == self._count:
            return
        newer, self._count = count - self._count, count
        self.virtual_size = Size(self.size.width, count)
        if self.cursor:
            self.cursor = min(max(self.cursor + newer, 0), max(count - 1, 0))
            self.scroll_to(y=self.scroll_offset.y + newer, animate=False)
        self.refresh()

    @property
    def chosen(self) -> Post | None:
        """The post under the cursor."""
        return self._posts[self._count - 1 - self.cursor] if self._count else None

    def render_line(self, y: int) -> Strip:
        """Draw one post."""
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y
        base = self.rich_style
        if not 0 <= row < self._count or width < 8:
            return Strip.blank(width, base)
        post = self._posts[self._count - 1 - row]
        theme = self.app.theme_variables
        quiet = base + Style.parse(theme["quiet"])
        position = self._authors.get(post.author) if post.origin == "synthetic" else None
        when = Segment(f"{post.step:>4} ", quiet)
        if position is not None:
            colour = theme[f"series-{position % len(COLOURS)}"]
            who = Segment(f"{marker(position)} ", base + Style.parse(colour))
        else:
            who = Segment(f"{_SIGNS.get(post.origin, shorten(post.author, 12))}: ", quiet)
        room = width - when.cell_length - who.cell_length
        strip = Strip([when, who, Segment(excerpt(post.text, max(room, 1)), base)])
        strip = strip.adjust_cell_length(width, base)
        if row == self.cursor and self.has_focus:
            strip = strip.apply_style(Style(reverse=True))
        return strip

    def watch_cursor(self) -> None:
        """Keep the cursor in sight."""
        self.scroll_to_region(Region(0, self.cursor, self.size.width, 1), animate=False)
        self.refresh()

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(self.cursor + rows, 0), max(self._count - 1, 0))

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is seen."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_choose(self) -> None:
        """Ask to look at the post under the cursor."""
        if (post := self.chosen) is not None:
            self.post_message(self.Chosen(post))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a post; a second click chooses it."""
        row = event.y + self.scroll_offset.y
        if row < self._count:
            self.cursor = row
            if event.chain > 1:
                self.action_choose()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()
