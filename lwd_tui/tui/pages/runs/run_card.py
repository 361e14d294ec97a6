"""What is known of one stored run."""

from __future__ import annotations

from pathlib import Path

from textual.content import Content

from lwd_tui.store.records import RunSummary
from lwd_tui.text import clean_line, shorten, size_text
from lwd_tui.tui.pages.runs.run_table import norms
from lwd_tui.tui.pages.runs.shelf import Card
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.passage import Passage, capped

_LABEL = 13
_NARROWEST = 12
_SCROLLBAR = 2
"""Columns of the scrollbar, and of a blank before it."""
_STATUS = {
    "done": "all its steps are there",
    "running": "a process writes it now",
    "stopped": "it can go on (c)",
    "damaged": "it can't be read",
    "newer": "a later lwd-tui wrote it",
}


class RunCard(Panel):
    """Its numbers and facts; of a file that can't be read, why."""

    DEFAULT_CSS = "RunCard { padding: 0 0 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        self._passage = Passage()
        super().__init__(self._passage, id=id)
        self._path: Path | None = None
        self._facts: list[tuple[str, Content]] = []

    def show_run(self, run: RunSummary | None, card: Card | None = None, problem: str = "") -> None:
        """Show a run, or that there is none.

        What else is known is on its card, once that is read; the problem is why it can't be.
        """
        if run is None:
            self.head("run")
            self._facts = []
            self._passage.put(Content.styled("no run is chosen", "$quiet"))
            return
        stay, self._path = run.path == self._path, run.path
        self.head(shorten(run.name, 40))
        facts = [("status", f"{run.status}, {_STATUS[run.status]}")]
        if run.steps:
            facts.append(("steps", f"{run.done} of {run.steps}"))
        if run.done:
            facts.append(("norm", norms(run)))
        if run.note:
            facts.append(("note", capped(run.note)))
        if card is not None:
            facts += [(shorten(label, _LABEL - 1), capped(text)) for label, text in card.facts]
        if run.created:
            facts.append(("begun", f"{clean_line(run.created)[:16].replace('T', ' ')} UTC"))
        facts.append(("size", size_text(run.size)))
        facts.append(("file", shorten(place(run.path), 300)))
        self._facts = [(label, Content(text)) for label, text in facts]
        if problem or run.problem:
            self._facts.insert(1, ("", Content.styled(capped(problem or run.problem), "$error")))
        self._fill(stay=stay)

    def on_resize(self) -> None:
        """Break the lines for the new width, once the layout that is under way is done."""
        self.call_after_refresh(self._fill, stay=True)

    def _fill(self, *, stay: bool) -> None:
        """Put each fact beside its label, and what goes on below it under itself."""
        room = max(self.content_size.width - _SCROLLBAR - _LABEL, _NARROWEST)
        lines: list[Content] = []
        for label, text in self._facts:
            for position, line in enumerate(text.wrap(room)):
                words = "" if position else label
                lines.append(Content.assemble((words.ljust(_LABEL), "$quiet"), line))
        if lines:
            self._passage.put(Content("\n").join(lines), stay=stay)


def place(path: Path) -> str:
    """Return where a run's file is."""
    return str(path)
