"""The fields of an experiment; those beyond the paper are folded away."""

from __future__ import annotations

from functools import partial

from textual import on, work
from textual.app import ComposeResult

from lwd_tui.experiment.draft import Draft
from lwd_tui.tui.pages.setup.draft_panel import DraftPanel
from lwd_tui.tui.pages.setup.fields import BEYOND, EXPERIMENT, SCRIPTED, UNSTATED
from lwd_tui.tui.pages.setup.fold import Fold
from lwd_tui.tui.pages.setup.prose import EditProse
from lwd_tui.tui.parts.form import Field, Form
from lwd_tui.tui.parts.steady import SteadyDown

_FOLDS = (
    ("beyond the paper: who posts, who reads whom", BEYOND),
    ("what the paper leaves open: attempts, template", UNSTATED),
    ("scripted models", SCRIPTED),
)


class ExperimentPanel(DraftPanel):
    """A form in parts."""

    def __init__(self, draft: Draft, *, id: str) -> None:
        super().__init__(draft, id=id)
        self._folds = [
            (fields, Fold(title, partial(Form, fields, draft.get))) for title, fields in _FOLDS
        ]
        self._wrong = ""

    def compose(self) -> ComposeResult:
        """Yield the form and the folds."""
        with SteadyDown(can_focus=False):
            yield Form(EXPERIMENT, self.draft.get)
            for _, fold in self._folds:
                yield fold

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
        text = await self.app.push_screen_wait(EditProse(field.label, self.draft.get(field.path)))
        if text is not None:
            self.draft.set(field.path, text)
            self.edited()
