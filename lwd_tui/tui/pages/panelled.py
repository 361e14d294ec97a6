"""A page whose panels become tabs where the terminal is too small for all of them."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from lwd_tui.tui.pages.base import Page
from lwd_tui.tui.parts.tabs import TabLine


class PanelledPage(Page):
    """Its panels are the widgets whose ids `PANELS` names, and which bear the class "panel".

    Those that `compose_panels` yields are given it; a container of several needs it from the start.

    The style sheet of a subclass says from which size on they are shown one at a time: it then
    displays `#panels`, and of the panels only the one with the class "-chosen".

    Attributes
    ----------
    PANELS : tuple of (str, str)
        Ids and titles, in the order of the tabs.
    """

    DEFAULT_CSS = "PanelledPage #panels { display: none; }"
    PANELS: ClassVar[tuple[tuple[str, str], ...]] = ()
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_stop(1)", "next panel", show=False),
        Binding("shift+tab", "next_stop(-1)", "panel before", show=False),
    ]

    def compose_page(self) -> ComposeResult:
        """Yield the tabs, then the panels."""
        yield TabLine(self.PANELS, self.first_panel, id="panels")
        names = dict(self.PANELS)
        for widget in self.compose_panels():
            yield widget.add_class("panel") if widget.id in names else widget

    def compose_panels(self) -> ComposeResult:
        """Yield the panels, wherever they stand in the layout."""
        yield from ()

    def on_mount(self) -> None:
        """Choose the first panel."""
        self.choose(self.first_panel, focus=False)

    @property
    def first_panel(self) -> str:
        """The panel that is chosen when the page is opened."""
        return self.PANELS[0][0]

    def takes_cursor(self, widget: Widget) -> bool:
        """Whether tab goes there."""
        return widget.can_focus and not isinstance(widget, Input)

    @property
    def one_at_a_time(self) -> bool:
        """Whether the terminal is too small for all panels."""
        return self.query_one("#panels").display

    def choose(self, panel: str, *, focus: bool = True) -> None:
        """Show a panel where they stand alone, and give it the focus."""
        for name, _ in self.PANELS:
            self.query_one(f"#{name}").set_class(name == panel, "-chosen")
        self.query_one("#panels", TabLine).mark(panel)
        if focus:
            for widget in self._stops():
                if self._panel_of(widget) == panel:
                    # Its own `focus` would wait a turn, and come after another choice.
                    self.set_focus(widget)
                    break

    def action_next_stop(self, steps: int) -> None:
        """Go to the next place for the cursor, and to the panel that it is in."""
        stops = self._stops()
        if not stops:
            return
        if self.focused in stops:
            place = stops.index(self.focused) + steps
        else:
            place = 0 if steps > 0 else -1
        stop = stops[place % len(stops)]
        if panel := self._panel_of(stop):
            self.choose(panel, focus=False)
        # At once, or two quick presses would move by one.
        self.set_focus(stop)

    def action_single(self) -> None:
        """Show one panel, or all, where the terminal has room for all."""
        self.toggle_class("-single")

    @on(TabLine.Chosen, "#panels")
    def _choose_tab(self, event: TabLine.Chosen) -> None:
        event.stop()
        self.choose(event.tab)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the panel that the cursor is in."""
        if panel := self._panel_of(event.widget):
            self.choose(panel, focus=False)

    def _stops(self) -> list[Widget]:
        """Return the places for the cursor, also those in panels that are not shown now."""
        return [
            widget
            for widget in self.query("#body *").results(Widget)
            if self.takes_cursor(widget)
            and all(
                isinstance(part, Widget) and (part.display or part.has_class("panel"))
                for part in widget.ancestors_with_self
                if part is not self and part is not self.app
            )
        ]

    def _panel_of(self, widget: Widget) -> str:
        names = dict(self.PANELS)
        return next((part.id for part in widget.ancestors_with_self if part.id in names), "")
