"""A program on a pseudo-terminal of its own: keys go in, and what is painted is timed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78])"
)
# What a program asks a terminal at its start, and what one with synchronised output replies.
_REPLIES = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}
_TICKS = os.sysconf("SC_CLK_TCK")


class TimedTerminal:
    """Runs a command until it is left.

    Parameters
    ----------
    command : sequence of str
    size : (int, int)
        Columns and rows.
    environment : dict
        Added to that of this process.
    """

    def __init__(
        self, command: Sequence[str], size: tuple[int, int] = (120, 40), **environment: str
    ) -> None:
        self.began = time.perf_counter()
        self.pid, self._file = pty.fork()
        if not self.pid:
            settings = {"TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
            # What is installed is compiled once, not at each start.
            settings["PYTHONDONTWRITEBYTECODE"] = ""
            os.execvpe(command[0], list(command), os.environ | settings)  # noqa: S606 (no shell)
        rows = struct.pack("HHHH", size[1], size[0], 0, 0)
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, rows)
        self._raw = b""
        self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._file)

    def press(self, keys: str) -> float:
        """Send keys, forgetting what was painted before; return the time of it."""
        self.read(0)
        self._raw = b""
        os.write(self._file, keys.encode())
        return time.perf_counter()

    def until(self, pattern: str, seconds: float = 60) -> float:
        """Return the time at which what was painted since the last key holds a pattern.

        Raises
        ------
        TimeoutError
            If it isn't painted.
        """
        wanted = re.compile(pattern)
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            if self.read(0.5) and wanted.search(self.text):
                return time.perf_counter()
        raise TimeoutError(f"{pattern!r} was not painted; at the end: {self.text[-2000:]!r}")

    @property
    def text(self) -> str:
        """What was painted since the last key, without its escape sequences."""
        return _SEQUENCE.sub(b"", self._raw).decode(errors="replace")

    def read(self, seconds: float) -> bool:
        """Take what is painted within some seconds at the longest; return whether there was any."""
        some = False
        while select.select([self._file], [], [], 0 if some else seconds)[0]:
            try:
                chunk = os.read(self._file, 1 << 20)
            except OSError:
                break
            some = True
            self.bytes += len(chunk)
            self._raw += chunk
            for question, reply in _REPLIES.items():
                if question in chunk:
                    os.write(self._file, reply)
        return some

    def rest(self, seconds: float) -> None:
        """Let it paint for a while."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def processor(self) -> float:
        """Return the processor time that it took so far, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self, of: str = "VmHWM") -> float:
        """Return the most memory that it held so far, in MiB, or what it holds now (VmRSS)."""
        found = re.search(rf"{of}:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) / 1024 if found else float("nan")
