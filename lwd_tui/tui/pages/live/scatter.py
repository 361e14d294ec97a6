"""The responses of one step in a plane, one marker and colour a participant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.palette import COLOURS, marker
from lwd_tui.text import shorten
from lwd_tui.tui.pages.live.pictures import Limits, Picture
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.parts.words import Words
from lwd_tui.tui.theme import series

CELL = 2.0
"""Height of a terminal's cell in widths: what makes the axes equally long to the eye."""
SEVERAL = "✱"
"""Marks a cell in which more than one participant stands."""


class Scatter(Panel):
    """The scatter with equal aspect, and its legend outside the data."""

    DEFAULT_CSS = "Scatter .legend { height: auto; max-height: 2; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._plot = _ScatterPlot()
        self._legend = Words(classes="legend")

    def compose(self) -> ComposeResult:
        """Yield the plot and the legend."""
        yield self._plot
        yield self._legend

    def show_names(self, names: Sequence[str]) -> None:
        """Show whose markers they are; not cleaned."""
        entries = [
            Content.assemble((f"{marker(i)} ", series(i)), shorten(name, 24))
            for i, name in enumerate(names)
        ]
        entries.append(Content.assemble((f"{SEVERAL} ", "$foreground"), ("several", "$quiet")))
        self._legend.put(Content("   ").join(entries))
        self.head("answers · classical MDS")

    def show_picture(self, picture: Picture, remark: str = "") -> None:
        """Show a step; more is shown of one axis than asked for, for equal aspect."""
        self.head(picture.title, remark)
        self._plot.take(picture)


class _ScatterPlot(Plot):
    def __init__(self) -> None:
        super().__init__(left=7)
        self._picture: Picture | None = None

    def take(self, picture: Picture) -> None:
        """Take another picture."""
        self._picture = picture
        self.redraw()

    def draw(self) -> None:
        """Draw the points; cells that are shared bear a marker of their own."""
        if self._picture is None:
            return
        points, owners = self._picture.coordinates, self._picture.owners
        if not self.zoomed:
            self._set_equal_limits(self._picture.limits)
        cells = [self.get_pixel_from_coordinate(x, y) for x, y in points]
        tenants: dict[tuple[int, int], set[int]] = {}
        for cell, owner in zip(cells, owners, strict=True):
            tenants.setdefault(cell, set()).add(int(owner))
        shared = np.array([len(tenants[cell]) > 1 for cell in cells], dtype=bool)
        for owner in np.unique(owners):
            mine = points[(owners == owner) & ~shared]
            colour = self.colour(f"series-{owner % len(COLOURS)}")
            self.scatter(mine[:, 0], mine[:, 1], marker(int(owner)), colour)
        both = points[shared]
        self.scatter(both[:, 0], both[:, 1], SEVERAL, self.colour("foreground"))

    def _set_equal_limits(self, limits: Limits) -> None:
        columns, rows = self.inner
        (left, right), (low, high) = limits
        # What one column shows, if both axes are to fit and a row is CELL columns high.
        unit = max((right - left) / columns, (high - low) / (rows * CELL))
        x, y = (left + right) / 2, (low + high) / 2
        self.set_xlimits(x - unit * columns / 2, x + unit * columns / 2)
        self.set_ylimits(y - unit * CELL * rows / 2, y + unit * CELL * rows / 2)
