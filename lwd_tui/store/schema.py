"""The tables of a run's file, and how a file of an earlier version becomes one of this version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lwd_tui.store.errors import DamagedRun, NewerRun
from lwd_tui.text import clean_line

APPLICATION_ID = 0x4C574431
"""Marks an SQLite file as a run: "LWD1"."""

# Notes on the design. A draw's posts are one blob: who read a post is found by looking through the
# blobs, 9 MB for 1,000 steps, and a row a reading would cost more than all else together. Large
# arrays have tables of their own, so that the numbers of all steps are read without passing over
# them. The full-text indexes hold no text and are filled once a step: an index update for each
# response would double the cost of its commit. They have no sizes of documents (columnsize):
# what is found is shown in order of time, never by rank.
_FIRST = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    created TEXT NOT NULL,       -- ISO 8601, UTC
    experiment TEXT NOT NULL,    -- JSON
    record TEXT NOT NULL         -- JSON: versions, platform, models, notes
);
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,      -- from 0, in order of posting
    text TEXT NOT NULL,
    author TEXT NOT NULL,
    origin TEXT NOT NULL,        -- human, synthetic, injected
    step INTEGER NOT NULL,       -- first t at which it can be drawn
    label TEXT NOT NULL,
    answered_at INTEGER          -- the step whose answer it is; NULL for A(0) and by hand
);
CREATE INDEX posts_by_author ON posts (author);
CREATE INDEX posts_by_answer ON posts (answered_at) WHERE answered_at IS NOT NULL;
CREATE TABLE prompts (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL           -- JSON, compressed by zlib
);
CREATE TABLE steps (
    t INTEGER PRIMARY KEY,
    k INTEGER NOT NULL,
    size INTEGER NOT NULL,
    whole INTEGER NOT NULL DEFAULT 0,   -- 1: all that follows is filled in
    synthetic INTEGER,
    seconds REAL,
    truncated INTEGER,
    failed INTEGER,
    norm REAL,                   -- NULL stands for NaN, which SQLite has not
    norm_debiased REAL,
    noise_floor REAL,
    dispersion BLOB              -- n float64
);
CREATE TABLE draws (
    id INTEGER PRIMARY KEY,
    t INTEGER NOT NULL REFERENCES steps,
    participant INTEGER NOT NULL,
    response INTEGER,            -- NULL: shared by all responses of the participant
    posts BLOB NOT NULL,         -- ids in the order read, int32
    prompt INTEGER NOT NULL REFERENCES prompts
);
CREATE INDEX draws_by_reader ON draws (t, participant, response);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    t INTEGER NOT NULL REFERENCES steps,
    participant INTEGER NOT NULL,
    response INTEGER NOT NULL,
    number INTEGER NOT NULL,     -- from 0
    final INTEGER NOT NULL,      -- 1: the attempt that stands
    text TEXT NOT NULL,
    seed INTEGER NOT NULL,
    finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    seconds REAL,
    problem TEXT NOT NULL,       -- '' for a usable answer
    thinking TEXT NOT NULL,
    host TEXT NOT NULL,
    retries TEXT NOT NULL,       -- JSON list
    UNIQUE (t, participant, response, number)
);
CREATE VIEW responses AS SELECT * FROM attempts WHERE final;
CREATE TABLE embeddings (
    t INTEGER PRIMARY KEY REFERENCES steps,
    dimensions INTEGER NOT NULL,
    vectors BLOB NOT NULL        -- float32, one row a usable response
);
CREATE TABLE geometries (
    t INTEGER PRIMARY KEY REFERENCES steps,
    explained REAL,
    distances BLOB NOT NULL,     -- n x n float64
    coordinates BLOB NOT NULL,   -- m x 2 float64
    owners BLOB NOT NULL         -- m int64
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,          -- ISO 8601, UTC
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    t INTEGER
);
CREATE VIRTUAL TABLE post_words USING fts5 (
    text, content='posts', content_rowid='id', columnsize=0,
    tokenize='unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE response_words USING fts5 (
    text, content='responses', content_rowid='id', columnsize=0,
    tokenize='unicode61 remove_diacritics 2'
);
"""

_MIXTURES = """
CREATE TABLE replicates (        -- of a network of mixtures, whose steps have their median norm
    replicate INTEGER PRIMARY KEY,
    weights BLOB NOT NULL,       -- (T + 1) x n x B float64
    lifted BLOB NOT NULL,        -- (T + 1) x n int64
    means BLOB,                  -- (T + 1) x n x B x d float64, where they move
    covariances BLOB             -- (T + 1) x n x B x d x d float64
);
"""

_PASTS = """
CREATE TABLE pasts (             -- of a fork, see lwd_tui/store/pasts.py; else empty
    number INTEGER PRIMARY KEY,  -- of the file beside this one whose name ends in -past and it
    until INTEGER NOT NULL,      -- the first step that isn't taken from it
    created TEXT NOT NULL        -- as in its own table run, by which it is known
);
"""

_QUERIES = """
CREATE TABLE asked_prompts (     -- the prompts of a query with the posts of the same draws
    t INTEGER NOT NULL REFERENCES steps,
    query INTEGER NOT NULL,      -- from 2
    participant INTEGER NOT NULL,
    response INTEGER,            -- as in draws
    prompt INTEGER NOT NULL REFERENCES prompts
);
CREATE INDEX asked_prompts_by_reader ON asked_prompts (t, query, participant, response);
CREATE TABLE asked_attempts (    -- as attempts
    id INTEGER PRIMARY KEY,
    t INTEGER NOT NULL REFERENCES steps,
    query INTEGER NOT NULL,
    participant INTEGER NOT NULL,
    response INTEGER NOT NULL,
    number INTEGER NOT NULL,
    final INTEGER NOT NULL,
    text TEXT NOT NULL,
    seed INTEGER NOT NULL,
    finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    seconds REAL,
    problem TEXT NOT NULL,
    thinking TEXT NOT NULL,
    host TEXT NOT NULL,
    retries TEXT NOT NULL,
    UNIQUE (t, query, participant, response, number)
);
CREATE VIEW asked_responses AS SELECT * FROM asked_attempts WHERE final;
CREATE TABLE asked_embeddings (
    t INTEGER NOT NULL REFERENCES steps,
    query INTEGER NOT NULL,
    dimensions INTEGER NOT NULL,
    vectors BLOB NOT NULL,       -- as in embeddings
    PRIMARY KEY (t, query)
);
CREATE TABLE asked_steps (       -- what steps holds of the first query
    t INTEGER NOT NULL REFERENCES steps,
    query INTEGER NOT NULL,      -- from 2; 0: of all together, the first among them
    truncated INTEGER,
    failed INTEGER,
    norm REAL,
    norm_debiased REAL,
    noise_floor REAL,
    dispersion BLOB,
    PRIMARY KEY (t, query)
);
CREATE TABLE asked_geometries (
    t INTEGER NOT NULL REFERENCES steps,
    query INTEGER NOT NULL,      -- as in asked_steps
    explained REAL,
    distances BLOB NOT NULL,
    coordinates BLOB NOT NULL,
    owners BLOB NOT NULL,
    PRIMARY KEY (t, query)
);
CREATE VIRTUAL TABLE asked_words USING fts5 (
    text, content='asked_responses', content_rowid='id', columnsize=0,
    tokenize='unicode61 remove_diacritics 2'
);
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _MIXTURES, _PASTS)
"""MIGRATIONS[i] leads from version i to i + 1; what was released is never edited."""

READABLE = 2
"""The earliest version that can be read as it is: it lacks only tables that it would have empty."""


SEVERAL = 100
"""Added to the version of a file that has the tables of queries after the first: those of a run
that asks several, and no other."""


class Reference(NamedTuple):
    """What a file of one version is made of.

    Attributes
    ----------
    objects : set of (str, str, str, str or None)
        Type, name, table and SQL of all tables, indexes and views.
    columns : tuple of (str, str, bool)
        Name, type, and whether it must hold something, of all columns of all tables.
    """

    objects: frozenset[tuple[str, str, str, str | None]]
    columns: tuple[tuple[str, str, bool], ...]


@cache
def reference(version: int = SEVERAL + len(MIGRATIONS)) -> Reference:
    """Return what a file of a version is made of."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        several, base = divmod(version, SEVERAL)
        for script in (*MIGRATIONS[:base], *[_QUERIES] * several):
            connection.executescript(script)
        columns = connection.execute(
            """SELECT part.name, part.type, part."notnull" OR part.pk
               FROM sqlite_master AS it, pragma_table_info(it.name) AS part
               WHERE it.type = 'table'"""
        ).fetchall()
        return Reference(_objects(connection), tuple(columns))


def _objects(connection: sqlite3.Connection) -> frozenset[tuple[str, str, str, str | None]]:
    """Return what a file is made of, but for what SQLite makes by itself or when it is told to."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    return frozenset(connection.execute(query))


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a run's file, `SEVERAL` left out.

    Raises
    ------
    DamagedRun
        If it is another program's file, or empty, or made of other tables than this program's:
        what a trigger, a view or a generated column would do is nobody's wish.
    NewerRun
        If this version of lwd-tui doesn't know it.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID or version < 1:
        raise DamagedRun(f"{path} is not a run: it is empty, or another program's file")
    if version >= 2 * SEVERAL or version % SEVERAL > len(MIGRATIONS):
        raise NewerRun(
            f"{path} was written by a later lwd-tui (file version {version}, this one knows "
            f"{len(MIGRATIONS)}); upgrade lwd-tui to open it"
        )
    wanted, found = reference(version).objects, _objects(connection)
    if odd := sorted(name for _, name, *_ in wanted ^ found):
        raise DamagedRun(
            f"{path} is not a run as lwd-tui makes them: its {clean_line(str(odd[0]))} is missing "
            "or of another make; use a copy of the run"
        )
    return int(version) % SEVERAL


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a file from `version` (0: without tables) to this version, each step whole."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    scripts = enumerate(MIGRATIONS[version:], found + 1)
    _execute(connection, scripts)


def add_queries(connection: sqlite3.Connection) -> None:
    """Give a file of this version the tables of queries after the first."""
    _execute(connection, [(SEVERAL + len(MIGRATIONS), _QUERIES)])


def _execute(connection: sqlite3.Connection, scripts: Iterable[tuple[int, str]]) -> None:
    for number, script in scripts:
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {number}; COMMIT;"
        )
