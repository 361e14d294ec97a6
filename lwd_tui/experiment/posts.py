"""Posts as files hold them: lines, tables, JSON, TOML.

A table's columns are named by its first line, those of JSON by the keys of its objects; names are
compared without regard to capitals and blanks. One column holds the posts: `text`, or the one that
is named. `author` and `label` are taken where they are; all others are passed over.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lwd_tui.experiment.complaints import explain
from lwd_tui.experiment.llm import InvalidExperiment, SeedPost
from lwd_tui.experiment.section import parse_toml
from lwd_tui.experiment.tables import no_column, plain_name, repeated_column, table_rows
from lwd_tui.text import clean_line, shorten

LINES = ("", ".txt", ".md")
WITHOUT_COLUMNS = (*LINES, ".toml")
TABLES = (".csv", ".tsv", ".tab")
_DETAILS = ("author", "label")
_LISTED = 12
_PIECE = 4096
"""Lines of TOML that are read at once."""
# Up to here a float holds every whole number.
_EXACT = 2**53
_ASTRAL = re.compile(rb"[\xf0-\xff][\x80-\xbf]{3}")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class FoundPosts:
    """What a file holds.

    Attributes
    ----------
    posts : tuple of SeedPost
    blank : int
        Rows that were passed over because they hold no text.
    """

    posts: tuple[SeedPost, ...]
    blank: int = 0


def parse_posts(text: str | Path, where: str, ending: str = "", column: str = "") -> FoundPosts:
    """Read posts from text that is written as a file with that ending would be.

    Parameters
    ----------
    text : str or Path
        Of a file the lines are read one by one, since a single emoji makes each letter of a text
        take four bytes.
    where : str
        Said where something is wrong.
    ending : str
        Such as ".csv"; "" for one post a line.
    column : str
        Name of the column that holds the posts; "" for `text`.

    Raises
    ------
    InvalidExperiment
        Naming `where`, the line or post, and what is wrong there.
    UnicodeDecodeError
        If a file isn't UTF-8.
    """
    ending = ending.lower()
    if ending in WITHOUT_COLUMNS and plain_name(column) not in ("", "text"):
        raise InvalidExperiment(
            f"{where}: has no columns, so posts_column = {shorten(column, 40)!r} names none; "
            "leave it out"
        )
    if ending in LINES:
        rows: Iterator[tuple[str, Any]] = ((f"line {n}", line) for n, line in _lines(text))
    elif ending == ".toml":
        return _toml(text, where)
    elif ending in TABLES:
        rows = table_rows(lambda: _broken(text), where, ending, column)
    elif ending in _JSON:
        rows = _JSON[ending](text, where)
    else:
        raise InvalidExperiment(f"{where}: {_refusal(ending)}")
    return posts_of_rows(rows, where, column)


def posts_of_rows(rows: Iterable[tuple[str, Any]], where: str, column: str = "") -> FoundPosts:
    """Make posts of rows: texts, or mappings of columns to values; None is a blank one.

    Parameters
    ----------
    rows : iterable of (str, object)
        Each with its place, such as "line 3".
    where, column
        As for `parse_posts`.

    Raises
    ------
    InvalidExperiment
    """
    wanted = plain_name(column) or "text"
    taken = {wanted, *_DETAILS}
    # Names repeat from row to row.
    plain: dict[str, str] = {}
    posts: list[SeedPost] = []
    blank = 0
    columns: dict[str, None] = {}
    seen = False
    for place, row in rows:
        if row is None:
            blank += 1
            continue
        if isinstance(row, str):
            named: dict[str, Any] = {wanted: row}
        elif isinstance(row, Mapping):
            named = {}
            for key, value in row.items():
                name = plain.get(key)
                if name is None:
                    name = plain[key] = plain_name(key)
                if name in taken:
                    if name in named:
                        raise repeated_column(name, f"{where}, {place}")
                    named[name] = value
            if not seen and len(columns) < _LISTED:
                columns |= dict.fromkeys(plain[key] for key in row)
        else:
            raise InvalidExperiment(
                f"{where}, {place}: {shorten(repr(row), 40)}: must be a text or an object"
            )
        seen = seen or wanted in named
        text = named.get(wanted)
        if text is None or (isinstance(text, str) and not text.strip()):
            blank += 1
            continue
        fields = {"text": text}
        for name in _DETAILS:
            value = named.get(name)
            # An account with all its fields is nobody's name.
            if name != wanted and value is not None and not isinstance(value, (dict, list)):
                fields[name] = _word(value)
        posts.append(_post(fields, where, place))
    if not seen and columns:
        raise no_column(wanted, columns, where)
    if not posts:
        raise InvalidExperiment(
            f"{where}: holds no posts{f' but {blank_rows(blank)}' * (blank > 0)}"
        )
    return FoundPosts(tuple(posts), blank)


def blank_rows(count: int) -> str:
    """Return how many rows were blank, in words."""
    return f"{count} blank row{'s' * (count != 1)}"


def _word(value: Any) -> Any:
    """Return a number as people write it; what else is no text is left to validation."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (int, float)):
        return value
    if isinstance(value, float):
        # What a table of numbers has in the place of a missing one.
        if math.isnan(value):
            return ""
        if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
    return str(value)


def _post(row: Any, where: str, place: str) -> SeedPost:
    try:
        return SeedPost.model_validate(row)
    except ValidationError as error:
        raise InvalidExperiment(f"{where}, {place}: {explain(error, SeedPost)}") from None


def _broken(text: str | Path) -> Iterator[str]:
    """Yield the lines with their ends; only line breaks of files part them."""
    if isinstance(text, Path):
        with text.open(encoding="utf-8-sig", newline="") as file:
            yield from file
        return
    # `str.splitlines` would also part a post at the separators that web pages put into text, and
    # `io.StringIO` holds four bytes a character.
    yield from (found[0] for found in _LINE.finditer(text))


def _whole(text: str | Path) -> str:
    return text if isinstance(text, str) else text.read_text(encoding="utf-8-sig")


def _whole_json(text: str | Path) -> str:
    if isinstance(text, str):
        return text
    # Of an emoji that is written as JSON can write it, the other letters take no more bytes.
    data = _ASTRAL.sub(
        lambda found: json.dumps(found[0].decode())[1:-1].encode(), text.read_bytes()
    )
    return data.decode("utf-8-sig")


def _lines(text: str | Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that aren't blank, numbered."""
    for number, line in enumerate(_broken(text), 1):
        if stripped := line.strip():
            yield number, stripped


def _json_lines(text: str | Path, where: str) -> Iterator[tuple[str, Any]]:
    _, first = next(_lines(text), (0, ""))
    if first.startswith("["):
        # No line of posts begins so; it is one list, if it is anything.
        with contextlib.suppress(InvalidExperiment):
            yield from _taken(_loads(_whole_json(text), where))
            return
    for number, line in _lines(text):
        yield f"line {number}", _loads(line, f"{where}, line {number}")


def _json(text: str | Path, where: str) -> Iterator[tuple[str, Any]]:
    try:
        data = _loads(_whole_json(text), where)
    except InvalidExperiment as error:
        # Many have objects a line under this name.
        if "Extra data" not in str(error):
            raise
        yield from _json_lines(text, where)
        return
    if isinstance(data, dict):
        lists = [name for name, value in data.items() if isinstance(value, list)]
        if "posts" not in lists and len(lists) != 1:
            raise InvalidExperiment(
                f"{where}: must hold a list of posts, or an object with a list called 'posts'"
            )
        data = data["posts" if "posts" in lists else lists[0]]
    if not isinstance(data, list):
        raise InvalidExperiment(f"{where}: must hold a list of posts")
    yield from _taken(data)


def _loads(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    # Besides its own error: a number too long to convert, and lists too deep to follow.
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else error
        raise InvalidExperiment(f"{where}: not JSON: {reason}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for name, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {shorten(name, 40)!r} stands twice in one object")
    return found


_JSON: dict[str, Callable[[str | Path, str], Iterator[tuple[str, Any]]]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}


def _toml(text: str | Path, where: str) -> FoundPosts:
    if isinstance(text, Path):
        # What is wrong in a piece is told of the whole, by its line.
        with contextlib.suppress(InvalidExperiment):
            return _written(_pieces(text), where)
    return _written([_whole(text)], where)


def _pieces(path: Path) -> Iterator[str]:
    """Yield a file of [[posts]] tables in pieces, since a whole one takes ten times its size."""
    lines: list[str] = []
    for line in _broken(path):
        if len(lines) >= _PIECE and line.strip() == "[[posts]]":
            yield "".join(lines)
            lines.clear()
        lines.append(line)
    yield "".join(lines)


def _written(pieces: Iterable[str], where: str) -> FoundPosts:
    """Make posts of TOML that was written for this program: what is odd in it is a slip."""
    posts: list[SeedPost] = []
    for piece in pieces:
        rows = parse_toml(piece, where).get("posts", [])
        if not isinstance(rows, list):
            raise InvalidExperiment(f"{where}: posts must be a list of texts, or [[posts]] tables")
        for row in rows:
            fields = {"text": row} if isinstance(row, str) else row
            posts.append(_post(fields, where, f"post {len(posts) + 1}"))
    if not posts:
        raise InvalidExperiment(f"{where}: holds no posts")
    return FoundPosts(tuple(posts))


def _taken(rows: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield rows with their places, each let go of once it is a post."""
    rows.reverse()
    for number in range(1, len(rows) + 1):
        yield f"post {number}", rows.pop()


_OFFICE = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")
_PACKED = (".gz", ".tgz", ".zip", ".bz2", ".xz", ".zst", ".br", ".7z", ".rar", ".tar")


def _refusal(ending: str) -> str:
    if ending in _OFFICE:
        return "a spreadsheet can't be read; save it as CSV in UTF-8"
    if ending in _PACKED:
        return "a packed file can't be read; unpack it first"
    known = ", ".join((*LINES[1:], *TABLES, *_JSON, ".toml", ".parquet"))
    return f"{clean_line(ending)} is no ending of a file of posts; those are {known}"


def check_ending(ending: str, where: str) -> None:
    """Refuse a file by its ending, with InvalidExperiment, before it is read."""
    if ending.lower() not in (*LINES, *TABLES, *_JSON, ".toml", ".parquet"):
        raise InvalidExperiment(f"{where}: {_refusal(ending.lower())}")
