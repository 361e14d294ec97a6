"""The parameters of a network of mixtures, written anew and tried at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.gmm_draft import GmmDraft
from lwd_tui.text import shorten
from lwd_tui.tui.parts.form import Field, Form
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.steady import SteadyDown
from lwd_tui.tui.parts.words import Words

FIELDS = (
    Field("name", "preset", kind="prose"),
    Field("participants", "n", "mixtures"),
    Field("B", "B", "components, as far apart as now"),
    Field("responses", "L", "points a mixture and step"),
    Field("beta", "beta", "share of the points that is read"),
    Field("steps", "T", "the last step"),
    Field("alpha", "alpha", "1/k, 1/(1+t), or a number"),
    Field("replicates", "replicates", "runs from different seeds"),
    Field("seed", "seed", "of all randomness"),
)
_PATIENCE = 0.35
"""Seconds without a key after which what was written is tried."""
_LONGEST = 400
_HINT = "e   edit these\no   other mixtures\n[ ] other replicate\nw   keep the run in a file"


class Fields(Form):
    """A form whose fields are gone through by arrows too, where it scrolls as well."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "next field", show=False),
        Binding("up", "app.focus_previous", "field before", show=False),
    ]


class Parameters(Panel):
    """A form that begins with a specification, over a sentence where something is wrong."""

    DEFAULT_CSS = """
    Parameters {
        .label { width: 11; }
        #complaint, #hint { height: auto; margin-top: 1; }
        #complaint { display: none; }
        #hint { color: $quiet; }
    }
    """

    @dataclass(eq=False)
    class Changed(Message):
        """Other parameters were written, and can be run."""

        spec: GmmSpec

    class PresetAsked(Message):
        """Another preset is to be chosen."""

    def __init__(self, spec: GmmSpec, *, id: str | None = None) -> None:
        self._draft = GmmDraft(spec)
        self._base = spec
        self._form = Fields(FIELDS, self._draft.get)
        self._complaint = Words(id="complaint")
        parts = (self._form, self._complaint, Words(Content(_HINT), id="hint"))
        super().__init__(SteadyDown(*parts, can_focus=False), id=id)

    def on_mount(self) -> None:
        """Write the title."""
        self.head("parameters")

    def take(self, spec: GmmSpec) -> None:
        """Begin anew with a specification."""
        self._base = spec
        self._draft.take(spec)
        self._form.show()
        self.complain("")
        self.head("parameters")

    def complain(self, sentence: str, field: str = "") -> None:
        """Say what is wrong, and mark the field; "" if nothing is."""
        self._form.mark(field)
        words = f"! {shorten(sentence, _LONGEST)}" if sentence else ""
        self._complaint.put(Content.styled(words, "bold $error"))
        self._complaint.display = bool(sentence)

    @on(Form.Changed)
    def _take_value(self, event: Form.Changed) -> None:
        event.stop()
        self._draft.set(event.path, event.value)
        self._try()

    @work(exclusive=True, group="try")
    async def _try(self) -> None:
        """Check what was written once the keys pause; thousands of mixtures take a while."""
        await asyncio.sleep(_PATIENCE)
        found = await asyncio.to_thread(self._draft.check)
        self.complain(found.complaint, found.field)
        if found.value is not None:
            self.head("parameters", "" if found.value == self._base else "changed")
            self.post_message(self.Changed(found.value))

    @on(Form.ProseChosen)
    def _ask_for_preset(self, event: Form.ProseChosen) -> None:
        event.stop()
        self.post_message(self.PresetAsked())
