"""The Internet: what was posted up to the viewed step, the newest first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from lwd_tui.palette import COLOURS, marker
from lwd_tui.text import shorten
from lwd_tui.tui.excerpt import excerpt
from lwd_tui.tui.widgets.posts import ORIGINS
from lwd_tui.types import Post

_WHEEL = 3


class Feed(Widget, can_focus=True):
    """One line a post, made only where it is seen: 100,000 posts scroll as 10 do.

    Textual's own scroll view lays the whole screen out anew when it grows, so this one keeps its
    own window.

    Attributes
    ----------
    cursor : int
        Row of the post that is marked, 0 for the newest.
    top : int
        Row that is seen first.
    """

    DEFAULT_CSS = "Feed { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "older post", id="feed.down", show=False),
        Binding("up,k", "move(-1)", "newer post", id="feed.up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "page down", id="feed.pagedown", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "page up", id="feed.pageup", show=False),
        Binding("enter", "choose", "look at the post", id="feed.choose", show=False),
    ]

    cursor: reactive[int] = reactive(0)
    top: reactive[int] = reactive(0)

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
        self._posts, self._authors, self._count = posts, authors, 0
        self.cursor = self.top = 0
        self.show_until(None)

    def show_until(self, t: int | None) -> None:
        """Show the posts that are there once step t is whole; all for None.

        Once moved, the cursor stays on its post while new ones come in above it.
        """
        count = len(self._posts)
        if t is not None:
            count = bisect_right(self._posts, t + 1, key=lambda post: post.step)
        if count == self._count:
            return
        newer, self._count = count - self._count, count
        if self.cursor:
            self.top += newer
            self.cursor += newer
        self.refresh()

    @property
    def chosen(self) -> Post | None:
        """The post under the cursor."""
        return self._posts[self._count - 1 - self.cursor] if self._count else None

    # Painting

    def render_line(self, y: int) -> Strip:
        """Make the line of one post."""
        width, base = self.size.width, self.rich_style
        row = y + self.top
        if row >= self._count or width < 8:
            return Strip.blank(width, base)
        post = self._posts[self._count - 1 - row]
        theme = self.app.theme_variables
        quiet = base + Style.parse(theme["quiet"])
        when = Segment(f"{post.step:>4} ", quiet)
        position = self._authors.get(post.author) if post.origin == "synthetic" else None
        if position is None:
            named = post.author if post.origin == "human" else ""
            words = named or ORIGINS[post.origin]
            who = Segment(f"{shorten(words, 12)}: ", quiet)
        else:
            colour = theme[f"series-{position % len(COLOURS)}"]
            who = Segment(f"{marker(position)} ", base + Style.parse(colour))
        room = max(width - 1 - when.cell_length - who.cell_length, 1)
        line = Strip([when, who, Segment(excerpt(post.text, room), base)])
        line = line.adjust_cell_length(width - 1, base)
        if row == self.cursor and self.has_focus:
            line = line.apply_style(Style(reverse=True))
        return Strip([*line, Segment("▐" if self._is_thumb(y) else " ", quiet)])

    def _is_thumb(self, y: int) -> bool:
        """Say whether the mark of what part is seen stands beside a line."""
        height = self.size.height
        if self._count <= height:
            return False
        first = self.top * height // self._count
        return first <= y <= first + height * height // self._count

    # Moving

    def validate_cursor(self, row: int) -> int:
        """Keep the cursor on a post."""
        return min(max(row, 0), max(self._count - 1, 0))

    def validate_top(self, row: int) -> int:
        """Keep the window on the posts."""
        return min(max(row, 0), max(self._count - self.size.height, 0))

    def watch_cursor(self, row: int) -> None:
        """Keep the cursor in sight."""
        self.top = min(max(self.top, row - self.size.height + 1), row)

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self.cursor += rows

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is seen."""
        self.cursor += pages * max(self.size.height - 1, 1)

    def action_choose(self) -> None:
        """Ask to look at the post under the cursor."""
        if (post := self.chosen) is not None:
            self.post_message(self.Chosen(post))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Show older posts."""
        event.stop()
        self.top += _WHEEL

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Show newer posts."""
        event.stop()
        self.top -= _WHEEL

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a post, which a second click chooses; or jump along the edge."""
        if event.x == self.size.width - 1:
            self.top = event.y * self._count // max(self.size.height, 1)
        elif event.y + self.top < self._count:
            self.cursor = event.y + self.top
            if event.chain > 1:
                self.action_choose()
