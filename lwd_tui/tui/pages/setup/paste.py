"""Many posts at once, one a line."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import TextArea

from lwd_tui.experiment.llm import SeedPost
from lwd_tui.experiment.posts import parse_posts
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.editor import LONGEST, Editor
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.words import Words


class ManyLines(Editor):
    """Takes long pastes: its lines are not wrapped, so that only those in sight cost time."""

    longest = 1_000_000

    def on_paste(self, event: events.Paste) -> None:
        """Refuse a line that would hold the screen up."""
        longest = max(map(len, event.text.splitlines()), default=0)
        if longest > LONGEST:
            event.prevent_default()
            event.stop()
            self.border_subtitle = f"not pasted: a line has {longest:,} characters; import a file"


class PastePosts(Dialog[tuple[SeedPost, ...]]):
    """Gives back the posts."""

    DEFAULT_CSS = """
    PastePosts ManyLines { height: 12; }
    PastePosts .field { height: 1; margin-top: 1; }
    PastePosts .label { width: 17; }
    PastePosts Line { width: 1fr; }
    """
    AUTO_FOCUS = "ManyLines"

    def __init__(self) -> None:
        how = "Paste or write one post a line; blank lines are passed over."
        super().__init__("many posts", how, "add them")

    def compose_fields(self) -> ComposeResult:
        """Yield the lines, and what all of them are labelled."""
        yield ManyLines(soft_wrap=False, tab_behavior="focus")
        with Horizontal(classes="field"):
            yield Words(Content("label them all"), classes="label")
            yield Line(compact=True, id="label")

    @on(TextArea.Changed)
    def _count(self, event: TextArea.Changed) -> None:
        lines = sum(bool(line.strip()) for line in event.text_area.document.lines)
        self.query_one(".label", Words).put(Content(f"label all {lines:,}"))

    def answer(self) -> tuple[SeedPost, ...]:
        """Return the posts, or say what is wrong."""
        label = self.query_one("#label", Line).value.strip()
        posts = parse_posts(self.query_one(ManyLines).text, "the lines").posts
        return tuple(post.model_copy(update={"label": label}) for post in posts)
