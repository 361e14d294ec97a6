"""A list whose lines are added, edited, copied and deleted."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.binding import Binding, BindingType

from lwd_tui.tui.parts.rows import Rows

Verb = Literal["add", "edit", "copy", "delete"]


class EditedRows(Rows):
    """Tells what is wanted of the line under the cursor; who owns the lines does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ask('add')", "add", id="rows.add"),
        Binding("e", "ask('edit')", "edit", id="rows.edit"),
        Binding("c", "ask('copy')", "copy", id="rows.copy"),
        Binding("d,delete", "ask('delete')", "delete", id="rows.delete"),
    ]

    class Asked(Rows.Told):
        """Something is to be done, with the line under the cursor or a new one."""

        def __init__(self, rows: Rows, verb: Verb, row: int) -> None:
            super().__init__(rows)
            self.verb = verb
            # The cursor may be elsewhere by the time that this is heard.
            self.row = row

    def action_ask(self, verb: Verb) -> None:
        """Ask for it, if there is a line that it can be done with."""
        if verb == "add" or self.count:
            self.post_message(self.Asked(self, verb, self.cursor))

    def action_choose(self) -> None:
        """Edit the line under the cursor."""
        self.action_ask("edit")
