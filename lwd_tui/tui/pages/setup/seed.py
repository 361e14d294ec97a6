"""One post of those that an experiment begins with."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from lwd_tui.experiment.draft import check
from lwd_tui.experiment.llm import InvalidExperiment, SeedPost
from lwd_tui.text import clean, clean_line
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.editor import LONGEST, Editor
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.words import Words


class EditSeed(Dialog[SeedPost]):
    """Gives back the post.

    Parameters
    ----------
    post : SeedPost, optional
        To begin with; what of it isn't edited stays as it is.
    """

    DEFAULT_CSS = """
    EditSeed .field { height: 1; margin-top: 1; }
    EditSeed .label { width: 9; }
    EditSeed Line { width: 1fr; }
    """
    AUTO_FOCUS = "Editor"

    def __init__(self, post: SeedPost | None = None) -> None:
        how = "No model sees the label; it is for you. Tab goes on, Enter on a button takes it."
        super().__init__("a post" if post else "a new post", how, "keep it" if post else "add it")
        self._post = post.model_dump() if post else {"text": "", "label": "", "author": ""}
        self._shown = {
            "text": clean(self._post["text"][:LONGEST]),
            "label": clean_line(self._post["label"][:LONGEST]),
            "author": clean_line(self._post["author"][:LONGEST]),
        }

    def compose_fields(self) -> ComposeResult:
        """Yield the text, then label and author."""
        too_long = len(self._post["text"]) > LONGEST
        yield Editor(self._shown["text"], soft_wrap=True, tab_behavior="focus", read_only=too_long)
        for name in ("label", "author"):
            with Horizontal(classes="field"):
                yield Words(Content(name), classes="label")
                yield Line(self._shown[name], compact=True, select_on_focus=False, id=name)

    def answer(self) -> SeedPost:
        """Return the post, or say why it is none."""
        written = {
            "text": self.query_one(Editor).text,
            "label": self.query_one("#label", Line).value,
            "author": self.query_one("#author", Line).value,
        }
        changed = {name: text for name, text in written.items() if text != self._shown[name]}
        found = check(SeedPost, self._post | changed)
        if found.value is None:
            raise InvalidExperiment(found.complaint)
        return found.value
