"""Connections to a run's file: to make it, to write it, to read it."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from lwd_tui.store.encoding import now, text_of
from lwd_tui.store.errors import DamagedRun, NoSuchRun, RunExists, StoreError, opening, run_name
from lwd_tui.store.log import log_of
from lwd_tui.store.pasts import Past, given, lean_on, pasts_of
from lwd_tui.store.schema import READABLE, add_queries, migrate, version_of

# Seconds to wait for another connection; a writer's commits take a thousandth of that.
_PATIENCE = 5.0
# What a journal begins with; it ends so as well where the name of a further file is in it.
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
_MOMENT = 1.0


@contextmanager
def new_file(
    path: Path, experiment: dict[str, Any], record: Mapping[str, Any], pasts: Sequence[Past] = ()
) -> Iterator[sqlite3.Connection]:
    """Make the file of a run; it is there whole when the block ends, or not at all.

    What is to be run, and what it is run with, come as JSON values. Of the tables that the
    connection leads to, that of the run alone is filled, and for a fork those of its pasts.

    Raises
    ------
    RunExists
        If something is there already.
    StoreError
        If the folder can't be written.
    """
    refuse_place(path)
    run = [now(), *(json.dumps(dict(part), allow_nan=False) for part in (experiment, record))]
    new = path.with_name(f".{path.name}.new")
    with opening(path, "made"):
        try:
            new.unlink(missing_ok=True)
            with closing(_connect(new, "rwc")) as connection:
                migrate(connection, 0)
                if isinstance(experiment.get("query"), list):
                    add_queries(connection)
                connection.execute("BEGIN")
                connection.execute(
                    "INSERT INTO run (created, experiment, record) VALUES (?, ?, ?)", run
                )
                with given(connection, path, pasts):
                    yield connection
                    connection.execute("COMMIT")
                    # Elsewhere than on Unix no file is renamed that is open.
                    connection.close()
                    new.rename(path)
        except BaseException:
            for leftover in (new, new.with_name(f"{new.name}-journal")):
                leftover.unlink(missing_ok=True)
            raise


def refuse_place(path: Path) -> None:
    """Raise RunExists or StoreError if a run's file can't be made there, as far as can be seen."""
    if path.exists():
        raise RunExists(f"{path} exists already; choose another name, or resume that run")
    folder = path.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        why = "Permission denied" if folder.is_dir() else "there is no such folder"
        raise StoreError(
            f"run {run_name(path)} can't be written in {folder}: {why}; use a folder that you may "
            "write to"
        )


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Open a run's file to write it, and bring it to this version's tables."""
    with opening(path):
        _unshare(path)
        connection = _connect(path, "rw")
        try:
            version = version_of(connection, path)
            # A file without the right to write it opens all the same, and fails only here.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")
            migrate(connection, version)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            lean_on(connection, pasts_of(connection, path))
        except BaseException:
            connection.close()
            raise
        return connection


def _unshare(path: Path) -> None:
    """Make a file its own that forks share, before it is written: they keep what it was."""
    if not path.is_file() or path.stat().st_nlink < 2:
        return
    own = path.resolve()
    new = own.with_name(f".{own.name}.new")
    try:
        with closing(_readable(own)) as shared, closing(_connect(new, "rwc")) as copy:
            shared.backup(copy)
        new.replace(own)
    finally:
        new.unlink(missing_ok=True)


def settle(connection: sqlite3.Connection) -> None:
    """Close a connection that wrote, and leave a single file that opens anywhere.

    Where somebody reads the file now, or the disk is full, its log stays beside it.
    """
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA main.journal_mode = DELETE")
    connection.close()


def settle_file(path: Path, patience: float = _MOMENT) -> None:
    """Fold the log that a killed writer left into a file that is about to be moved or shared.

    Whoever lists the runs reads it for a moment, and is waited for so many seconds: files that are
    moved under an open connection can end its process.
    """
    log = log_of(path)
    deadline = time.monotonic() + patience
    while True:
        with opening(path):
            settle(_connect(path, "rw"))
        if not log.exists() or time.monotonic() > deadline:
            return
        time.sleep(0.02)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a run's file to read it, also on a medium that can't be written.

    A file of an earlier version is brought to this version's tables in memory; the file stays
    as it is.
    """
    with opening(path):
        if not path.is_file():
            raise NoSuchRun(f"there is no run {run_name(path)} ({path})")
        connection = _readable(path)
        try:
            version = version_of(connection, path)
            if version < READABLE:
                connection = _copy_in_memory(connection)
                migrate(connection, version)
            lean_on(connection, pasts_of(connection, path))
        except BaseException:
            connection.close()
            raise
        return connection


def image_of(connection: sqlite3.Connection) -> bytes:
    """Return a database as the bytes of a file, as it is now."""
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.backup(copy, name="main")
        image = bytearray(copy.serialize())
    # Its format's versions, by which it would ask for a log: https://www.sqlite.org/fileformat.html
    image[18:20] = b"\x01\x01"
    return bytes(image)


def size_of(path: Path) -> int:
    """Return a file's bytes; 0 for one that isn't there, as a log that was just closed."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _readable(path: Path) -> sqlite3.Connection:
    connection = _connect(path, "ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError as error:
        connection.close()
        log = log_of(path)
        if error.sqlite_errorcode & 0xFF not in (
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
        ) or size_of(log):
            raise
        # SQLite wants to write beside a file whose last writer had no time to close it; where
        # it can't, nobody else can write the file either.
        return _connect(path, "ro&immutable=1")
    except BaseException:
        connection.close()
        raise
    return connection


def _copy_in_memory(connection: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", isolation_level=None)
    copy.text_factory = text_of
    with closing(connection):
        connection.backup(copy)
    return copy


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    if not mode.startswith("ro"):
        _refuse_far_journal(path)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_PATIENCE,
        isolation_level=None,
    )
    connection.text_factory = text_of
    # Nothing that a stranger may have put into a schema is run before it has been looked at.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def _refuse_far_journal(path: Path) -> None:
    """Refuse a journal that names another file: SQLite would roll it back, and delete that file.

    Raises
    ------
    DamagedRun
    """
    own = path.resolve()  # As SQLite does.
    journal = own.with_name(f"{own.name}-journal")
    with suppress(FileNotFoundError), journal.open("rb") as file:
        if file.seek(0, os.SEEK_END) >= len(_JOURNAL):
            file.seek(-len(_JOURNAL), os.SEEK_END)
            if file.read() == _JOURNAL:
                raise DamagedRun(
                    f"{journal} names another file, as no run's own does; it came with the run "
                    "from elsewhere: take it away, or use a copy of the run"
                )
