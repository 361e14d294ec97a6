"""What each participant is doing, or did at the viewed step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len
from textual import events
from textual.content import Content

from lwd_tui.experiment.llm import Participant
from lwd_tui.palette import marker
from lwd_tui.text import shorten
from lwd_tui.tui.pages.live.crowd_table import CrowdTable
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.text_panel import TextPanel
from lwd_tui.tui.state.grouping import Grouping
from lwd_tui.tui.state.progress import ParticipantProgress, Progress
from lwd_tui.tui.theme import series
from lwd_tui.types import Floats, Response, Step

_BAR, _SHORT_BAR, _WIDE = 16, 10, 50
"""Columns of a bar, of one in a narrow panel, and of a panel that isn't narrow."""
_LINES = 4
_FULL, _EMPTY = "█", "░"


class Participants(TextPanel):
    """How many answers of each participant there are, and what it says, as far as there is room.

    A crowd is a table.

    Attributes
    ----------
    table : CrowdTable
    queries : int
        Each of which a participant at work answers.
    """

    DEFAULT_CSS = """
    Participants {
        CrowdTable { display: none; }
        &.-crowd Steady { display: none; }
        &.-crowd CrowdTable { display: block; }
    }
    """

    def __init__(self, id: str | None = None) -> None:
        self.table = CrowdTable()
        self.queries = 1
        super().__init__(self.table, id=id)
        self._names: Sequence[str] = ()
        self._responses = 1
        self._step: Step | None = None
        self._work: Progress | None = None
        self._centre: Floats = np.zeros(0)

    def show_names(self, names: Sequence[str], responses: int) -> None:
        """Show another run's participants, whose names are not cleaned, and L."""
        self.remove_class("-crowd")
        self._names, self._responses = names, responses
        self.show(None, None)

    def show_crowd(self, cast: Sequence[Participant], grouping: Grouping, responses: int) -> None:
        """Show another run's participants, of which there are many."""
        self.add_class("-crowd")
        self._names, self._responses = [who.name for who in cast], responses
        self._centre = np.full(len(cast), np.nan)
        self.table.show_cast(cast, grouping, responses)
        self.show(None, None)

    def show_centre(self, centre: Floats) -> None:
        """Show how far each of a crowd is from the centre at the viewed step."""
        self._centre = centre
        self._draw()

    def show(self, step: Step | None, work: Progress | None) -> None:
        """Show the answers of a whole step, or those of the one at work, if `work` is there.

        The dispersions are those of the whole step in both cases.
        """
        if step is self._step and work == self._work:
            return
        self._step, self._work = step, work
        title = f"answers at t = {step.t}" if step is not None else "nothing yet"
        if work is not None:
            title = f"at work on t = {work.t}"
        self.head(f"participants · {title}", self._dispersions())
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Fit the lines to their new width; a table fits itself."""
        if not self.has_class("-crowd"):
            self._draw()

    def _draw(self) -> None:
        if self.has_class("-crowd"):
            self._fill_table()
            return
        lines: list[Content] = []
        if self._work is not None:
            some = any(each.arrived or each.streaming for each in self._work.participants)
            for i, each in enumerate(self._work.participants):
                state = self._state(each, others_work=some)
                lines += self._lines(i, each.arrived, state, each.text)
        elif self._step is not None:
            for i in range(len(self._names)):
                mine = [answer for answer in self._step.responses if answer.participant == i]
                lines += self._answers(i, mine)
        self.text.put(Content("\n").join(lines))

    def _fill_table(self) -> None:
        n, dispersion = len(self._names), np.full(len(self._names), np.nan)
        counts = np.zeros(n, dtype=np.int64)
        if self._step is not None:
            usable = [answer.participant for answer in self._step.usable]
            counts = np.bincount(np.array(usable, dtype=np.int64), minlength=n)
            if self._step.geometry is not None:
                dispersion = self._step.geometry.dispersion
        if self._work is not None:
            counts = np.array([each.arrived // self.queries for each in self._work.participants])
        self.table.show_numbers(counts, dispersion, self._centre)

    def _dispersions(self) -> Content:
        if self._step is None or self._step.geometry is None or self.has_class("-crowd"):
            return Content()
        values = [
            Content.assemble((f"{marker(i)} ", series(i)), f"{value:.3f}")
            for i, value in enumerate(self._step.geometry.dispersion)
        ]
        return Content(" ").join([Content("dispersion"), *values])

    @property
    def _wanted(self) -> int:
        """The answers that a participant gives: at work on all queries, and then of one each."""
        return self._responses * (1 if self._work is None else self.queries)

    def _state(self, each: ParticipantProgress, *, others_work: bool) -> str:
        if each.arrived >= self._wanted:
            state = "done"
        elif each.streaming:
            state = "writing"
        else:
            state = "waiting" if others_work and not each.arrived else "at work"
        return f"{state}, {each.rejected} asked again" if each.rejected else state

    def _answers(self, i: int, mine: Sequence[Response]) -> list[Content]:
        usable = [answer for answer in mine if not answer.failed]
        again = sum(len(answer.attempts) - 1 for answer in mine)
        parts = [f"{again} asked again"] if again else []
        parts += [f"{len(mine) - len(usable)} failed"] if len(usable) < len(mine) else []
        return self._lines(i, len(usable), ", ".join(parts), usable[0].text if usable else "")

    def _lines(self, i: int, arrived: int, state: str, text: str) -> list[Content]:
        width = max(self.content_size.width - 1, 20)
        lines = self.content_size.height // max(len(self._names), 1) - 1
        lines = min(max(lines, 1), _LINES)
        bar = _BAR if width >= _WIDE else _SHORT_BAR
        room = max(width - bar - 30, 8)
        names = [shorten(name, room) for name in self._names]
        column = max(map(cell_len, names), default=0)
        wanted = self._wanted
        filled = round(bar * min(arrived / wanted, 1))
        share = f" {arrived}/{wanted}  "
        left = max(width - column - bar - len(share) - 4, 1)
        head = Content.assemble(
            (f"{marker(i)} ", series(i)),
            (names[i], "bold"),
            " " * (column - cell_len(names[i]) + 2),
            (_FULL * filled, series(i)),
            (_EMPTY * (bar - filled), "$line"),
            share,
            (shorten(state, left), "$quiet"),
        )
        said = Content(excerpt(text.lstrip(), lines * (width - 4))).wrap(width - 2)
        if len(said) > lines:
            # Broken between words, it takes more room.
            end = " ".join(line.plain for line in said[lines - 1 :])
            said[lines - 1 :] = [Content(shorten(end, width - 2))]
        wrapped = [Content("  ") + line.stylize("$quiet") for line in said]
        # Always as many rows, so that the screen isn't laid out anew with every word.
        return [head, *wrapped, *[Content()] * (lines - len(wrapped))]
