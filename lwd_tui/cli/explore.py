"""The explorer, opened from the command line."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

from lwd_tui.errors import LwdError


def explore(**opening: Any) -> int:
    """Open the explorer as `lwd_tui.tui.app.run_app` is told to, and return its exit code.

    Raises
    ------
    LwdError
        If there is no terminal that can draw.
    """
    refuse_without_terminal()
    # A key waits for the next frame: 8 ms at the longest, where Textual would let it be 16.
    os.environ.setdefault("TEXTUAL_FPS", "120")
    # Nothing that is imported is garbage, and to look for some takes a tenth of the way to a page,
    # after which Python does so again.
    gc.disable()
    from lwd_tui.tui.app import run_app

    return run_app(**opening)


def refuse_without_terminal() -> None:
    """Raise LwdError if there is no terminal that can draw."""
    # Textual draws on stderr.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise LwdError("the explorer needs a terminal; without one, add --headless")
    if os.environ.get("TERM") == "dumb":
        raise LwdError("the explorer needs a terminal that can draw, and TERM is dumb: --headless")
