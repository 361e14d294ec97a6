"""The fields of an experiment; those beyond the paper are folded away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from lwd_tui.experiment.draft import Draft
from lwd_tui.tui.pages.setup.draft_panel import DraftPanel
from lwd_tui.tui.pages.setup.fields import BEYOND, EXPERIMENT, SCRIPTED, UNSTATED
from lwd_tui.tui.parts.ask_text import AskText
from lwd_tui.tui.parts.editor import LONGEST
from lwd_tui.tui.parts.form import Field, Form
from lwd_tui.tui.parts.steady import SteadyDown
from lwd_tui.tui.parts.words import Words

_OPEN, _SHUT = "▾", "▸"
_FOLDS = (
    ("beyond the paper: who posts, who reads whom", BEYOND),
    ("what the paper leaves open: attempts, template", UNSTATED),
    ("scripted models", SCRIPTED),
)


class Heading(Words, can_focus=True):
    """The line that is always there."""

    DEFAULT_CSS = "Heading { height: 1; color: $primary; &:focus { text-style: reverse; } }"
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", "unfold / fold", id="fold.turn", show=False)
    ]

    class Turned(Message):
        """The heading was chosen."""

    @on(events.Click)
    def action_turn(self) -> None:
        """Unfold or fold."""
        self.post_message(self.Turned())


class Fold(Vertical):
    """Makes what is under its heading when first unfolded; a `Collapsible` makes it at once."""

    DEFAULT_CSS = "Fold { height: auto; margin-top: 1; }"

    def __init__(self, title: str, make: Callable[[], Widget]) -> None:
        self._heading = Heading()
        super().__init__(self._heading)
        self._title = title
        self._make = make
        self._inside: Widget | None = None
        self.unfolded = False

    def on_mount(self) -> None:
        """Write the heading."""
        self._draw()

    async def on_heading_turned(self, event: Heading.Turned) -> None:
        """Unfold or fold."""
        event.stop()
        await self.turn(not self.unfolded)

    async def turn(self, unfolded: bool) -> None:
        """Unfold or fold."""
        self.unfolded = unfolded
        if unfolded and self._inside is None:
            self._inside = self._make()
            await self.mount(self._inside)
        if self._inside is not None:
            self._inside.display = unfolded
        self._draw()

    def _draw(self) -> None:
        self._heading.put(Content(f"{_OPEN if self.unfolded else _SHUT} {self._title}"))


class ExperimentPanel(DraftPanel):
    """A form in parts."""

    def __init__(self, draft: Draft, *, id: str) -> None:
        self._folds = [
            (fields, Fold(title, partial(Form, fields, draft.get))) for title, fields in _FOLDS
        ]
        parts = (Form(EXPERIMENT, draft.get), *(fold for _, fold in self._folds))
        super().__init__(draft, SteadyDown(*parts, can_focus=False), id=id)
        self._wrong = ""

    def on_mount(self) -> None:
        """Write the title."""
        self.head("experiment")

    def show_draft(self) -> None:
        """Show all fields."""
        for form in self.query(Form):
            form.show()

    def mark(self, field: str) -> None:
        """Mark a field as wrong."""
        self._wrong = field
        for form in self.query(Form):
            form.mark(field)

    def reach(self, field: str) -> bool:
        """Go to a field, unfolding what it is in."""
        for fields, fold in self._folds:
            if any(field.partition("[")[0] == one.path for one in fields):
                self._unfold(fold, field)
                return True
        return self.query(Form).first().reach(field)

    @work(exclusive=True, group="unfold")
    async def _unfold(self, fold: Fold, field: str) -> None:
        await fold.turn(True)
        for form in fold.query(Form):
            form.mark(self._wrong)
            form.reach(field)

    @work(exclusive=True, group="unfold")
    async def unfold_all(self) -> None:
        """Show everything, where there is room."""
        for _, fold in self._folds:
            await fold.turn(True)

    @on(Form.Changed)
    def _take(self, event: Form.Changed) -> None:
        event.stop()
        self.draft.set(event.path, event.value)
        if event.path == "embedder.backend":
            self.show_draft()
        self.post_message(self.Edited())

    @on(Form.ProseChosen)
    def _take_prose(self, event: Form.ProseChosen) -> None:
        event.stop()
        self._edit(event.field)

    @work(exclusive=True, group="prose")
    async def _edit(self, field: Field) -> None:
        how, text = "Tab, then Enter, keeps it.", self.draft.get(field.path)
        long = f"it has {len(text):,} characters, too many to be edited here"
        dialog = AskText(field.label, how, "keep it", text, long if len(text) > LONGEST else "")
        written = await self.app.push_screen_wait(dialog)
        if written is not None:
            self.draft.set(field.path, written)
            self.edited()
