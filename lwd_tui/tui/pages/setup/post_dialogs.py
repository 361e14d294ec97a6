"""How posts come into a draft: one is written, many are pasted, or a file of them is named."""

from __future__ import annotations

from pathlib import Path

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import TextArea

from lwd_tui.errors import LwdError
from lwd_tui.experiment.draft import check
from lwd_tui.experiment.files import user_path
from lwd_tui.experiment.llm import InvalidExperiment, SeedPost
from lwd_tui.experiment.posts import parse_posts
from lwd_tui.text import clean_line
from lwd_tui.tui.parts.dialog import Dialog, labelled
from lwd_tui.tui.parts.editor import LONGEST, Editor
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.words import Words

_FIELDS = {"file": "", "posts_column": "text"}


class EditSeed(Dialog[SeedPost]):
    """Gives back the post; what isn't edited of the one to begin with stays as it is."""

    DEFAULT_CSS = "EditSeed .label { width: 9; }"
    AUTO_FOCUS = "Editor"

    def __init__(self, post: SeedPost | None = None) -> None:
        how = "No model sees the label; it is for you. Tab goes on, Enter on a button takes it."
        super().__init__("a post" if post else "a new post", how, "keep it" if post else "add it")
        self._post = post.model_dump() if post else {"text": "", "label": "", "author": ""}
        self._shown = {name: clean_line(self._post[name][:LONGEST]) for name in ("label", "author")}

    def compose_fields(self) -> ComposeResult:
        """Yield the text, then label and author."""
        yield Editor(self._post["text"])
        for name, text in self._shown.items():
            yield labelled(name, Line(text, compact=True, select_on_focus=False, id=name))

    def answer(self) -> SeedPost:
        """Return the post, or say why it is none."""
        written = {name: self.query_one(f"#{name}", Line).value for name in self._shown}
        changed = {name: text for name, text in written.items() if text != self._shown[name]}
        changed["text"] = self.query_one(Editor).written
        found = check(SeedPost, self._post | changed)
        if found.value is None:
            raise InvalidExperiment(found.complaint)
        return found.value


class ManyLines(Editor):
    """Takes long pastes: its lines are not wrapped, so that only those in sight cost time."""

    longest = 1_000_000

    def __init__(self) -> None:
        super().__init__()
        self.soft_wrap = False

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
    PastePosts .label { width: 17; }
    """
    AUTO_FOCUS = "ManyLines"

    def __init__(self) -> None:
        how = "Paste or write one post a line; blank lines are passed over."
        super().__init__("many posts", how, "add them")

    def compose_fields(self) -> ComposeResult:
        """Yield the lines, and what all of them are labelled."""
        yield ManyLines()
        yield labelled("label them all", Line(compact=True, id="label"))

    @on(TextArea.Changed)
    def _count(self, event: TextArea.Changed) -> None:
        lines = sum(bool(line.strip()) for line in event.text_area.document.lines)
        self.query_one(".label", Words).put(Content(f"label all {lines:,}"))

    def answer(self) -> tuple[SeedPost, ...]:
        """Return the posts, or say what is wrong."""
        label = self.query_one("#label", Line).value.strip()
        posts = parse_posts(self.query_one(ManyLines).text, "the lines").posts
        return tuple(post.model_copy(update={"label": label}) for post in posts)


class ImportPosts(Dialog[tuple[Path, str]]):
    """Gives back the path, and the name of the column; "" where none was written.

    It may begin with both, and with what was wrong.
    """

    DEFAULT_CSS = "ImportPosts .label { width: 14; }"
    AUTO_FOCUS = "Line"

    def __init__(self, chosen: tuple[Path, str] | None = None, complaint: str = "") -> None:
        how = (
            "A post a line (.txt, .md), a table (.csv, .tsv, .parquet), .json, .jsonl or .toml. "
            "posts_column names the column that holds the posts, if it isn't text."
        )
        super().__init__("import posts", how, "add them", complaint)
        self._begin = chosen or ("", "")

    def compose_fields(self) -> ComposeResult:
        """Yield a field for the file and one for the column."""
        for begin, (name, usual) in zip(self._begin, _FIELDS.items(), strict=True):
            text = clean_line(str(begin))
            line = Line(text, compact=True, placeholder=usual, select_on_focus=False, id=name)
            yield labelled(name, line)

    def answer(self) -> tuple[Path, str]:
        """Return what was written, or say that there is no path."""
        path, column = (self.query_one(f"#{name}", Line).value.strip() for name in _FIELDS)
        if not path:
            raise LwdError("write the path of a file")
        return user_path(path), column
