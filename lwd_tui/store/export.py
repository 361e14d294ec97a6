"""A run as files for pandas, polars, DuckDB and spreadsheets.

CSV and Parquet are one file a table (`lwd_tui.store.tables.TABLES`, and for networks of mixtures
`lwd_tui.store.gmm.GMM_TABLES`): in the folder OUT, or, where
OUT itself ends in ``.csv`` or ``.parquet``, beside each other as ``OUT-posts.csv`` and so on. JSON
lines are one file, one object a row, with its table's name as `kind`. Embeddings, if asked for, are
in Parquet and JSON lines only.

Text is exact. In JSON lines it is ASCII with escapes, so that no reader and no terminal trips over
it. CSV is quoted as in RFC 4180 and holds control characters as they came. Nothing is put before a
text that begins with ``=``, ``+``, ``-`` or ``@``, which a spreadsheet may take for a formula:
import CSV there with its columns set to text. pandas takes an answer such as "NA" for a missing
one unless it is told ``keep_default_na=False``. Half a surrogate pair, which UTF-8 hasn't, is
written in CSV and Parquet as its escape, a backslash, ``u`` and four digits. A number that isn't
defined is null in JSON and Parquet and an empty cell in CSV; a list of ids is one cell in CSV, with
spaces between them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from lwd_tui.store.errors import StoreError
from lwd_tui.store.files import put_in_place
from lwd_tui.store.gmm import GMM_TABLES, gmm_rows
from lwd_tui.store.run import RunStore
from lwd_tui.store.tables import Column, Values, table_rows, tables_of, wanted_tables

_FORMATS = ("csv", "jsonl", "parquet")
# Few enough that the longest prompts of long runs fit in little memory.
_ROWS_AT_ONCE = 500

Tables = dict[str, tuple[Column, ...]]
Rows = Iterable[tuple[str, list[Any]]]


def export(
    store: RunStore,
    file_format: str,
    out: Path,
    *,
    content_only: bool = False,
    embeddings: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Write a run as files, each whole or not at all; return them.

    Parameters
    ----------
    store : RunStore
    file_format : {"csv", "jsonl", "parquet"}
    out : Path
        A file for JSON lines; a folder, or the common beginning of the files' names with the
        format's ending, for the others.
    content_only : bool
        Leave out times, hosts and attempts, so that equal experiments on the scripted backend
        export equal bytes.
    embeddings : bool
        Write the embeddings too; never into CSV.
    overwrite : bool
        Replace files that are there.

    Raises
    ------
    RunExists
        If a file is there that may not be replaced.
    StoreError
        If `out` can't be written, or pyarrow isn't installed.
    """
    if file_format not in _FORMATS:
        raise StoreError(f"no format is called {file_format!r}; there are {', '.join(_FORMATS)}")
    if file_format == "parquet":
        _pyarrow()
    mixtures = store.kind == "gmm"
    embeddings = embeddings and file_format != "csv"
    tables = wanted_tables(
        GMM_TABLES if mixtures else tables_of(store),
        content_only=content_only,
        embeddings=embeddings,
    )
    found = (
        (table, [values[column.name] for column in tables[table]])
        for table, values in (
            gmm_rows(store)
            if mixtures
            else table_rows(store, content_only=content_only, embeddings=embeddings)
        )
        if table in tables
    )
    paths = [out]
    if file_format != "jsonl":
        paths = [_beside(out, f"{table}.{file_format}") for table in tables]
    write = {"csv": _write_csv, "jsonl": _write_jsonl, "parquet": _write_parquet}[file_format]
    try:
        with put_in_place(paths, replace=overwrite) as parts:
            write(parts, tables, found)
    except OSError as error:
        reason = error.strerror or error
        if file_format != "jsonl" and out.is_file():
            reason = f"it is a file, and a folder is needed, or a name that ends in .{file_format}"
        raise StoreError(f"can't write to {out}: {reason}") from error
    return paths


def _beside(out: Path, name: str) -> Path:
    """Return the file `name` of an export to the folder `out`, or to files named like `out`."""
    if out.suffix in (".csv", ".parquet"):
        return out.with_name(f"{out.stem}-{name}")
    return out / name


def _write_jsonl(parts: list[Path], tables: Tables, found: Rows) -> None:
    (part,) = parts
    with part.open("w", encoding="ascii", newline="\n") as file:
        for table, values in found:
            names = (column.name for column in tables[table])
            row = {"kind": table} | dict(zip(names, values, strict=True))
            file.write(json.dumps(row, allow_nan=False) + "\n")


def _write_csv(parts: list[Path], tables: Tables, found: Rows) -> None:
    with ExitStack() as stack:
        writers = {}
        for part, (table, columns) in zip(parts, tables.items(), strict=True):
            file = part.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            writers[table] = csv.writer(stack.enter_context(file))
            writers[table].writerow(column.name for column in columns)
        for table, values in found:
            writers[table].writerow(map(_cell, values, tables[table]))


def _cell(value: Any, column: Column) -> Any:
    match column.kind:
        case "json":
            return json.dumps(value)
        case "ints":
            return " ".join(map(str, value))
        case _:
            return value


def _write_parquet(parts: list[Path], tables: Tables, found: Rows) -> None:
    arrow, parquet = _pyarrow()
    kinds = {
        "int": arrow.int64(),
        "float": arrow.float64(),
        "text": arrow.string(),
        "json": arrow.string(),
        "ints": arrow.list_(arrow.int32()),
        "floats": arrow.list_(arrow.float32()),
    }
    with ExitStack() as stack:
        writers: dict[str, Any] = {}
        waiting: dict[str, list[Values]] = {}

        def flush(table: str) -> None:
            schema = writers[table].schema
            writers[table].write_table(arrow.Table.from_pylist(waiting[table], schema=schema))
            waiting[table].clear()

        for part, (table, columns) in zip(parts, tables.items(), strict=True):
            schema = arrow.schema([(column.name, kinds[column.kind]) for column in columns])
            writer = parquet.ParquetWriter(part, schema, compression="zstd")
            writers[table], waiting[table] = stack.enter_context(writer), []
        for table, values in found:
            waiting[table].append(
                {
                    column.name: plain(value, column)
                    for column, value in zip(tables[table], values, strict=True)
                }
            )
            if len(waiting[table]) == _ROWS_AT_ONCE:
                flush(table)
        for table in writers:
            flush(table)


def plain(value: Any, column: Column) -> Any:
    """Return a value that Arrow and pandas take, its text such as UTF-8 has."""
    match column.kind:
        case "json":
            return json.dumps(value)
        case "text":
            return value.encode("utf-8", "backslashreplace").decode()
        case _:
            return value


def _pyarrow() -> tuple[Any, Any]:
    """Return pyarrow and its parquet module, which has no types."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise StoreError(
            "Parquet needs pyarrow, which isn't installed: pip install 'lwd-tui[parquet]'"
        ) from None
