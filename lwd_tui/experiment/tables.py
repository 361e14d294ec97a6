"""Tables of posts as text: what parts the cells, what names the columns, and what is quoted."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Literal

from lwd_tui.experiment.section import InvalidExperiment
from lwd_tui.text import shorten

if TYPE_CHECKING:
    import _csv

DELIMITERS = ",;\t|"
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_QUOTED = re.compile(r'"[^"]*"')
_LISTED = 12
_CELL_LONGEST = 2**31 - 1

Lines = Callable[[], Iterator[str]]
"""Gives the lines of a file from its beginning, with their ends."""


def table_rows(
    lines: Lines, where: str, ending: str, column: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a table by the names of their columns, each with its place.

    Parameters
    ----------
    lines : callable
    where : str
        Said where something is wrong.
    ending : str
        Of the file's name; only ".csv" leaves open what parts the cells.
    column : str
        Name of the column that holds the posts; "" for `text`.

    Raises
    ------
    InvalidExperiment
    """
    skipped, first = next(
        ((number, line) for number, line in enumerate(lines()) if line.strip("\ufeff\r\n")), (0, "")
    )
    delimiter = "\t" if ending != ".csv" else _likeliest(first)
    # A spreadsheet says so where a comma means something else in its country.
    said = first.strip("\ufeff\r\n").strip('"')
    if said.lower().startswith("sep=") and len(said) == 5:
        delimiter, skipped = said[4], skipped + 1
    # Its own limit of 131,072 letters a cell is less than an essay of a book's length.
    csv.field_size_limit(_CELL_LONGEST)
    quotes = delimiter != "\t" or _quotes(lines, skipped)
    table = _reader(islice(lines(), skipped, None), delimiter, quotes)
    top, began = f"line {1 + skipped}", 1 + skipped
    try:
        names = next(table, [])
        if not any(map(plain_name, names)):
            raise InvalidExperiment(f"{where}, {top}: must name the columns, one of them 'text'")
        header = columns_of(names, where, top, column)
        began = table.line_num + skipped + 1
        for cells in table:
            place = f"line {table.line_num + skipped}"
            began = table.line_num + skipped + 1
            if len(cells) > len(header) and any(cells[len(header) :]):
                raise InvalidExperiment(
                    f"{where}, {place}: has more cells than {top} has columns; put text that "
                    f"holds {_NAMES.get(delimiter, 'the delimiter')} in quotes"
                )
            # A line of nothing is no row; columns without a name are nobody's.
            if cells:
                yield place, {name: cell for name, cell in zip(header, cells, strict=False) if name}
    except csv.Error as error:
        reason, line = str(error), table.line_num + skipped
        if "end of data" in reason:
            line, reason = began, f"{reason}: a quote that opens a cell there is never closed"
        raise InvalidExperiment(f"{where}, line {line}: not CSV: {reason}") from None


def columns_of(names: Iterable[str], where: str, place: str, column: str = "") -> list[str]:
    """Return the columns that a table names, as they are compared.

    Parameters
    ----------
    names : iterable of str
    where, column
        As for `table_rows`.
    place : str
        Of the names, such as "line 1".

    Raises
    ------
    InvalidExperiment
        If two are equal, or none is the one that holds the posts.
    """
    columns = [plain_name(name) for name in names]
    for name, count in Counter(columns).items():
        # Spreadsheets leave columns without names.
        if name and count > 1:
            raise repeated_column(name, f"{where}, {place}")
    wanted = plain_name(column) or "text"
    if wanted not in columns:
        raise no_column(wanted, columns, where)
    return columns


def plain_name(name: str) -> str:
    """Return the name of a column as it is compared: no capitals, no blanks or marks around it."""
    return name.strip("\ufeff \t\r\n\v\f\xa0").lower()


def repeated_column(name: str, where: str) -> InvalidExperiment:
    """Return the refusal of a column that is there twice."""
    return InvalidExperiment(f"{where}: two columns are called {shorten(name, 40)!r}")


def no_column(wanted: str, columns: Iterable[str], where: str) -> InvalidExperiment:
    """Return the refusal of a table without the column that holds the posts."""
    names = [name for name in columns if name]
    listed = ", ".join(shorten(name, 40) for name in names[:_LISTED])
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return InvalidExperiment(
        f"{where}: no column is called {shorten(wanted, 40)!r}; there are {listed or 'none'}"
        f"{more}. Name the one that holds the posts: posts_column = NAME beside posts_file, or "
        "--set posts_column=NAME"
    )


def _likeliest(header: str) -> str:
    """Return the delimiter that parts a header into most columns; a comma where none does."""
    bare = _QUOTED.sub("", header)
    return max(DELIMITERS, key=lambda sign: (bare.count(sign), sign == ","))


def _reader(lines: Iterator[str], delimiter: str, quotes: bool) -> _csv.Reader:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)


def _quotes(lines: Lines, skipped: int) -> bool:
    """Whether a mark at the head of a cell between tabs is a quote around it, and no letter.

    Some programs quote such cells, others write every mark as it is. A file of the one kind closes
    all its quotes. If it does so within single lines, it is taken for one; if a cell would go on
    over lines, only where these aren't rows by themselves, with as many cells as the first. One
    that leaves a quote open is of the other kind; unless a line that ends in such a cell, or the
    next, is no such row: then it is of the first kind, and damaged.
    """
    quoted, count, closed = _reader(islice(lines(), skipped, None), "\t", True), 0, True
    try:
        for _ in quoted:
            count += 1
    except csv.Error:
        closed = False
    if closed and count == quoted.line_num:
        return True
    bare = _reader(islice(lines(), skipped, None), "\t", False)
    width = len(next(bare, []))
    if closed:
        return width == 1 or not all(len(cells) == width for cells in bare if cells)
    return any(
        cells[-1].startswith('"')
        and cells[-1].count('"') % 2
        and {len(cells), len(after)} != {width}
        for cells, after in pairwise(bare)
        if cells
    )
