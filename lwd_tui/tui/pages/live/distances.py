"""The distances between the participants as a heat table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from textual import events
from textual.content import Content

from lwd_tui.palette import as_hex, as_rgb, contrast, marker, mixed
from lwd_tui.tui.pages.live.heat_map import HeatMap, Sorted
from lwd_tui.tui.parts.steady import Steady
from lwd_tui.tui.parts.text_panel import TextPanel
from lwd_tui.tui.state.grouping import Grouping
from lwd_tui.tui.theme import series
from lwd_tui.types import Floats

_NARROWEST, _WIDEST, _TALLEST = 6, 11, 3


class Distances(TextPanel):
    """D(t): a number in each cell, and a ground that is the stronger the farther apart.

    Of a crowd it is a map, without numbers.

    Attributes
    ----------
    map : HeatMap
    """

    DEFAULT_CSS = """
    Distances {
        Words { width: auto; }
        HeatMap { display: none; }
        &.-crowd Steady { display: none; }
        &.-crowd HeatMap { display: block; }
    }
    """
    SCROLLS = Steady

    def __init__(self, id: str | None = None) -> None:
        self.map = HeatMap()
        super().__init__(self.map, id=id)
        self._distances: Floats = np.zeros((0, 0))
        self._highest = 1.0

    def on_mount(self) -> None:
        """Follow the theme, whose colours are mixed."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw())

    def empty(self) -> None:
        """Show nothing until a step comes."""
        self.head("distances")
        self._distances = np.zeros((0, 0))
        self.text.put(Content())
        self.map.empty()

    def show_distances(self, distances: Floats, highest: float, t: int) -> None:
        """Show a step's distances, NaN where a participant is missing.

        The highest distance has the strongest ground, the same for all steps of a run.
        """
        self.remove_class("-crowd")
        self.head(f"distances at t = {t}")
        if distances is not self._distances or highest != self._highest:
            self._distances, self._highest = distances, highest
            self._draw()

    def show_crowd(self, found: Sorted, grouping: Grouping, t: int) -> None:
        """Show a step of a crowd."""
        self.add_class("-crowd")
        self.head(f"distances at t = {t}")
        self.map.show(found, grouping.of)

    def on_resize(self, _: events.Resize) -> None:
        """Make the cells as large as there is room for."""
        self._draw()

    def _draw(self) -> None:
        n = len(self._distances)
        if not n:
            return
        width = min(max((self.content_size.width - 3) // n, _NARROWEST), _WIDEST)
        height = min(max((self.content_size.height - 1) // n, 1), _TALLEST)
        lines = [Content.assemble("   ", *((marker(j).center(width), series(j)) for j in range(n)))]
        for i in range(n):
            cells = [self._cell(i, j) for j in range(n)]
            for row in range(height):
                middle = row == height // 2
                name = (f"{marker(i)}  " if middle else "   ", series(i))
                texts = [(text if middle else "").center(width) for text, _ in cells]
                styles = [style for _, style in cells]
                lines.append(Content.assemble(name, *zip(texts, styles, strict=True)))
        self.text.put(Content("\n").join(lines))

    def _cell(self, i: int, j: int) -> tuple[str, str]:
        value = float(self._distances[i, j])
        if i == j:
            return "·", "$quiet"
        if not np.isfinite(value):
            return "none", "$quiet"
        theme = self.app.theme_variables
        ground, heat = as_rgb(theme["background"]), as_rgb(theme["heat"])
        colour = mixed(ground, heat, min(value / self._highest, 1.0) if self._highest else 0.0)
        ink = max(((0, 0, 0), (255, 255, 255)), key=lambda ink: contrast(ink, colour))
        return f"{value:.3f}", f"{as_hex(ink)} on {as_hex(colour)}"


def highest_of(distances: Sequence[Floats]) -> float:
    """Return the largest distance of some steps; 1 if there is none."""
    values = [float(np.nanmax(d)) for d in distances if np.isfinite(d).any() and len(d) > 1]
    return max(values, default=1.0) or 1.0
