"""A fork of the run that is open, as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.app import ComposeResult

from lwd_tui.errors import LwdError
from lwd_tui.experiment.section import parse_setting
from lwd_tui.text import clean_line
from lwd_tui.tui.parts.dialog import Dialog, labelled
from lwd_tui.tui.parts.editor import Editor
from lwd_tui.tui.parts.line import Line

_HOW = (
    "The run is taken anew from step t on, in a run of its own; nothing changed: its twin. Fields "
    "are written as fresh=3; beta=0.4; participants.1.silent=true. Below is room for a post that "
    "is put in by hand just before. Enter in a line, or on the button, forks it."
)


@dataclass(frozen=True, slots=True)
class ForkWish:
    """What is asked for; see `lwd_tui.run.fork.fork_run`.

    Attributes
    ----------
    at : int
    written : str
        The changes, as they were typed.
    post : str
        "" for none.
    changes : dict
    """

    at: int
    written: str = ""
    post: str = ""
    changes: dict[str, Any] = field(default_factory=dict)


class AskFork(Dialog[ForkWish]):
    """Gives back what is asked for, which may begin with a wish before it, and what was wrong."""

    AUTO_FOCUS = "#fields"
    DEFAULT_CSS = """
    AskFork .label { width: 10; }
    AskFork Editor { height: 4; margin-top: 1; }
    """

    def __init__(self, name: str, wish: ForkWish, complaint: str = "") -> None:
        super().__init__(f"fork {name}", _HOW, "fork it", complaint)
        self._wish = wish

    def compose_fields(self) -> ComposeResult:
        """Yield the step, the changes and the post."""
        wish = self._wish
        yield labelled("at t =", Line(str(wish.at), compact=True, id="at"))
        written = Line(clean_line(wish.written), compact=True, id="fields", select_on_focus=False)
        yield labelled("changes", written)
        yield Editor(wish.post)

    def answer(self) -> ForkWish:
        """Return what is asked for."""
        step = self.query_one("#at", Line).value.strip()
        if not step.isdecimal():
            raise LwdError(f"at t = {step or 'nothing'}: write the first step that is taken anew")
        written = self.query_one("#fields", Line).value
        settings = [setting for setting in written.split(";") if setting.strip()]
        changes = dict(parse_setting(setting) for setting in settings)
        return ForkWish(int(step), written, self.query_one(Editor).written.strip(), changes)


def forked(run: Path, wish: ForkWish) -> Path:
    """Make the fork that is asked for; return where it is.

    Raises
    ------
    LwdError
        In one sentence, if it can't be made.
    """
    from lwd_tui.run.fork import fork_run

    return fork_run(run, wish.at, wish.changes, posts=(wish.post,) if wish.post else ())
