"""A run on a machine that isn't Linux, as far as Linux can be taken away from this one.

    python -m support.elsewhere FOLDER     (in tests/)

What the standard library and other packages need is imported by a first run; then our own modules
are imported anew, on what calls itself Windows and has nothing that Windows hasn't.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import types
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
_OF_OS = ("fork", "getpriority", "getuid", "killpg", "nice", "sched_getaffinity", "setpriority")
_SIGNALS = ("SIGCONT", "SIGHUP", "SIGKILL", "SIGSTOP", "SIGUSR1", "SIGWINCH")


def lwd(*words: object) -> int:
    """Run a command in this process; return its exit code."""
    from lwd_tui.cli.main import main

    sys.argv = ["lwd-tui", *map(str, words)]
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def main() -> None:
    folder = Path(sys.argv[1])
    run = ["--preset", "quickstart", "--backend", "scripted", "--headless", "--steps", "2", "--out"]
    whole = lwd(*run, folder / "here.sqlite")
    for name in [name for name in sys.modules if name.partition(".")[0] == "lwd_tui"]:
        del sys.modules[name]
    take_away()
    from lwd_tui.cli.progress import LineReporter

    see = LineReporter.see

    def interrupts(self: Any, event: object) -> None:
        if type(event).__name__ == "StepCompleted":
            signal.raise_signal(signal.SIGINT)
        see(self, event)

    LineReporter.see = interrupts  # type: ignore[method-assign]
    path = folder / "there.sqlite"
    codes = [whole, lwd(*run, path)]
    LineReporter.see = see  # type: ignore[method-assign]
    codes += [
        lwd("resume", path, "--headless"),
        lwd("fork", path, "--at", "1", "--headless"),
        lwd("runs", "list"),
        lwd("runs", "export", path, "--format", "csv", "--out", folder / "csv"),
        lwd("runs", "delete", path),
    ]
    # Whatever the commands have written to stdout stands before it.
    sys.stdout.write(f"\n{json.dumps(codes)}\n")


def take_away() -> None:
    """Take away what only Linux has, or no more than Unix."""
    for name in _MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=_locking())  # type: ignore[assignment]
    for place, names in ((os, _OF_OS), (signal, _SIGNALS)):
        for name in names:
            delattr(place, name)
    for name in ("add_signal_handler", "remove_signal_handler"):
        setattr(asyncio.SelectorEventLoop, name, _not_there)
    for name in ("rename", "replace", "unlink"):
        setattr(os, name, _refusing(getattr(os, name)))
    sys.platform = "win32"


def _not_there(*_: object) -> None:
    raise NotImplementedError


def _locking() -> Any:
    """Return a stand-in for Windows' locks, which are a handle's own."""
    held: dict[int, tuple[int, int]] = {}

    def locking(handle: int, kind: int, size: int) -> None:
        found = os.fstat(handle)
        key = found.st_dev, found.st_ino
        for other, its in list(held.items()):
            if its not in set(_files([other])):
                del held[other]
        if key in [its for other, its in held.items() if other != handle]:
            raise PermissionError(13, "locked")
        held[handle] = key

    return locking


def _files(handles: list[int]) -> Iterator[tuple[int, int]]:
    for handle in handles:
        with suppress(OSError):
            found = os.fstat(handle)
            yield found.st_dev, found.st_ino


def _refusing(real: Any) -> Any:
    """Return what moves or removes a file, but not one that this process has open."""

    def call(path: Any, *rest: Any, **more: Any) -> None:
        if not more and Path(path).exists():
            found = Path(path).stat()
            handles = [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
            if (found.st_dev, found.st_ino) in set(_files(handles)):
                raise PermissionError(13, "it is open", str(path))
        real(path, *rest, **more)

    return call


if __name__ == "__main__":
    main()
