"""The explorer in a terminal: a process of its own behind a pseudo-terminal, and an emulator."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

import pyte

_PATIENCE = 30.0
_STILL = 0.5
"""Seconds without a byte after which the screen is taken to be at rest."""
_IDLE = 0.1
"""Seconds of those in which a process at rest may have worked, or waited for a processor."""


class Terminal:
    """Runs `lwd-tui` in a terminal of some size, and keeps what that shows.

    Attributes
    ----------
    said : bytes
        All that was written to the terminal.
    """

    def __init__(self, *arguments, size=(120, 40), **environment):
        self.said = b""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, theirs = pty.openpty()
        self._measure(size)
        # These would outweigh the size that the terminal has.
        kept = {name: os.environ[name] for name in os.environ.keys() - {"COLUMNS", "LINES"}}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lwd_tui", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=kept | {"TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"} | environment,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    @property
    def pid(self):
        """The number of the process, and of its session."""
        return self._process.pid

    @property
    def lines(self):
        """What is on the screen."""
        return list(self._screen.display)

    @property
    def text(self):
        return "\n".join(self.lines)

    def colours(self):
        """Return the names of all colours on the screen, as the emulator understood them."""
        cells = [cell for row in self._screen.buffer.values() for cell in row.values()]
        return {cell.fg for cell in cells} | {cell.bg for cell in cells}

    def press(self, *keys):
        """Send what a terminal sends for some keys."""
        for key in keys:
            os.write(self._ours, key.encode())

    def click(self, x, y, button=0):
        """Press and let go of a button of the mouse, as xterm tells it; 64 and 65 are its wheel."""
        self.press(f"\x1b[<{button};{x + 1};{y + 1}M", f"\x1b[<{button};{x + 1};{y + 1}m")

    def find(self, words):
        """Return the place of some words on the screen."""
        for y, line in enumerate(self.lines):
            if (x := line.find(words)) >= 0:
                return x, y
        raise AssertionError(f"{words!r} isn't on the screen:\n{self.text}")

    def resize(self, *size):
        """Make the terminal of another size, and wait for the first of the answer."""
        self._screen.resize(lines=size[1], columns=size[0])
        self._measure(size)
        os.kill(self._process.pid, signal.SIGWINCH)
        self._read(_PATIENCE)

    def until(self, condition):
        """Read on until something holds; fail if it never does."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            came = self._read(max(deadline - time.monotonic(), 0))
            assert came, f"it never came to hold:\n{self.text}"

    def watch(self, seconds):
        """Read on for some seconds."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)

    def shows(self, *words):
        """Read on until some words are on the screen."""
        self.until(lambda: all(each in self.text for each in words))

    def at_rest(self):
        """Read on until nothing comes any more, and return what is on the screen."""
        before = self._busy()
        while self._read(_STILL) or self._busy() - before > _IDLE:
            before = self._busy()
        return self.lines

    def ended(self):
        """Read to the end, and return the exit code."""
        while self._read(_PATIENCE):
            pass
        return self._process.wait(_PATIENCE)

    def _busy(self):
        """Return the seconds in which the process worked, or would have on an idle machine."""
        seconds = 0.0
        for task in Path(f"/proc/{self._process.pid}/task").glob("*/schedstat"):
            with suppress(OSError):  # A thread that has just ended.
                worked, waited, _ = task.read_text().split()
                seconds += (int(worked) + int(waited)) / 1e9
        return seconds

    def _measure(self, size):
        columns, rows = size
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self, seconds):
        """Take what comes within some seconds; say whether anything did."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return False
        try:
            said = os.read(self._ours, 65536)
        except OSError:  # What Linux says where the other side is closed.
            said = b""
        self.said += said
        self._stream.feed(said)
        return bool(said)


def _take_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
