"""Files of the app's own: what it remembers from one start to the next, and reports of mistakes."""

from __future__ import annotations

import json
import os
import platform
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Literal

from platformdirs import user_config_path, user_state_path

from lwd_tui import __version__


def folder(kind: Literal["config", "state"]) -> Path:
    """Return the folder of settings, or of what is remembered: LWD_HOME, or the platform's own."""
    if chosen := os.environ.get("LWD_HOME"):
        return Path(chosen).expanduser().absolute()
    own = user_config_path if kind == "config" else user_state_path
    return own("lwd-tui", appauthor=False)


def write_whole(path: Path, text: str) -> None:
    """Write a file of ours, or leave what was there; what can't be written is forgotten."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


@dataclass(slots=True)
class State:
    """What is remembered.

    Attributes
    ----------
    theme, page, panel : str
        Names; of the panel that stands alone on a small terminal.
    run : str
        Where the run is that was open; "" for none.
    basis : {"aligned", "common"}
        Of the scatter: each step turned to the last, or all steps in one plane.
    axes : {"held", "fitted"}
        Of the scatter: as wide as all steps need, or as narrow as the viewed step.
    groups : str
        What the groups of a crowd have in common, as `lwd_tui.tui.state.grouping` names it; "" for
        the first that there is.
    delay : float
        Seconds between two steps.
    octants : bool
        Whether strong lines are drawn in octants, which not every terminal has.
    """

    theme: str = "lwd-dark"
    page: str = ""
    panel: str = ""
    run: str = ""
    basis: str = "aligned"
    axes: str = "held"
    groups: str = ""
    delay: float = 0.0
    octants: bool = False

    @classmethod
    def load(cls) -> State:
        """Read what was saved; what can't be understood is left at its default."""
        state = cls()
        try:
            saved = json.loads((folder("state") / "app.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return state
        if isinstance(saved, dict):
            for entry in fields(cls):
                value = saved.get(entry.name)
                if type(value) is type(getattr(state, entry.name)):
                    setattr(state, entry.name, value)
        return state

    def save(self) -> None:
        """Write it; a folder that can't be written costs the memory, nothing else."""
        write_whole(folder("state") / "app.json", json.dumps(asdict(self), indent=2))


def write_report(error: BaseException) -> Path:
    """Write what went wrong, and return where."""
    path = folder("state") / "reports" / f"{datetime.now():%Y-%m-%d-%H%M%S-%f}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    # What a worker raised is inside of what says that it failed.
    trace = "".join(traceback.format_exception(getattr(error, "error", error)))
    path.write_text(
        f"lwd-tui {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"\n{trace}",
        encoding="utf-8",
    )
    return path
