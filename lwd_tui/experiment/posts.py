"""Posts as files hold them: plain text, CSV, JSON lines or TOML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from lwd_tui.experiment.complaints import explain
from lwd_tui.experiment.llm import InvalidExperiment, SeedPost
from lwd_tui.experiment.section import parse_toml

_COLUMNS = ("text", "author", "label")


def parse_posts(text: str, where: str, ending: str = "") -> tuple[SeedPost, ...]:
    """Read posts from text that is written as a file with that ending would be.

    Raises
    ------
    InvalidExperiment
        Naming `where`, the line or post, and what is wrong there.
    """
    readers = {".csv": _csv, ".jsonl": _jsonl, ".toml": _toml}
    rows = readers.get(ending.lower(), _plain)(text, where)
    posts = tuple(_post(row, f"{where}, {place}") for place, row in rows)
    if not posts:
        raise InvalidExperiment(f"{where}: holds no posts")
    return posts


def _post(row: Any, where: str) -> SeedPost:
    try:
        return SeedPost.model_validate(row)
    except ValidationError as error:
        raise InvalidExperiment(f"{where}: {explain(error, SeedPost)}") from None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that aren't blank, numbered; only line breaks of files part them."""
    # `str.splitlines` would also part a post at the separators that web pages put into text.
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if line.strip():
            yield number, line.strip()


def _plain(text: str, _where: str) -> Iterator[tuple[str, Any]]:
    for number, line in _lines(text):
        yield f"line {number}", {"text": line}


def _csv(text: str, where: str) -> Iterator[tuple[str, Any]]:
    table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if "text" not in (table.fieldnames or ()):
            raise InvalidExperiment(
                f"{where}, line 1: must name the columns, with commas between them, and one of "
                f"them 'text'"
            )
        for row in table:
            place = f"line {table.line_num}"
            if None in row:
                raise InvalidExperiment(
                    f"{where}, {place}: has more cells than line 1 has columns; put text that "
                    f"holds commas in quotes"
                )
            yield place, {name: row[name] or "" for name in _COLUMNS if name in row}
    except csv.Error as error:
        line = table.reader.line_num
        raise InvalidExperiment(f"{where}, line {line}: not CSV: {error}") from None


def _jsonl(text: str, where: str) -> Iterator[tuple[str, Any]]:
    for number, line in _lines(text):
        try:
            row = json.loads(line)
        # Besides its own error: a number too long to convert, and lists too deep to follow.
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else error
            raise InvalidExperiment(f"{where}, line {number}: not JSON: {reason}") from None
        yield f"line {number}", {"text": row} if isinstance(row, str) else row


def _toml(text: str, where: str) -> Iterator[tuple[str, Any]]:
    rows = parse_toml(text, where).get("posts", [])
    if not isinstance(rows, list):
        raise InvalidExperiment(f"{where}: posts must be a list of texts, or [[posts]] tables")
    for number, row in enumerate(rows, 1):
        yield f"post {number}", {"text": row} if isinstance(row, str) else row
