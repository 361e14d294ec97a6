"""What the panels of the set-up share: the draft that they show and change, and its lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from lwd_tui.experiment.draft import Draft
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.rows import Rows

Verb = Literal["add", "edit", "copy", "delete"]


class DraftPanel(Panel):
    """A part of an experiment that is being written: the draft is changed in place."""

    class Edited(Message):
        """Something of the draft was changed."""

    def __init__(self, draft: Draft, *parts: Widget, id: str) -> None:
        super().__init__(*parts, id=id)
        self.draft = draft

    def show_draft(self) -> None:
        """Show the draft, all of which may be new."""

    def mark(self, field: str) -> None:
        """Mark a field as wrong, if it is here; "" takes the mark away."""

    def reach(self, field: str) -> bool:  # noqa: ARG002 (for those that have fields)
        """Give a field the focus; say whether it is here."""
        return False

    def edited(self) -> None:
        """Show what was changed, and tell it."""
        self.show_draft()
        self.post_message(self.Edited())


class EditedRows(Rows):
    """Tells what is wanted of the line under the cursor; who owns the lines does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ask('add')", "add", id="rows.add"),
        Binding("e", "ask('edit')", "edit", id="rows.edit"),
        Binding("c", "ask('copy')", "copy", id="rows.copy"),
        Binding("d,delete", "ask('delete')", "delete", id="rows.delete"),
    ]

    @dataclass(eq=False)
    class Asked(Rows.Told):
        """Something is to be done, with the line under the cursor or a new one."""

        verb: Verb
        # The cursor may be elsewhere by the time that this is heard.
        row: int

    def action_ask(self, verb: Verb) -> None:
        """Ask for it, if there is a line that it can be done with."""
        if verb == "add" or self.count:
            self.post_message(self.Asked(self, verb, self.cursor))

    def action_choose(self) -> None:
        """Edit the line under the cursor."""
        self.action_ask("edit")
