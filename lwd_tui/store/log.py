"""SQLite's log beside a run's file, and what of both tells that the run was written."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[tuple[int, int] | None, ...]
"""Time and size of a file and of its log; None for one that isn't there."""


def log_of(path: Path) -> Path:
    """Return the file of SQLite's log, beside a database."""
    return path.with_name(f"{path.name}-wal")


def stamp_of(path: Path) -> Stamp:
    """Return what changes whenever a database is written, its log included."""
    stamps: list[tuple[int, int] | None] = []
    for file in (path, log_of(path)):
        try:
            found = file.stat()
        except OSError:
            stamps.append(None)
        else:
            stamps.append((found.st_mtime_ns, found.st_size))
    return tuple(stamps)
