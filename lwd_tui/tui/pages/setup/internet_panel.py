"""The query, and the posts that the Internet begins with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from rich.segment import Segment
from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea

from lwd_tui.experiment.draft import Draft
from lwd_tui.experiment.files import read_posts
from lwd_tui.experiment.llm import Experiment, SeedPost
from lwd_tui.text import clean, shorten
from lwd_tui.tui.pages.setup.draft_panel import DraftPanel, EditedRows
from lwd_tui.tui.pages.setup.post_dialogs import EditSeed, ImportPosts, PastePosts
from lwd_tui.tui.parts.choice import Choice
from lwd_tui.tui.parts.dialog import ask_until_done
from lwd_tui.tui.parts.editor import LONGEST, Editor
from lwd_tui.tui.parts.excerpt import excerpt, padded
from lwd_tui.tui.parts.few_rows import FewRows
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.parts.words import Words

_LABEL = 10
_WHOLE = 1_000
_KEYS = "a add  v paste  i import  e edit  d delete"
_QUERY = "q, the query that is asked at every step"
_QUERIES = "q, {} queries between lines of ---; answers to the first are posted"
_PARTED = "\n---\n"
_PART = re.compile(r"^---[ \t]*$", re.MULTILINE)
"""A line that parts queries from each other."""
_KINDS = {"posts": "at t = 0", "reserve": "in reserve"}


class Seeds(EditedRows):
    """One line a post: its number, its label or author, and how it begins."""

    def __init__(self) -> None:
        super().__init__("no posts: a writes one, v pastes many, i imports a file")
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
            mark = padded(post.label or post.author, self._column)
            yield Segment(f"{mark} ", self.ink("accent" if post.label else "quiet"))
            used += self._column + 1
        yield Segment(excerpt(post.text, max(width - used, 1)), self.ink())


class InternetPanel(DraftPanel):
    """The query above, the posts under it: those of A(0), or those in reserve."""

    DEFAULT_CSS = """
    InternetPanel #query { height: 3; border: none; padding: 0; background: $panel; }
    InternetPanel #query-label { height: 1; color: $quiet; }
    InternetPanel #kind { margin: 1 0 0 0; }
    InternetPanel #whole { display: none; margin-top: 1; color: $quiet; }
    .-wide InternetPanel #whole { display: block; }
    """

    @dataclass(eq=False)
    class Told(Message):
        """Something is worth knowing, or could not be done."""

        sentence: str

    def __init__(self, draft: Draft, *, id: str) -> None:
        self._label = Words(id="query-label")
        self._query = Editor(id="query")
        self._kind = Choice(tuple(_KINDS.values()), _KINDS["posts"], id="kind")
        self._list = Seeds()
        self._whole = FewRows(10, id="whole")
        parts = (self._label, self._query, self._kind, self._list, self._whole)
        super().__init__(draft, *parts, id=id)
        self._shown_query = ""

    def show_draft(self) -> None:
        """Show query and posts."""
        asked = self.draft.get("query")
        query = str(asked) if isinstance(asked, str) else _PARTED.join(map(str, asked))
        if clean(query[:LONGEST]) != self._query.text:
            self._shown_query = clean(query[:LONGEST])
            self._query.read_only = len(query) > LONGEST
            self._query.load_text(self._shown_query)
        self._list.show_posts(self.draft.posts(self._chosen))
        self._show_whole()

    @on(Rows.Moved)
    def _show_whole(self) -> None:
        """Show the whole post under the cursor, where there is room."""
        posts = self.draft.posts(self._chosen)
        text = shorten(posts[self._list.cursor].text[:_WHOLE], _WHOLE) if posts else ""
        self._whole.put(Content(text))

    def show_draws(self, experiment: Experiment | None) -> None:
        """Show how many posts there are, and how many of them are read first and last."""
        count, reserve = len(self.draft.posts("posts")), len(self.draft.posts("reserve"))
        parts = [f"|A(0)| = {count}"]
        if experiment is not None:
            # Before it is known who takes part, nobody knows how many posts there will be.
            times = (0, experiment.steps) if experiment.cast else (0,)
            parts += [f"k_{t} = {experiment.draw_size(experiment.size(t))}" for t in times]
        if reserve:
            parts.append(f"{reserve} in reserve")
        self.head(f"the Internet · {' · '.join(parts)}", _KEYS)

    def mark(self, field: str) -> None:
        """Mark the query, or the posts."""
        wrong, asked = field.startswith("query"), self.draft.get("query")
        said = _QUERY if isinstance(asked, str) else _QUERIES.format(len(asked))
        words = (f"! {said}", "bold $error") if wrong else (said, "$quiet")
        self._label.put(Content.assemble(words))

    def reach(self, field: str) -> bool:
        """Go to the query or to the posts."""
        if field.startswith("query"):
            self._query.focus()
        elif field.startswith(("posts", "reserve")) and field != "posts_each":
            self._list.focus()
        else:
            return False
        return True

    @property
    def _chosen(self) -> str:
        return next(kind for kind, words in _KINDS.items() if words == self._kind.chosen)

    # What is done

    def undo(self) -> None:
        """Undo the last change of posts."""
        if self.draft.undo_posts():
            self.edited()

    @work(exclusive=True, group="posts")
    async def paste(self) -> None:
        """Add many posts, one a line."""
        self._add(await self.app.push_screen_wait(PastePosts()))

    @work(exclusive=True, group="posts")
    async def import_file(self) -> None:
        """Add the posts of a file."""

        async def read(chosen: tuple[Path, str]) -> None:
            told: list[str] = []
            self._add(await asyncio.to_thread(read_posts, *chosen, told.append))
            if told:
                self.post_message(self.Told(told[-1]))

        await ask_until_done(self.app, ImportPosts, None, read)

    def _add(self, posts: tuple[SeedPost, ...] | None) -> None:
        if posts:
            before = self.draft.posts(self._chosen)
            self.draft.put_posts(self._chosen, (*before, *posts))
            self.edited()
            self._list.cursor = len(before)

    @on(EditedRows.Asked)
    def _do(self, event: EditedRows.Asked) -> None:
        event.stop()
        row, posts = event.row, self.draft.posts(self._chosen)
        match event.verb:
            case "add":
                self._edit(len(posts))
            case _ if row >= len(posts):
                return
            case "copy":
                self._put(row + 1, row + 1, (posts[row],))
            case "delete":
                self._put(row, row + 1, ())
            case "edit":
                self._edit(row)

    @work(exclusive=True, group="posts")
    async def _edit(self, row: int) -> None:
        posts = self.draft.posts(self._chosen)
        old = posts[row] if row < len(posts) else None
        new = await self.app.push_screen_wait(EditSeed(old))
        if new is not None and new != old:
            self._put(row, row + 1, (new,))

    def _put(self, start: int, stop: int, new: tuple[SeedPost, ...]) -> None:
        posts = self.draft.posts(self._chosen)
        self.draft.put_posts(self._chosen, (*posts[:start], *new, *posts[stop:]))
        self.edited()
        self._list.cursor = start

    @on(Choice.Changed, "#kind")
    def _turn(self, event: Choice.Changed) -> None:
        event.stop()
        self.show_draft()

    @on(TextArea.Changed, "#query")
    def _take_query(self, event: TextArea.Changed) -> None:
        event.stop()
        text = event.text_area.text
        if text != self._shown_query:
            self._shown_query = text
            texts = [part.strip("\n") for part in _PART.split(text)]
            self.draft.set("query", texts if len(texts) > 1 else text)
            self.post_message(self.Edited())
