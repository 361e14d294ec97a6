"""How and where a run is written for other tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.app import ComposeResult

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import user_path
from lwd_tui.text import clean_line
from lwd_tui.tui.parts.choice import Choice
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.line import Line

_ALL, _CONTENT = "everything", "without times, hosts and attempts"
_KEEP, _REPLACE = "never replace a file", "replace what is there"


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for; see `lwd_tui.store.export.export`."""

    file_format: str
    out: Path
    content_only: bool = False
    overwrite: bool = False


class AskExport(Dialog[Export]):
    """Gives back what is asked for.

    Parameters
    ----------
    name : str
        Of the run.
    wish : Export, optional
        To begin with: what was asked for before.
    complaint : str
        What was wrong with that.
    """

    AUTO_FOCUS = "#format"

    def __init__(self, name: str, wish: Export | None = None, complaint: str = "") -> None:
        super().__init__(
            f"export {name}",
            "CSV and Parquet are one file a table, in a folder; JSON lines are one file. "
            "Arrows choose and go on; Enter in the last line writes.",
            "export it",
        )
        self._run = name
        self._wish = wish or Export("csv", self._place("csv"))
        self._complaint = complaint

    def compose_fields(self) -> ComposeResult:
        """Yield the choices and the place."""
        wish = self._wish
        yield Choice(("csv", "jsonl", "parquet"), wish.file_format, id="format")
        yield Choice((_ALL, _CONTENT), _CONTENT if wish.content_only else _ALL, id="content")
        yield Choice((_KEEP, _REPLACE), _REPLACE if wish.overwrite else _KEEP, id="replace")
        yield Line(clean_line(str(wish.out)), compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Say what was wrong."""
        self.complain(self._complaint)

    def answer(self) -> Export:
        """Return what is asked for."""
        written = self.query_one(Line).value.strip()
        if not written:
            raise LwdError("write where the run is to be written")
        return Export(
            self.query_one("#format", Choice).chosen,
            user_path(written).absolute(),
            self.query_one("#content", Choice).chosen == _CONTENT,
            self.query_one("#replace", Choice).chosen == _REPLACE,
        )

    @on(Choice.Changed, "#format")
    def _other_format(self, event: Choice.Changed) -> None:
        """Propose another place, unless the user wrote one."""
        line = self.query_one(Line)
        if line.value in {str(self._place(each)) for each in event.choice.choices}:
            line.value = str(self._place(event.chosen))

    def _place(self, file_format: str) -> Path:
        ending = ".jsonl" if file_format == "jsonl" else f"-{file_format}"
        return Path.cwd() / f"{self._run}{ending}"
