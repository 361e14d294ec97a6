"""A mistake of the app's own, written down for a report; the run's file is not touched."""

from __future__ import annotations

import platform
import traceback
from datetime import datetime
from pathlib import Path

from lwd_tui import __version__
from lwd_tui.tui.state.memory import folder


def write_report(error: BaseException) -> Path:
    """Write what went wrong, and return where."""
    path = folder("state") / "reports" / f"{datetime.now():%Y-%m-%d-%H%M%S-%f}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    trace = "".join(traceback.format_exception(error))
    path.write_text(
        f"lwd-tui {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"\n{trace}",
        encoding="utf-8",
    )
    return path
