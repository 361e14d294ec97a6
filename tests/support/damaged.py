"""Run files as strangers might hand them on: damaged, forged, swollen; each by its seed."""

import json
import random
import sqlite3
import struct
import zlib
from contextlib import closing, suppress
from pathlib import Path

BOMB = zlib.compress(bytes(80 * 2**20), 1)
DEEP = "[" * 100_000 + "]" * 100_000

VALUES = (
    *(None, "", "x", "1", -1, 0, 1, 2**31, 2**63 - 1, -(2**63), 0.5, 1e308, float("inf")),
    *(b"", b"\0", b"\xff" * 7, b"\xff" * 8, b"\0" * 64, b"\xff" * 64, BOMB, zlib.compress(b"{}")),
    *("\x1b]0;owned\x07", "[/]", "NaN", "[]", "{}", "null", "7", '{"a": NaN}', DEEP, "é" * 3000),
    *(struct.pack("<8d", *range(8)), struct.pack("<4d", 1e308, float("nan"), -1e308, 0.0)),
    *(struct.pack("<4q", -1, 0, 99, 2**62), struct.pack("<4i", -1, 0, 99, 2**31 - 1)),
)
LEAVES = (
    *(None, True, -1, 0, 1, 2, 2**40, 10**400, 0.5, 1e308, float("nan"), "", "x", "\x1b[31m"),
    *([], {}, [[]], {"a": 1}, ["x"], "\ud800", "z" * 10_000, "scripted", "auto", 10**6),
)

ODD = (float("nan"), float("inf"), float("-inf"), 1e38, -1e38, 1e-38, 0.0, -1.0)
ODD_WHOLE = (-1, 0, 1, 2, 3, 99, 2**31 - 1)

TRIGGER = """CREATE TRIGGER evil AFTER INSERT ON {table} BEGIN
    DELETE FROM posts; INSERT INTO events (time, kind, message) VALUES ('x', 'x', 'x'); END"""
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {} FROM c"


def damage(whole: Path, out: Path, seed: int) -> str:
    """Write a damaged copy of a run's file; return in a word how."""
    rng = random.Random(seed)  # noqa: S311 (damage, not secrets)
    out.write_bytes(whole.read_bytes())
    kinds = (
        *[_bytes] * 3,
        *[_values] * 5,
        *[_json] * 4,
        *[_numbers] * 3,
        *[_rows] * 2,
        *[_schema] * 3,
        _beside,
    )
    kind = rng.choice(kinds)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        with suppress(sqlite3.Error, ValueError, LookupError, TypeError, RecursionError):
            kind(out, rng)
    return kind.__name__.strip("_")


def _bytes(out, rng):
    data = bytearray(out.read_bytes())
    match rng.randrange(7):
        case 0:
            del data[rng.randrange(len(data)) :]
        case 1:
            for _ in range(rng.choice((1, 10, 1000))):
                data[rng.randrange(len(data))] = rng.randrange(256)
        case 2:
            page = rng.randrange(len(data) // 4096) * 4096
            data[page : page + 4096] = rng.choice((bytes(4096), rng.randbytes(4096)))
        case 3:
            one, two = (rng.randrange(len(data) // 4096) * 4096 for _ in range(2))
            data[one : one + 4096] = data[two : two + 4096]
        case 4:
            data[rng.randrange(100)] = rng.choice((0, 1, 255))
        case 5:
            data += rng.randbytes(rng.randrange(9000))
        case 6:
            # A page's own header: its kind, its number of cells, and where they are.
            page = rng.randrange(1, len(data) // 4096) * 4096
            data[page + rng.randrange(24)] = rng.randrange(256)
    out.write_bytes(data)


def _connected(out):
    connection = sqlite3.connect(out, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    return closing(connection)


def _tables(connection):
    return [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
        )
        if connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
    ]


def _values(out, rng):
    with _connected(out) as connection:
        table = rng.choice(_tables(connection))
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info('{table}')")]
        column, value = rng.choice(columns), rng.choice(VALUES)
        some = rng.choice(("", "WHERE rowid IN (SELECT max(rowid) FROM {0})")).format(table)
        connection.execute(f'UPDATE OR REPLACE "{table}" SET "{column}" = ? {some}', (value,))  # noqa: S608


def _numbers(out, rng):
    """Put numbers that nobody computed among those of an array, which keeps its size."""
    arrays = (
        *(
            ("embeddings", "vectors", "f"),
            ("geometries", "distances", "d"),
            ("draws", "posts", "i"),
        ),
        *(("geometries", "coordinates", "d"), ("geometries", "owners", "q")),
        *(
            ("steps", "dispersion", "d"),
            ("replicates", "weights", "d"),
            ("replicates", "lifted", "q"),
        ),
        *(
            ("asked_embeddings", "vectors", "f"),
            ("asked_geometries", "distances", "d"),
            ("asked_geometries", "coordinates", "d"),
            ("asked_steps", "dispersion", "d"),
        ),
    )
    with _connected(out) as connection:
        present = _tables(connection)
        table, column, kind = rng.choice([each for each in arrays if each[0] in present])
        row, blob = connection.execute(
            f"SELECT rowid, {column} FROM {table} WHERE {column} NOTNULL ORDER BY random()"  # noqa: S608
        ).fetchone()
        blob, size = bytearray(blob), struct.calcsize(kind)
        for _ in range(rng.choice((1, 3, len(blob) // size))):
            odd = ODD_WHOLE if kind in "qi" else ODD
            place = rng.randrange(len(blob) // size) * size
            struct.pack_into(f"<{kind}", blob, place, rng.choice(odd))
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (blob, row))  # noqa: S608


def _rows(out, rng):
    with _connected(out) as connection:
        table = rng.choice(_tables(connection))
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info('{table}')")]
        if rng.random() < 0.5:
            some = f"SELECT rowid FROM {table} ORDER BY random() LIMIT 2"  # noqa: S608
            connection.execute(f"DELETE FROM {table} WHERE rowid IN ({some})")  # noqa: S608
        else:
            row = list(connection.execute(f"SELECT * FROM {table} LIMIT 1").fetchone())  # noqa: S608
            row[0] = rng.choice((7, 99, -5, 2**40))
            if len(row) > 1 and columns[1] in ("participant", "response", "t"):
                row[1] = rng.choice((7, -1))
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608


def _json(out, rng):
    with _connected(out) as connection:
        column = rng.choice(("experiment", "experiment", "record"))
        (text,) = connection.execute(f"SELECT {column} FROM run").fetchone()  # noqa: S608
        data = json.loads(text)
        place, key = data, rng.choice(list(data) or ["x"])
        while isinstance(place.get(key) if isinstance(place, dict) else place[key], (dict, list)):
            inner = place[key]
            if not inner or rng.random() < 0.3:
                break
            place, key = (
                inner,
                rng.choice(list(inner if isinstance(inner, dict) else range(len(inner)))),
            )
        if isinstance(place, dict) and rng.random() < 0.2:
            place.pop(key, None)
        else:
            place[key] = rng.choice(LEAVES)
        text = json.dumps(data)
        if rng.random() < 0.1:
            text = rng.choice(
                (DEEP, '{"a":' * 50_000, text[:-1], f"[{text}]", "{" + '"a": 1, ' * 10**5)
            )
        connection.execute(f"UPDATE run SET {column} = ?", (text,))  # noqa: S608


def _schema(out, rng):
    with _connected(out) as connection:
        table = rng.choice(
            ("run", "posts", "steps", "attempts", "embeddings", "draws", "geometries")
        )
        match rng.randrange(9):
            case 0:
                connection.execute(
                    TRIGGER.format(table=rng.choice(("events", "steps", "attempts")))
                )
            case 1:
                connection.execute(f"ALTER TABLE {table} RENAME TO kept")
                columns = [row[1] for row in connection.execute("PRAGMA table_info('kept')")]
                body = ENDLESS.format(", ".join(f"x AS {name}" for name in columns))
                connection.execute(f"CREATE VIEW {table} AS {body}")
            case 2:
                connection.execute(f"DROP TABLE {table}")
            case 3:
                columns = [row[1] for row in connection.execute(f"PRAGMA table_info('{table}')")]
                connection.execute(
                    f"ALTER TABLE {table} RENAME COLUMN {rng.choice(columns)} TO odd"
                )
            case 4:
                connection.execute(
                    f"ALTER TABLE {table} ADD COLUMN evil AS (hex(zeroblob(400000000)))"
                )
            case 5:
                connection.execute("DROP VIEW responses")
                connection.execute("CREATE VIEW responses AS " + ENDLESS.format("x AS t, x AS id"))
            case 6:
                version = rng.choice((0, 1, 3, 99, -1, 2**31 - 1))
                connection.execute(f"PRAGMA user_version = {version}")
            case 7:
                connection.execute("CREATE VIRTUAL TABLE more USING fts5 (text)")
            case 8:
                connection.execute("PRAGMA writable_schema = ON")
                name = rng.choice(("run", "responses", "post_words", "steps"))
                sql = rng.choice(("CREATE TABLE", "", None, f"CREATE TABLE {name} (a, b)", "x" * 9))
                connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, name))


def _beside(out, rng):
    ending = rng.choice(("-wal", "-journal", "-shm"))
    beside = out.with_name(out.name + ending)
    match rng.randrange(3):
        case 0:
            beside.write_bytes(rng.randbytes(9000))
        case 1:
            # What a kill leaves, some bytes of it wrong.
            with _connected(out) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("UPDATE steps SET norm = 2")
                data = bytearray(out.with_name(f"{out.name}-wal").read_bytes())
            for _ in range(rng.choice((0, 3, 100))):
                data[rng.randrange(len(data))] = rng.randrange(256)
            out.with_name(f"{out.name}-wal").write_bytes(data)
        case 2:
            beside.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(2000))
