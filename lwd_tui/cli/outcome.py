"""How the command line is left: with an exit code, and one sentence about an error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from lwd_tui.cli.streams import finish_stdout, prepare_streams, reader_left
from lwd_tui.errors import LwdError


def leave(command: Callable[[], Any]) -> NoReturn:
    """Run a command and leave with its exit code; an error is one sentence, never a traceback.

    Parameters
    ----------
    command : callable
        Returns the code, or leaves with it.
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
