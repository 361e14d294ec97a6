"""What the panels of the set-up share: the draft that they show and change."""

from __future__ import annotations

from textual.message import Message

from lwd_tui.experiment.draft import Draft
from lwd_tui.tui.parts.panel import Panel


class DraftPanel(Panel):
    """A part of an experiment that is being written.

    Parameters
    ----------
    draft : Draft
        Changed in place.
    """

    class Edited(Message):
        """Something of the draft was changed."""

    def __init__(self, draft: Draft, *, id: str) -> None:
        super().__init__(id=id)
        self.add_class("panel")
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
