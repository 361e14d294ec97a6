"""Places to scroll in, which a terminal that is larger for a while leaves where they were."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.geometry import Size


class Steady(ScrollableContainer):
    """Stands where it was scrolled to, or as near to it as there is something to see.

    Textual moves it back where there is less to scroll, and leaves it there when there is more.
    """

    def _scroll_update(self, virtual_size: Size) -> None:
        super()._scroll_update(virtual_size)
        self.scroll_x, self.scroll_y = self.scroll_target_x, self.scroll_target_y


class SteadyDown(Steady):
    """Scrolls up and down only."""

    DEFAULT_CSS = "SteadyDown { layout: vertical; overflow-x: hidden; overflow-y: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_line(1)", "scroll down", show=False),
        Binding("k", "scroll_line(-1)", "scroll up", show=False),
    ]

    def action_scroll_line(self, lines: int) -> None:
        """Scroll by lines, at once."""
        self.scroll_relative(y=lines, animate=False)
