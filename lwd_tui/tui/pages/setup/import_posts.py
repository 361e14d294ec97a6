"""A file of posts, and the column of it that holds them."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import user_path
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.words import Words

_FIELDS = {"file": "", "posts_column": "text"}


class ImportPosts(Dialog[tuple[Path, str]]):
    """Gives back the path, and the name of the column; "" where none was written."""

    DEFAULT_CSS = """
    ImportPosts .field { height: 1; margin-top: 1; }
    ImportPosts .label { width: 14; }
    ImportPosts Line { width: 1fr; }
    """
    AUTO_FOCUS = "Line"

    def __init__(self) -> None:
        how = (
            "A post a line (.txt, .md), a table (.csv, .tsv, .parquet), .json, .jsonl or .toml. "
            "posts_column names the column that holds the posts, if it isn't text."
        )
        super().__init__("import posts", how, "add them")

    def compose_fields(self) -> ComposeResult:
        """Yield a field for the file and one for the column."""
        for name, usual in _FIELDS.items():
            with Horizontal(classes="field"):
                yield Words(Content(name), classes="label")
                yield Line(compact=True, placeholder=usual, id=name)

    def answer(self) -> tuple[Path, str]:
        """Return what was written, or say that there is no path."""
        path, column = (self.query_one(f"#{name}", Line).value.strip() for name in _FIELDS)
        if not path:
            raise LwdError("write the path of a file")
        return user_path(path), column
