"""Posts read from a file: plain text, CSV, JSON lines or TOML."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lwd_tui.experiment import InvalidExperiment, SeedPost
from lwd_tui.validation import explain


def read_text(path: Path) -> str:
    """Read a UTF-8 file (a byte order mark is dropped), or say in a sentence why it can't be."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InvalidExperiment(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise InvalidExperiment(
            f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8 and try again"
        ) from None
    except OSError as error:
        raise InvalidExperiment(f"{path}: can't be read: {error.strerror}") from None


def read_posts(path: Path) -> tuple[SeedPost, ...]:
    """Read posts from a file; its ending says how.

    ``.csv`` needs a column ``text`` and may have ``author`` and ``label``; ``.jsonl`` holds one
    object (or string) a line; ``.toml`` holds ``[[posts]]``; anything else, one post a line.
    Blank lines are passed over.

    Raises
    ------
    InvalidExperiment
        Naming the file, the line or row, and what is wrong there.
    """
    text = read_text(path)
    readers = {".csv": _csv, ".jsonl": _jsonl, ".toml": _toml}
    rows = readers.get(path.suffix.lower(), _lines)(text, path)
    posts = tuple(_post(row, f"{path}, {place}") for place, row in rows)
    if not posts:
        raise InvalidExperiment(f"{path}: holds no posts")
    return posts


def _post(row: Any, where: str) -> SeedPost:
    try:
        return SeedPost.model_validate(row)
    except ValidationError as error:
        raise InvalidExperiment(f"{where}: {explain(error, SeedPost)}") from None


def _lines(text: str, _path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield f"line {number}", {"text": line.strip()}


def _csv(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    rows: Iterable[dict[str, Any]] = csv.DictReader(io.StringIO(text))
    for number, row in enumerate(rows, 1):
        if "text" not in row:
            raise InvalidExperiment(f"{path}: the first line must name a column 'text'")
        known = {name: row[name] or "" for name in ("text", "author", "label") if name in row}
        yield f"row {number}", known


def _jsonl(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InvalidExperiment(f"{path}, line {number}: not JSON: {error.msg}") from None
        yield f"line {number}", {"text": row} if isinstance(row, str) else row


def _toml(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    try:
        rows = tomllib.loads(text).get("posts", [])
    except tomllib.TOMLDecodeError as error:
        raise InvalidExperiment(f"{path}: not valid TOML: {error}") from None
    for number, row in enumerate(rows, 1):
        yield f"post {number}", {"text": row} if isinstance(row, str) else row
