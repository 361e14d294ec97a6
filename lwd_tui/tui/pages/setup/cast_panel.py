"""The participants, with their personas and sampling."""

from __future__ import annotations

from collections.abc import Collection

from textual import on, work
from textual.app import ComposeResult

from lwd_tui.experiment.draft import Draft
from lwd_tui.experiment.llm import Experiment, Participant
from lwd_tui.experiment.participants import HERE
from lwd_tui.tui.pages.setup.cast import Cast
from lwd_tui.tui.pages.setup.draft_panel import DraftPanel
from lwd_tui.tui.pages.setup.edited import EditedRows
from lwd_tui.tui.pages.setup.participant import EditParticipant
from lwd_tui.tui.parts.network_line import NetworkLine

_AUTO = "auto: chosen when the run starts; choose models yourself, or wait until they are asked"
_NONE = "nobody yet: choose models, or a adds one by hand"


class CastPanel(DraftPanel):
    """The list; lines are added, edited, copied and deleted there."""

    def __init__(self, draft: Draft, *, id: str) -> None:
        super().__init__(draft, id=id)
        self._list = Cast()
        self._network = NetworkLine()
        self._missing: Collection[int] = ()

    def compose(self) -> ComposeResult:
        """Yield the list, and how its network departs from the paper's."""
        yield self._list
        yield self._network

    def show_draft(self) -> None:
        """Show who takes part."""
        nothing = _AUTO if self.draft.participants == "auto" else _NONE
        self._list.show_cast(self.draft.cast, nothing, self._missing)
        n = len(self.draft.cast)
        self.head(f"participants · n = {n or 'auto'}", "a add  e edit  c copy  d delete")

    def show_network(self, experiment: Experiment | None) -> None:
        """Show who reads whom, and what is posted; None where something is wrong."""
        self._network.show(experiment)

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
