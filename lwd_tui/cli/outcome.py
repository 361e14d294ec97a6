"""How the command line is left: its streams written out, an exit code, one sentence on an error."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from lwd_tui.errors import LwdError


def leave(command: Callable[[], Any]) -> NoReturn:
    """Run a command and leave with its exit code; an error is one sentence, never a traceback.

    The command returns the code, or leaves with it.
    """
    prepare_streams()
    code = _outcome(command)
    trouble = finish_stdout()
    if trouble is not None and not reader_left(trouble):
        code = code or _tell(_unwritten(trouble))
    sys.exit(code)


def _outcome(command: Callable[[], Any]) -> int | str | None:
    try:
        return command() or 0
    except LwdError as error:
        return _tell(error)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        return _tell(_unwritten(error))
    except SystemExit as left:
        return 0 if reader_left(left) else left.code


def _tell(error: LwdError) -> int:
    from lwd_tui.text import clean

    with suppress(OSError):
        sys.stderr.write(f"lwd-tui: {clean(str(error))}\n")
    return error.exit_code


def _unwritten(error: OSError) -> LwdError:
    """Say what the system refused; without a file's name it was the output."""
    from lwd_tui.text import shorten

    where = "the output can't be written" if error.filename is None else str(error.filename)
    return LwdError(f"{shorten(where, 200)}: {error.strerror or error}")


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
