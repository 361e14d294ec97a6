"""The past of a fork: what came before its first step, in files that it shares with its parents.

A fork's own file holds what came since it was forked. Beside it stand its pasts, ``NAME-past1`` and
so on, one for each fork that led to it: further names (hard links) of its parents' files, which
take no room and are there whatever becomes of the parents. A file that has more than one name is
never written; whoever is to write it makes itself a copy first (`lwd_tui.store.connection`).

A connection to a fork attaches its pasts and puts views in the place of the tables, so that whoever
reads sees one run. What is written goes to the tables of the file itself, ``main``.
"""

from __future__ import annotations

import glob
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from lwd_tui.store.encoding import match_of, text_of
from lwd_tui.store.errors import DamagedRun, run_name
from lwd_tui.store.log import log_of
from lwd_tui.store.records import StepNumbers
from lwd_tui.store.schema import version_of
from lwd_tui.store.sound import require
from lwd_tui.types import Floats, Geometry

R = TypeVar("R", StepNumbers, Geometry)

# SQLite attaches ten files; a fork of more forks than these holds a copy instead.
_MOST = 8

_LAST = 2**62

_OLDER = "t < {until}"
_ROWS = {
    "posts": "step <= {until}",
    "steps": _OLDER,
    "draws": _OLDER,
    "attempts": _OLDER,
    "embeddings": _OLDER,
    "geometries": _OLDER,
    "prompts": "true",
}
"""The tables that a past has a share in, and which of its rows."""

_ASKED = dict.fromkeys(
    ("asked_prompts", "asked_attempts", "asked_embeddings", "asked_steps", "asked_geometries"),
    _OLDER,
)
"""Those besides of runs that ask several queries."""

_NUMBERED = ("prompts", "draws", "attempts", "asked_attempts")
"""The tables whose rows get numbers of their own, each larger than those of the pasts."""


_PROMPTED = {
    "draws": "id, t, participant, response, posts",
    "asked_prompts": "t, query, participant, response",
}
"""The tables whose rows name a prompt, and their other columns."""


class Past(NamedTuple):
    """A file that holds what a fork didn't make itself, and the first step that isn't its."""

    file: Path
    until: int


def past_path(run: Path, number: int) -> Path:
    """Return where a past of a fork stands; they are counted from 1."""
    return run.with_name(f"{run.name}-past{number}")


def past_paths(run: Path) -> list[Path]:
    """Return the pasts that stand beside a run."""
    return sorted(run.parent.glob(f"{glob.escape(run.name)}-past*"))


def shared_size(run: Path) -> int:
    """Return the bytes of the pasts that are other files' too, which would stay without the run."""
    total = 0
    for past in past_paths(run):
        with suppress(FileNotFoundError):
            found = past.stat()
            total += found.st_size if found.st_nlink > 1 else 0
    return total


def pasts_of(connection: sqlite3.Connection, run: Path) -> list[Past]:
    """Return the pasts of a run, the oldest first; none unless it is a fork.

    Raises
    ------
    DamagedRun
        If one isn't beside it, or is of another run or another make, or the file says of them
        what none says.
    """
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'pasts'").fetchone():
        return []
    found = connection.execute("SELECT number, until, created FROM pasts ORDER BY number")
    pasts = []
    for place, (number, until, created) in enumerate(found.fetchall(), 1):
        # They become part of queries, and of a file's name.
        if number != place or type(until) is not int or until < 0:
            raise DamagedRun(
                f"run {run_name(run)} is damaged (its pasts can't be those); use a copy of {run}"
            )
        file = past_path(run, number)
        if not file.is_file() or _created(file) != created:
            raise DamagedRun(
                f"run {run_name(run)} is a fork, and the file that holds its steps before "
                f"t = {until} isn't beside it: put {file.name} there, which is moved and copied "
                f"with it ({run})"
            )
        pasts.append(Past(file, until))
    return pasts


def cut(pasts: Sequence[Past], run: Path, at: int) -> list[Past]:
    """Return the pasts of a fork at a step of a run that has these pasts itself."""
    # None has anything older than where its own steps begin, but posts by hand just there.
    begins = (0, *(past.until for past in pasts))
    return [
        Past(past.file, min(past.until, at))
        for past, begin in zip((*pasts, Past(run, at)), begins, strict=True)
        if at >= begin
    ]


def asks_several(connection: sqlite3.Connection) -> bool:
    """Whether a file has the tables of queries after the first."""
    there = "SELECT 1 FROM main.sqlite_master WHERE name = 'asked_steps'"
    return connection.execute(there).fetchone() is not None


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    return _ROWS | _ASKED if asks_several(connection) else _ROWS


def lean_on(connection: sqlite3.Connection, pasts: Sequence[Past]) -> None:
    """Show, in the place of each table, the rows of the pasts and then those of the file."""
    if not pasts:
        return
    connection.execute("PRAGMA temp_store = MEMORY")
    _attach(connection, pasts, "immutable=1")
    for table, rows in _tables(connection).items():
        parts = [
            f"SELECT * FROM past{number}.{table} WHERE {rows.format(until=past.until)}"  # noqa: S608
            for number, past in enumerate(pasts, 1)
        ]
        whole = " UNION ALL ".join((*parts, f"SELECT * FROM main.{table}"))  # noqa: S608
        connection.execute(f"CREATE TEMP VIEW {table} AS {whole}")
    connection.execute("CREATE TEMP VIEW responses AS SELECT * FROM attempts WHERE final")
    if asks_several(connection):
        connection.execute(
            "CREATE TEMP VIEW asked_responses AS SELECT * FROM asked_attempts WHERE final"
        )


def found_words(
    pasts: Sequence[Past], words: str, table: str, wanted: str, limit: int
) -> tuple[str, list[bytes | int]]:
    """Return the query for the rows of a table and its pasts that hold words, and its values."""
    parts = [f"SELECT rowid FROM main.{words} WHERE {words} MATCH CAST(? AS TEXT)"]  # noqa: S608
    for number, past in enumerate(pasts, 1):
        rows = (_ROWS | _ASKED)[table].format(until=past.until)
        # Rows are numbered in order of t. A list of all that are meant would take long.
        last = f"SELECT max(id) FROM past{number}.{table} WHERE {rows}"  # noqa: S608
        parts.append(
            f"SELECT rowid FROM past{number}.{words} "  # noqa: S608
            f"WHERE {words} MATCH CAST(? AS TEXT) AND rowid <= ({last})"
        )
    query = f"({' UNION ALL '.join(parts)} ORDER BY rowid LIMIT ?)"
    return query, [*[match_of(wanted)] * len(parts), limit]


def widened(record: R, participants: int, *fields: str) -> R:
    """Return numbers of an earlier step with NaN for the participants that a fork added later."""
    wide: dict[str, Any] = {}
    for field in fields:
        values: Floats = getattr(record, field)
        more = participants - len(values)
        if len(values) and more > 0:
            wide[field] = np.pad(values, (0, more), constant_values=np.nan)
    return replace(record, **wide)


def last_numbers(connection: sqlite3.Connection, pasts: Sequence[Past]) -> dict[str, int]:
    """Return the largest number that a row of a run or its pasts has, by its table.

    Raises
    ------
    ValueError
        If it is so large that no row can follow.
    """
    files = ("main", *(f"past{number}" for number in range(1, len(pasts) + 1)))
    last = {}
    for table in _NUMBERED if asks_several(connection) else _NUMBERED[:-1]:
        parts = " UNION ALL ".join(f"SELECT max(id) AS id FROM {file}.{table}" for file in files)  # noqa: S608
        (last[table],) = connection.execute(
            f"SELECT coalesce(max(id), 0) FROM ({parts})"  # noqa: S608
        ).fetchone()
        require(last[table] < _LAST, f"the rows of {table} are numbered beyond all numbers")
    return last


@contextmanager
def given(connection: sqlite3.Connection, run: Path, pasts: Sequence[Past]) -> Iterator[None]:
    """Give a new file its pasts, or a copy of them where they can't be shared.

    They are taken away again if the block that makes the rest of it fails.
    """
    names = [past_path(run, number) for number in range(1, len(pasts) + 1)]
    try:
        if _linked(pasts, names):
            connection.executemany(
                "INSERT INTO pasts (number, until, created) VALUES (?, ?, ?)",
                ((number, past.until, _created(past.file)) for number, past in enumerate(pasts, 1)),
            )
        else:
            _copy(connection, pasts)
        yield
    except BaseException:
        for name in names:
            name.unlink(missing_ok=True)
        raise


def _linked(pasts: Sequence[Past], names: Sequence[Path]) -> bool:
    """Make further names of the files, if all of them can have one; say whether it was done."""
    if len(pasts) > _MOST:
        return False
    try:
        for past, name in zip(pasts, names, strict=True):
            log = log_of(past.file)
            if log.exists() and log.stat().st_size:  # What stands there isn't in the file yet.
                raise OSError
            name.unlink(missing_ok=True)
            os.link(past.file.resolve(), name)
    except OSError:
        for name in names:
            name.unlink(missing_ok=True)
        return False
    return True


def _copy(connection: sqlite3.Connection, pasts: Sequence[Past]) -> None:
    """Copy into a new file what it would share."""
    _attach(connection, pasts, "")
    several = asks_several(connection)
    for number, past in enumerate(pasts, 1):
        old = f"past{number}"
        prompted = list(_PROMPTED)[: 1 + several]
        parts = [f"SELECT prompt FROM {old}.{it} WHERE t < {past.until}" for it in prompted]  # noqa: S608
        used = f"id IN ({' UNION ALL '.join(parts)})"
        for table, rows in (_tables(connection) | {"prompts": used}).items():
            if table in prompted:
                continue
            # Two pasts may have the same prompt.
            connection.execute(
                f"INSERT OR IGNORE INTO main.{table} "  # noqa: S608
                f"SELECT * FROM {old}.{table} WHERE {rows.format(until=past.until)}"
            )
        for table in prompted:
            columns = _PROMPTED[table]
            connection.execute(
                f"""INSERT INTO main.{table} ({columns}, prompt)
                    SELECT {columns}, (
                        SELECT mine.id FROM main.prompts AS mine JOIN {old}.prompts AS theirs
                        USING (sha256) WHERE theirs.id = it.prompt
                    ) FROM {old}.{table} AS it WHERE t < {past.until}"""  # noqa: S608
            )
    connection.execute("INSERT INTO main.post_words (rowid, text) SELECT id, text FROM main.posts")
    connection.execute(
        "INSERT INTO main.response_words (rowid, text) SELECT id, text FROM main.responses"
    )
    if several:
        connection.execute(
            "INSERT INTO main.asked_words (rowid, text) SELECT id, text FROM main.asked_responses"
        )


def _attach(connection: sqlite3.Connection, pasts: Sequence[Past], how: str) -> None:
    for number, past in enumerate(pasts, 1):
        where = f"{past.file.absolute().as_uri()}?mode=ro&{how}"
        connection.execute(f"ATTACH ? AS past{number}", (where,))


def _created(file: Path) -> str:
    """Return by what a run's file is known; "" if it is none.

    Raises
    ------
    DamagedRun, NewerRun
        If it is made otherwise than this program's are.
    """
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        connection.text_factory = text_of
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            version_of(connection, file)
            return str(connection.execute("SELECT created FROM run").fetchone()[0])
        finally:
            connection.close()
    except (sqlite3.Error, TypeError, UnicodeDecodeError):
        return ""
