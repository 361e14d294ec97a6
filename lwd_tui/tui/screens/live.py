"""The run as it goes, and any step of it again."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from lwd_tui.tui.screens.page import Page
from lwd_tui.tui.view import View


class LivePage(Page):
    """One screen of all that a step comes to."""

    GLOSSARY = ("t",)

    def compose_page(self) -> ComposeResult:
        """Yield the panels."""
        yield Static(id="x")

    def show_view(self, view: View) -> None:
        """Show another step."""
        self.query_one("#x", Static).update(f"t = {view.t}")
