"""Recorded runs: real ones, packed into the package, unpacked once where they are to be opened."""

from __future__ import annotations

import hashlib
import lzma
from os import PathLike
from pathlib import Path

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import cache_home
from lwd_tui.lessons.lesson import shipped
from lwd_tui.store.errors import NoSuchRun
from lwd_tui.store.files import write_whole
from lwd_tui.store.folder import find_run
from lwd_tui.store.frames import Run


class RecordedMissing(LwdError):
    """A recorded run can't be opened."""


def recorded_run(name: str) -> Path:
    """Return the file of a recorded run, unpacked on first use.

    Raises
    ------
    RecordedMissing
        If it isn't in the package, or is damaged.
    StoreError
        If it can't be written down.
    """
    packed = shipped() / "recorded" / f"{name}.sqlite.xz"
    try:
        data = packed.read_bytes()
    except OSError as error:
        raise RecordedMissing(
            f"the recorded run {name} can't be read ({packed}: {error.strerror}); install lwd-tui "
            "anew"
        ) from None
    # Another version of the package may hold another run of that name, and runs go by their files'.
    digest = hashlib.sha256(data).hexdigest()[:12]
    target = cache_home() / "recorded" / digest / f"{name}.sqlite"
    if target.is_file():
        return target
    try:
        whole = lzma.decompress(data)
    except (lzma.LZMAError, EOFError):
        raise RecordedMissing(
            f"the recorded run {name} is damaged ({packed}); install lwd-tui anew"
        ) from None
    write_whole(target, whole, replace=True)
    return target


def run_called(text: str) -> Path:
    """Return the file of a user's run, as `find_run` does, or else of a recorded one by its name.

    Raises
    ------
    NoSuchRun
    RecordedMissing
    StoreError
    """
    try:
        return find_run(text)
    except NoSuchRun:
        packed = (shipped() / "recorded").glob("*.sqlite.xz")
        if text not in {path.name.partition(".")[0] for path in packed}:
            raise
    return recorded_run(text)


def load_run(run: str | PathLike[str], query: int = 0) -> Run:
    """Find a stored run, or a recorded one; nothing but the name is looked at yet.

    Parameters
    ----------
    run : str or path
        Its name as in `lwd-tui runs list`, the beginning of one name only, a file, or the name of
        a recorded run, such as "collapse", if no run of your own is called so.
    query : int
        See `Run`.

    Returns
    -------
    Run

    Raises
    ------
    NoSuchRun
        With the nearest names.
    RecordedMissing, StoreError
        If a recorded run is damaged, or can't be unpacked.
    """
    return Run(run_called(str(run)), query)
