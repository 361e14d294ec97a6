"""What a participant read before it answered: the posts of its draw, and the exact prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import on
from textual.content import Content
from textual.message import Message

from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.passage import Passage, capped
from lwd_tui.tui.parts.posts import Posts, post_to_read
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.parts.words import Words
from lwd_tui.types import Post, Prompt


class Reading(Panel):
    """The posts, the whole text of the one under the cursor, and the prompt, folded."""

    DEFAULT_CSS = """
    Reading {
        & > .text { height: auto; max-height: 14; border-top: solid $line; }
        & > .text.-none { display: none; }
        & > .fold { height: 1; color: $quiet; text-wrap: nowrap; text-overflow: ellipsis; }
        & > #prompt { display: none; height: 2fr; }
        &.-unfolded > #prompt { display: block; }
        &.-unfolded > .text { display: none; }
    }
    """

    @dataclass(eq=False)
    class Followed(Message):
        """A post is to be followed to those who read it."""

        post: Post

    def __init__(self, *, id: str | None = None) -> None:
        self._posts = Posts("nothing: no run yet, or too little to draw from", id="posts")
        self._text = Words(classes="text")
        self._fold = Words(classes="fold")
        self._prompt = Passage(id="prompt")
        super().__init__(self._posts, self._text, self._fold, self._prompt, id=id)
        self._authors: Mapping[str, int] = {}
        self._t = 0

    def show_posts(
        self, posts: Sequence[Post], authors: Mapping[str, int], t: int, title: str
    ) -> None:
        """Show what was read at step t; the prompt that was shown is taken away."""
        self._authors, self._t = authors, t
        self.head(title, "number: its age in steps" if posts else "")
        self._posts.show_posts(posts, authors, t)
        self._show_text()
        self._fold.put(Content(f"{'▾' if self.unfolded else '▸'} the exact prompt  e"))

    def show_prompt(self, prompt: Prompt) -> None:
        """Show the exact prompt."""
        parts: list[Content] = []
        for message in prompt.messages:
            if prompt.style == "chat":
                parts.append(Content.styled(message.role, "bold $primary"))
            parts.append(Content(f"{capped(message.content)}\n"))
        self._prompt.put(Content("\n").join(parts))
        length = sum(len(message.content) for message in prompt.messages)
        self._fold.put(Content(f"▾ the exact prompt  e · {prompt.style}, {length:,} characters"))

    @property
    def unfolded(self) -> bool:
        """Whether the prompt is to be seen."""
        return self.has_class("-unfolded")

    def unfold(self, unfolded: bool) -> None:
        """Show or hide the prompt."""
        self.set_class(unfolded, "-unfolded")
        self._fold.put(Content(f"{'▾' if unfolded else '▸'} the exact prompt  e"))

    @property
    def chosen(self) -> Post | None:
        """The post under the cursor."""
        return self._posts.chosen

    def point(self, post_id: int) -> None:
        """Put the cursor on a post."""
        self._posts.point(post_id)
        self._show_text()

    @on(Rows.Moved)
    def _show_text(self) -> None:
        post = self.chosen
        self._text.set_class(post is None, "-none")
        if post is not None:
            self._text.put(post_to_read(post, self._authors, self._t))

    @on(Rows.Chosen)
    def _follow(self, event: Rows.Chosen) -> None:
        event.stop()
        if self.chosen is not None:
            self.post_message(self.Followed(self.chosen))
