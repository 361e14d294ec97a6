"""The participants of an experiment that is being set up, with their personas and sampling."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual import on, work

from lwd_tui.experiment.draft import Draft
from lwd_tui.experiment.llm import Participant
from lwd_tui.experiment.participants import HERE
from lwd_tui.palette import marker
from lwd_tui.tui.pages.setup.draft_panel import DraftPanel, EditedRows
from lwd_tui.tui.pages.setup.participant import EditParticipant
from lwd_tui.tui.parts.excerpt import excerpt, padded
from lwd_tui.tui.parts.network_line import NetworkLine

_NAME = 20
_MODEL = 24
_PERSONA = 10
_AUTO = "auto: chosen when the run starts; choose models yourself, or wait until they are asked"
_NONE = "nobody yet: choose models, or a adds one by hand"


class Cast(EditedRows):
    """One line a participant: marker, name, model, persona; who runs it, where that differs."""

    def __init__(self) -> None:
        super().__init__()
        self._cast: Sequence[Participant] = ()
        self._missing: Collection[int] = ()

    def show_cast(
        self, cast: Sequence[Participant], nothing: str, missing: Collection[int]
    ) -> None:
        """Show participants, or what is said if there are none.

        Missing are those whose model isn't where it is looked for.
        """
        self._cast, self._missing, self.nothing = cast, missing, nothing
        self.fill(len(cast), self.cursor)

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line."""
        who = self._cast[row]
        column = max((min(cell_len(one.name), _NAME) for one in self._cast), default=0)
        yield Segment(f"{marker(row)} ", self.series_ink(row))
        yield Segment(f"{padded(who.name, column)}  ", self.ink(bold=True))
        wide = max((min(cell_len(one.model), _MODEL) for one in self._cast), default=0)
        yield Segment(f"{padded(who.model, wide)}  ", self.ink())
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


class CastPanel(DraftPanel):
    """The list; lines are added, edited, copied and deleted there."""

    def __init__(self, draft: Draft, *, id: str) -> None:
        self._list = Cast()
        super().__init__(draft, self._list, NetworkLine(), id=id)
        self._missing: Collection[int] = ()

    def show_draft(self) -> None:
        """Show who takes part."""
        nothing = _AUTO if self.draft.participants == "auto" else _NONE
        self._list.show_cast(self.draft.cast, nothing, self._missing)
        n = len(self.draft.cast)
        self.head(f"participants · n = {n or 'auto'}", "a add  e edit  c copy  d delete")

    def show_missing(self, missing: Collection[int]) -> None:
        """Mark those whose model isn't there."""
        if missing != self._missing:
            self._missing = missing
            self.show_draft()

    def mark(self, field: str) -> None:
        """Mark the panel where something is wrong with the participants."""
        self.set_class(field.startswith("participants"), "-wrong")

    def reach(self, field: str) -> bool:
        """Go to the list, if it is about the participants."""
        if field.startswith("participants"):
            self._list.focus()
            return True
        return False

    @on(EditedRows.Asked)
    def _do(self, event: EditedRows.Asked) -> None:
        event.stop()
        position = event.row
        match event.verb:
            case "add":
                self._add()
            case _ if position >= len(self.draft.cast):
                return
            case "copy":
                self.draft.copy(position)
                self.edited()
                self._list.cursor = position + 1
            case "delete":
                self.draft.replace(position, None)
                self.edited()
            case "edit":
                self._edit(position)

    @work(exclusive=True, group="participant")
    async def _edit(self, position: int) -> None:
        who = await self.app.push_screen_wait(EditParticipant(self.draft.cast[position]))
        if who is not None:
            self.draft.replace(position, who)
            self.edited()

    @work(exclusive=True, group="participant")
    async def _add(self) -> None:
        model = self.draft.cast[0] if self.draft.cast else None
        who = Participant(
            name=f"participant {len(self.draft.cast) + 1}",
            backend=model.backend if model else HERE,
            model=model.model if model else "smollm2-135m",
        )
        added = await self.app.push_screen_wait(EditParticipant(who, new=True))
        if added is not None:
            self.draft.add(added)
            self.edited()
