"""Recorded runs: real ones, packed into the package, unpacked once where they are to be opened."""

from __future__ import annotations

import hashlib
import lzma
import os
from pathlib import Path

from platformdirs import user_cache_path

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import user_path
from lwd_tui.lessons.lesson import shipped
from lwd_tui.store.files import write_whole


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
    # Another version of the package may hold another run of that name.
    digest = hashlib.sha256(data).hexdigest()[:12]
    target = _folder() / f"{name}-{digest}.sqlite"
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


def _folder() -> Path:
    chosen = os.environ.get("LWD_HOME")
    base = user_path(chosen) if chosen else user_cache_path("lwd-tui", appauthor=False)
    return base.absolute() / "recorded"
