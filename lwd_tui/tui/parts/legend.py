"""A panel of a plot with its legend below, outside the data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.content import Content
from textual.widget import Widget

from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.plot import SMALLEST
from lwd_tui.tui.parts.words import Words


class LegendPanel(Panel):
    """As many entries a line as there is room for, none broken; what is left is counted.

    Attributes
    ----------
    GAP : str
        Between two entries of a line.
    LINES : int
        Of the legend, where they leave room for the plot; in a high panel it may take a third.
    """

    DEFAULT_CSS = "LegendPanel > .legend { height: auto; }"
    GAP: ClassVar[str] = "   "
    LINES: ClassVar[int] = 2

    def __init__(self, plot: Widget, *parts: Widget, id: str | None = None) -> None:
        self._legend = Words(classes="legend")
        super().__init__(plot, self._legend, *parts, id=id)
        self._entries: list[Content] = []

    def explain(self, entries: Iterable[Content]) -> None:
        """Show other entries."""
        self._entries = list(entries)
        self._break()

    def on_resize(self) -> None:
        """Fit the legend to its new size, once the layout that is under way is done."""
        self.call_after_refresh(self._break)

    def _break(self) -> None:
        width, height = self.content_size
        most = min(max(height // 3, self.LINES), height - SMALLEST[1])
        gap = Content(self.GAP)
        lines: list[list[Content]] = []
        for entry in self._entries:
            if lines and gap.join([*lines[-1], entry]).cell_length <= width:
                lines[-1].append(entry)
            else:
                lines.append([entry])
        if 0 < most < len(lines):
            last, left = lines[most - 1], sum(map(len, lines[most:]))
            del lines[most:]
            while gap.join([*last, more := _more(left)]).cell_length > width and last:
                last.pop()
                left += 1
            last.append(more)
        self._legend.display = bool(lines) and most > 0
        self._legend.put(Content("\n").join(map(gap.join, lines)))


def _more(left: int) -> Content:
    return Content.styled(f"+{left} more", "$quiet")
