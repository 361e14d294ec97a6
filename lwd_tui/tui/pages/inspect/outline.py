"""The answers of a run as a tree: t, participant, response.

Our own, because Textual's `Tree` holds a node for each line, and a run may have a million steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from lwd_tui.palette import marker
from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.types import Response, Step

_OPEN, _SHUT = "▾", "▸"


class Entry(NamedTuple):
    """A line of the tree: a step, one of its participants, or what that one answered.

    Attributes
    ----------
    t : int
    participant : int or None
    alike : sequence of Response
        Of one text; empty on the line of a step or a participant.
    """

    t: int
    participant: int | None = None
    alike: Sequence[Response] = ()

    @property
    def response(self) -> Response | None:
        """The first of equal answers."""
        return self.alike[0] if self.alike else None


class Outline(Rows):
    """One line a step with its norm; the viewed step is open, the others are not read.

    Equal answers of a participant are one line, with their count.

    So the tree is as cheap for 1,000,000 steps as for ten, and what is open is what all panels
    show.

    Attributes
    ----------
    signs : sequence of int
        Whose marker and colour each participant has.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "unfold", "open", id="outline.open", show=False),
        Binding("left", "fold", "close", id="outline.close", show=False),
    ]

    @dataclass(eq=False)
    class Opened(Message):
        """Another step is to be viewed."""

        t: int

    @dataclass(eq=False)
    class Pointed(Message):
        """A response of the viewed step is to be shown.

        Attributes
        ----------
        participant, index : int
        chosen : bool
            Whether it was chosen with Enter, and not only passed by.
        """

        participant: int
        index: int
        chosen: bool = False

    def __init__(self) -> None:
        super().__init__("no step is whole yet")
        self._names: Sequence[str] = ()
        self.signs: Sequence[int] = ()
        self._numbers: Sequence[StepNumbers] = ()
        self._step: Step | None = None
        self._answers: list[list[list[Response]]] = []
        self._open: set[int] = {0}

    # What is shown

    def show_run(self, names: Sequence[str], numbers: Sequence[StepNumbers]) -> None:
        """Show another run: the names of its participants, not cleaned, and its whole steps.

        The numbers of these may grow.
        """
        self._names, self._numbers, self.signs = names, numbers, range(len(names))
        self._step, self._answers, self._open = None, [], {0}
        self._lay_out(0)

    def show_step(self, step: Step | None, participant: int = 0, index: int = 0) -> None:
        """Open a step, and put the cursor on one of its responses.

        Where it is on the line of that participant, whose first response is meant, it stays.
        """
        here = self.entry(self.cursor)
        on_its_line = (here.participant, here.response, index) == (participant, None, 0)
        first = self._step is None
        if step is not self._step:
            self._step = step
            self._answers = [[] for _ in self._names]
            for response in step.responses if step else ():
                fold(self._answers[response.participant], response)
        if step is None:
            self._lay_out(0)
            return
        if not on_its_line:
            self._open.add(participant)
        before = step.t + 1 + sum(self._lines(i) for i in range(participant))
        height = self.size.height // 2 if first else self.cursor - self.top
        lines = enumerate(self._answers[participant])
        place = next((i for i, alike in lines if any(each.index == index for each in alike)), 0)
        self._lay_out(before if on_its_line else before + 1 + place)
        # The line that was looked at stays where it was, and the steps move past it.
        self.top = self._seen(self.cursor - height)

    def grow(self) -> None:
        """Show the steps that became whole meanwhile, and stay where we are."""
        self._lay_out(self.cursor)

    def entry(self, row: int) -> Entry:
        """Return what a line stands for."""
        t = self._step.t if self._step is not None else -1
        if row <= t:
            return Entry(row)
        left = row - t - 1
        for participant, answers in enumerate(self._answers):
            lines = self._lines(participant)
            if left < lines:
                return Entry(t, participant, answers[left - 1] if left else ())
            left -= lines
        return Entry(t + 1 + left)

    def _lines(self, participant: int) -> int:
        return 1 + (len(self._answers[participant]) if participant in self._open else 0)

    def _lay_out(self, cursor: int) -> None:
        inside = sum(self._lines(i) for i in range(len(self._answers)))
        self.fill(len(self._numbers) + inside, cursor)

    # Painting

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line."""
        entry = self.entry(row)
        if entry.participant is None:
            return self._step_line(entry.t, width)
        if not entry.alike:
            return self._participant_line(entry.participant, width)
        return self._answer_line(entry.alike, width)

    def _step_line(self, t: int, width: int) -> list[Segment]:
        viewed = self._step is not None and t == self._step.t
        head = f"{_OPEN if viewed else _SHUT} t {t}"
        value = self._numbers[t].norm
        norm = "none" if math.isnan(value) else f"{value:.3f}"
        return [
            Segment(head.ljust(width - len(norm)), self.ink("foreground", bold=viewed)),
            Segment(norm, self.ink("quiet")),
        ]

    def _participant_line(self, participant: int, width: int) -> list[Segment]:
        answers = self._answers[participant]
        failed = sum(alike[0].failed for alike in answers)
        total = sum(map(len, answers))
        alike = f"{len(answers)} of " if len(answers) < total else ""
        count = f"{failed} failed" if failed else f"{alike}{total}"
        name = excerpt(self._names[participant], max(width - 8 - len(count), 4))
        sign = self.signs[participant]
        gap = max(width - 6 - cell_len(name) - len(count), 1)
        return [
            Segment(f"  {_OPEN if participant in self._open else _SHUT} ", self.ink("quiet")),
            Segment(f"{marker(sign)} ", self.series_ink(sign)),
            Segment(name + " " * gap, self.ink()),
            Segment(count, self.ink("warning" if failed else "quiet")),
        ]

    def _answer_line(self, alike: Sequence[Response], width: int) -> list[Segment]:
        answer = alike[0]
        number = Segment(f"{answer.index:>6} ", self.ink("quiet"))
        text = f"failed: {answer.final.problem}" if answer.failed else answer.text
        ink = self.ink("warning" if answer.failed else "foreground")
        count = f" ×{len(alike)}" if len(alike) > 1 else ""
        room = max(width - number.cell_length - len(count), 1)
        words = excerpt(text, room)
        gap = " " * (room - cell_len(words) if count else 0)
        return [number, Segment(words + gap, ink), Segment(count, self.ink("quiet"))]

    # Keys and mouse

    def action_move(self, rows: int) -> None:
        """Move the cursor; what it passes of the viewed step is shown."""
        old = self.cursor
        super().action_move(rows)
        if self.cursor != old:
            self._point()

    def action_choose(self) -> None:
        """Open a step, open or close a participant, or go to a response."""
        if not self.count:
            return
        entry = self.entry(self.cursor)
        if entry.participant is None:
            if self._step is None or entry.t != self._step.t:
                self.post_message(self.Opened(entry.t))
        elif entry.response is None:
            self._open ^= {entry.participant}
            self._lay_out(self.cursor)
        else:
            self._point(chosen=True)

    def action_unfold(self) -> None:
        """Open a step or a participant."""
        if self.count:
            entry = self.entry(self.cursor)
            if entry.participant is None or entry.participant not in self._open:
                self.action_choose()

    def action_fold(self) -> None:
        """Close a participant, from any of its lines; from there, go to its step."""
        if not self.count:
            return
        entry = self.entry(self.cursor)
        if entry.participant is None:
            return
        if entry.participant in self._open:
            self._open.discard(entry.participant)
            before = sum(self._lines(i) for i in range(entry.participant))
            self._lay_out(entry.t + 1 + before)
        else:
            self.cursor = entry.t

    def on_click(self, event: events.Click) -> None:
        """Do what Enter does to a step or a participant, and show a response."""
        event.prevent_default()
        row = event.y + self.top
        if event.x == self.size.width - 1 or row >= self.count:
            super().on_click(event)
            return
        self.cursor = row
        if self.entry(row).response is None or event.chain > 1:
            self.action_choose()
        else:
            self._point()

    def _point(self, *, chosen: bool = False) -> None:
        entry = self.entry(self.cursor)
        if entry.participant is not None:
            index = entry.response.index if entry.response is not None else 0
            self.post_message(self.Pointed(entry.participant, index, chosen=chosen))


def fold(answers: list[list[Response]], answer: Response) -> None:
    """Add an answer of a participant to those of the same text; a failed one stands alone."""
    for alike in answers:
        if alike[0].text == answer.text and not (alike[0].failed or answer.failed):
            alike.append(answer)
            return
    answers.append([answer])
