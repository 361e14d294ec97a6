"""The participants of an experiment that is being set up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment

from lwd_tui.experiment.llm import Participant
from lwd_tui.palette import marker
from lwd_tui.tui.pages.setup.edited import EditedRows
from lwd_tui.tui.parts.excerpt import excerpt

_NAME = 20
_MODEL = 24
_PERSONA = 10


class Cast(EditedRows):
    """One line a participant: marker, name, model, persona; who runs it, where that differs."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cast: Sequence[Participant] = ()
        self._missing: Collection[int] = ()

    def show_cast(
        self, cast: Sequence[Participant], nothing: str, missing: Collection[int]
    ) -> None:
        """Show participants.

        Parameters
        ----------
        cast : sequence of Participant
        nothing : str
            What is said if there are none.
        missing : collection of int
            Positions of those whose model isn't where it is looked for.
        """
        self._cast, self._missing, self.nothing = cast, missing, nothing
        self.fill(len(cast), self.cursor)

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line."""
        who = self._cast[row]
        name = excerpt(who.name, _NAME)
        model = excerpt(who.model, _MODEL)
        column = max((min(cell_len(one.name), _NAME) for one in self._cast), default=0)
        yield Segment(f"{marker(row)} ", self.series_ink(row))
        yield Segment(_padded(name, column + 2), self.ink(bold=True))
        wide = max((min(cell_len(one.model), _MODEL) for one in self._cast), default=0)
        yield Segment(_padded(model, wide + 2), self.ink())
        if row in self._missing:
            yield Segment("not there  ", self.ink("error", bold=True))
        details = [f"temp {who.sampling.temperature:g}"]
        if len({(one.backend, one.host) for one in self._cast}) > 1:
            details.insert(0, excerpt(f"{who.backend} {who.host}".strip(), 30))
        details += ["base model"] if who.style == "completion" else []
        left = width - (2 + column + 2 + wide + 2)
        for detail in details:
            if cell_len(detail) <= left:
                left -= cell_len(detail) + 2
                yield Segment(f"{detail}  ", self.ink("quiet"))
        if who.system and left > _PERSONA:
            yield Segment(f"“{excerpt(who.system, left - 2)}”", self.ink("quiet"))


def _padded(text: str, width: int) -> str:
    return text + " " * max(width - cell_len(text), 0)
