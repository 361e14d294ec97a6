"""One participant: who runs it, its persona and its sampling."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import TextArea

from lwd_tui.experiment.draft import check
from lwd_tui.experiment.llm import InvalidExperiment, Participant
from lwd_tui.tui.pages.setup.fields import PARTICIPANT
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.editor import Editor
from lwd_tui.tui.parts.form import Form
from lwd_tui.tui.parts.steady import SteadyDown
from lwd_tui.tui.parts.words import Words

_HOW = "Each field is checked as you type. Enter in a field, or on the button, keeps it."


class EditParticipant(Dialog[Participant]):
    """Gives back the participant, which begins as `who`."""

    DEFAULT_CSS = """
    EditParticipant SteadyDown { height: auto; max-height: 100%; }
    EditParticipant Editor { height: 5; }
    EditParticipant > Vertical { height: 96%; max-height: 28; }
    EditParticipant > Vertical > SteadyDown { height: 1fr; }
    """
    AUTO_FOCUS = "Line"

    def __init__(self, who: Participant, *, new: bool = False) -> None:
        super().__init__("a new participant" if new else who.name, _HOW, "keep it")
        self._data: dict[str, Any] = who.model_dump(mode="json")

    def compose_fields(self) -> ComposeResult:
        """Yield the form, and the persona under it."""
        with SteadyDown(can_focus=False):
            yield Form(PARTICIPANT, self._get)
            yield Words(Content("persona: its system prompt; blank for that of the template"))
            yield Editor(self._data["system"])

    def answer(self) -> Participant:
        """Return the participant, or say what is wrong."""
        found = check(Participant, self._data)
        if found.value is None:
            self.query_one(Form).reach(found.field)
            raise InvalidExperiment(found.complaint)
        return found.value

    @on(Form.Changed)
    def _take_field(self, event: Form.Changed) -> None:
        event.stop()
        section, _, name = event.path.rpartition(".")
        (self._data[section] if section else self._data)[name] = event.value
        self._check()

    @on(TextArea.Changed)
    def _take_persona(self, event: TextArea.Changed) -> None:
        event.stop()
        self._data["system"] = self.query_one(Editor).written
        self._check()

    def _check(self) -> None:
        found = check(Participant, self._data)
        self.complain(found.complaint)
        self.query_one(Form).mark(found.field)

    def _get(self, path: str) -> Any:
        value: Any = self._data
        for name in path.split("."):
            value = value[name]
        return value
