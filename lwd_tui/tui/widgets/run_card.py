"""What is known of one stored run."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.store.records import RunSummary
from lwd_tui.text import shorten
from lwd_tui.tui.shelf import Card
from lwd_tui.tui.widgets.panel import Panel
from lwd_tui.tui.widgets.passage import Passage, capped
from lwd_tui.tui.widgets.run_table import norms
from lwd_tui.words import size_text

_LABEL = 13
_STATUS = {
    "done": "all its steps are there",
    "running": "a process writes it now",
    "stopped": "it can go on (c)",
    "damaged": "it can't be read",
    "newer": "a later lwd-tui wrote it",
}


class RunCard(Panel):
    """Its numbers and facts; of a file that can't be read, why."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._passage = Passage()
        self._path: Path | None = None

    def compose(self) -> ComposeResult:
        """Yield all in one text that scrolls."""
        yield self._passage

    def show_run(self, run: RunSummary | None, card: Card | None = None, problem: str = "") -> None:
        """Show a run.

        Parameters
        ----------
        run : RunSummary or None
            None: there is none.
        card : Card, optional
            What else is known, once it is read.
        problem : str
            Why it can't be read.
        """
        if run is None:
            self.head("run")
            self._passage.put(Content.styled("no run is chosen", "$quiet"))
            return
        stay, self._path = run.path == self._path, run.path
        self.head(shorten(run.name, 40))
        lines = [_line("status", f"{run.status}, {_STATUS[run.status]}")]
        if problem or run.problem:
            lines.append(Content.styled(capped(problem or run.problem), "$error"))
        if run.steps:
            lines.append(_line("steps", f"{run.done} of {run.steps}"))
        if run.done:
            lines.append(_line("norm", norms(run)))
        if run.note:
            lines.append(_line("note", capped(run.note)))
        if card is not None:
            lines += [_line(shorten(label, _LABEL - 1), capped(text)) for label, text in card.facts]
        if run.created:
            lines.append(_line("begun", f"{run.created[:16].replace('T', ' ')} UTC"))
        lines.append(_line("size", size_text(run.size)))
        lines.append(_line("file", shorten(place(run.path), 300)))
        self._passage.put(Content("\n").join(lines), stay=stay)


def place(path: Path) -> str:
    """Return where a run's file is."""
    return str(path)


def _line(label: str, text: str) -> Content:
    return Content.assemble((label.ljust(_LABEL), "$quiet"), text)
