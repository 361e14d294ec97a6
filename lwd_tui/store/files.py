"""Files that are made from a run and are no runs: written whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from lwd_tui.store.errors import RunExists, StoreError


def write_whole(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write a file; another process never sees half of it.

    Parameters
    ----------
    path : Path
    data : bytes
    replace : bool
        Whether a file that is there may be written over.

    Raises
    ------
    RunExists
        If there is one and it may not, or a folder.
    StoreError
        If the file can't be written.
    """
    if path.is_dir() or (path.exists() and not replace):
        raise RunExists(f"{path} exists already; choose another place, or ask to replace it")
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        reason = "its folder is a file" if path.parent.is_file() else error.strerror or error
        raise StoreError(f"can't write to {path}: {reason}") from error
