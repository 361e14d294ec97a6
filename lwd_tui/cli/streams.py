"""The standard streams, as shells, pipes and full disks leave them."""

from __future__ import annotations

import io
import os
import sys


def prepare_streams() -> None:
    """Make the standard streams fit to write to.

    One that the shell closed leads nowhere: its number would else go to the next file that is
    opened, such as a run. A character that the terminal's encoding lacks is shown as "?".
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            _lead_nowhere(number)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def reader_left(error: BaseException) -> bool:
    """Whether the reader of a pipe, such as head, has had enough: not an error of ours.

    Rich and Typer leave with code 1 when they meet that.
    """
    return isinstance(
        error.__context__ if isinstance(error, SystemExit) else error, BrokenPipeError
    )


def finish_stdout() -> OSError | None:
    """Write out what waits to be written; return what went wrong, and write no more then."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python tries once more when it leaves.
        _lead_nowhere(sys.stdout.fileno())
        return error
    return None


def _lead_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
