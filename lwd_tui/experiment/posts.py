"""Posts as files hold them: lines, tables, JSON, TOML.

A table's columns are named by its first line, those of JSON by the keys of its objects; names are
compared without regard to capitals and blanks. One column holds the posts: `text`, or the one that
is named. `author` and `label` are taken where they are; all others are passed over.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from lwd_tui.experiment.complaints import explain
from lwd_tui.experiment.llm import InvalidExperiment, SeedPost
from lwd_tui.experiment.section import parse_toml
from lwd_tui.text import clean_line, shorten

LINES = ("", ".txt", ".md")
TABLES = (".csv", ".tsv", ".tab")
DELIMITERS = ",;\t|"
_LISTED = 12


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


def parse_posts(text: str, where: str, ending: str = "", column: str = "") -> FoundPosts:
    """Read posts from text that is written as a file with that ending would be.

    Parameters
    ----------
    text : str
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
    """
    ending = ending.lower()
    if ending in LINES:
        posts = tuple(
            _post({"text": line}, where, f"line {number}") for number, line in _lines(text)
        )
        found = FoundPosts(posts)
    elif ending == ".toml":
        found = FoundPosts(tuple(_toml(text, where)))
    elif ending in TABLES:
        found = posts_of_rows(_table(text, where, ending), where, column)
    elif ending in _JSON:
        found = posts_of_rows(_JSON[ending](text, where), where, column)
    else:
        raise InvalidExperiment(f"{where}: {_refusal(ending)}")
    if not found.posts:
        blank = f" but {found.blank} blank rows" if found.blank else ""
        raise InvalidExperiment(f"{where}: holds no posts{blank}")
    return found


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
    wanted = _plain(column) or "text"
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
                name = _plain(str(key))
                if name in named and wanted == name:
                    raise InvalidExperiment(f"{where}, {place}: two columns are called {name!r}")
                named[name] = value
            if len(columns) < _LISTED:
                columns |= dict.fromkeys(named)
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
        for name in ("author", "label"):
            if name != wanted and named.get(name) is not None:
                fields[name] = _word(named[name])
        posts.append(_post(fields, where, place))
    if not seen and columns:
        raise InvalidExperiment(f"{where}: {_no_column(wanted, list(columns))}")
    return FoundPosts(tuple(posts), blank)


def _no_column(wanted: str, columns: list[str]) -> str:
    listed = ", ".join(shorten(name, 40) or "''" for name in columns[:_LISTED])
    return (
        f"no column is called {clean_line(wanted)!r}; there are {listed}. Name the one that holds "
        "the posts: posts_column = NAME beside posts_file, or --set posts_column=NAME"
    )


def _plain(name: str) -> str:
    return name.strip().lower()


def _word(value: Any) -> Any:
    """Return a number as people write it; what else is no text is left to validation."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"{value:g}" if isinstance(value, float) else str(value) if number else value


def _post(row: Any, where: str, place: str) -> SeedPost:
    try:
        return SeedPost.model_validate(row)
    except ValidationError as error:
        raise InvalidExperiment(f"{where}, {place}: {explain(error, SeedPost)}") from None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that aren't blank, numbered; only line breaks of files part them."""
    # `str.splitlines` would also part a post at the separators that web pages put into text.
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if line.strip():
            yield number, line.strip()


def _table(text: str, where: str, ending: str) -> Iterator[tuple[str, Any]]:
    first, _, rest = text.partition("\n")
    delimiter, skipped = ("\t" if ending != ".csv" else _likeliest(first)), 0
    # A spreadsheet says so where a comma means something else in its country.
    if first.lower().startswith("sep=") and len(first.rstrip("\r")) == 5:
        delimiter, text, skipped = first[4], rest, 1
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [_plain(name) for name in next(table, [])]
        repeated = next((name for name in header if name and header.count(name) > 1), "")
        if repeated:
            raise InvalidExperiment(f"{where}, line 1: two columns are called {repeated!r}")
        if not any(header):
            raise InvalidExperiment(f"{where}, line 1: must name the columns, one of them 'text'")
        for cells in table:
            place = f"line {table.line_num + skipped}"
            if len(cells) > len(header) and any(cells[len(header) :]):
                raise InvalidExperiment(
                    f"{where}, {place}: has more cells than line 1 has columns; put text that "
                    f"holds {_NAMES.get(delimiter, 'the delimiter')} in quotes"
                )
            # A line of nothing is no row.
            if cells:
                yield place, dict(zip(header, cells, strict=False))
        if table.line_num <= 1:
            yield "line 1", dict.fromkeys(header)
    except csv.Error as error:
        line = table.line_num + skipped
        raise InvalidExperiment(f"{where}, line {line}: not CSV: {error}") from None


_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def _likeliest(header: str) -> str:
    """Return the delimiter that parts a header into most columns; a comma where none does."""
    return max(DELIMITERS, key=lambda sign: (header.count(sign), sign == ","))


def _json_lines(text: str, where: str) -> Iterator[tuple[str, Any]]:
    for number, line in _lines(text):
        yield f"line {number}", _loads(line, f"{where}, line {number}")


def _json(text: str, where: str) -> Iterator[tuple[str, Any]]:
    data = _loads(text, where)
    if isinstance(data, dict):
        lists = [name for name, value in data.items() if isinstance(value, list)]
        if "posts" not in lists and len(lists) != 1:
            raise InvalidExperiment(
                f"{where}: must hold a list of posts, or an object with a list called 'posts'"
            )
        data = data["posts" if "posts" in lists else lists[0]]
    if not isinstance(data, list):
        raise InvalidExperiment(f"{where}: must hold a list of posts")
    for number, row in enumerate(data, 1):
        yield f"post {number}", row


def _loads(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    # Besides its own error: a number too long to convert, and lists too deep to follow.
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else error
        raise InvalidExperiment(f"{where}: not JSON: {reason}") from None


_JSON: dict[str, Callable[[str, str], Iterator[tuple[str, Any]]]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}


def _toml(text: str, where: str) -> Iterator[SeedPost]:
    rows = parse_toml(text, where).get("posts", [])
    if not isinstance(rows, list):
        raise InvalidExperiment(f"{where}: posts must be a list of texts, or [[posts]] tables")
    for number, row in enumerate(rows, 1):
        yield _post({"text": row} if isinstance(row, str) else row, where, f"post {number}")


_OFFICE = (".xlsx", ".xls", ".ods")
_PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar")


def _refusal(ending: str) -> str:
    if ending in _OFFICE:
        return "a spreadsheet can't be read; save it as CSV in UTF-8"
    if ending in _PACKED:
        return "a packed file can't be read; unpack it first"
    known = ", ".join((*LINES[1:], *TABLES, *_JSON, ".toml", ".parquet"))
    return f"{clean_line(ending)} is no ending of a file of posts; those are {known}"


def check_ending(ending: str, where: str) -> None:
    """Refuse a file by its ending before it is read.

    Raises
    ------
    InvalidExperiment
    """
    if ending.lower() not in (*LINES, *TABLES, *_JSON, ".toml", ".parquet"):
        raise InvalidExperiment(f"{where}: {_refusal(ending.lower())}")
