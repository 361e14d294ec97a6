"""The responses of one step in a plane, one marker and colour a participant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.palette import COLOURS, MARKERS, as_hex, as_rgb, marker, mixed
from lwd_tui.text import shorten
from lwd_tui.tui.pages.live.pictures import Limits, Picture
from lwd_tui.tui.parts.canvas import Canvas
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.parts.words import Words
from lwd_tui.tui.theme import series
from lwd_tui.types import Floats

CELL = 2.0
"""Height of a terminal's cell in widths: what makes the axes equally long to the eye."""
SPREAD = 1.5
"""Standard deviations from the mean to the ellipse: it holds all of four, or 2 in 3 of many."""
_ELLIPSE, _TRAIL = 0.6, 0.35
"""How faint they are: the share of the ground in their colours."""
_TURN = np.linspace(0, 2 * np.pi, 49)
_CROWD = len(MARKERS)
"""Of more participants than there are markers, only the answers are drawn."""


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
        entries.append(Content.assemble(("3 ", "bold $foreground"), ("so many there", "$quiet")))
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
        """Draw the ellipse and the trail of each participant; the answers come over them."""
        if (shown := self._picture) is None:
            return
        if not self.zoomed:
            self._set_equal_limits(shown.limits)
        here = np.unique(shown.owners)
        if len(here) > _CROWD:
            return
        for who in here:
            outline = ellipse(shown.coordinates[shown.owners == who])
            self.curve(outline[:, 0], outline[:, 1], self._faint(who, _ELLIPSE))
        for who, trail in shown.trails.items():
            self.curve(trail[:, 0], trail[:, 1], self._faint(who, _TRAIL))

    def overdraw(self, canvas: Canvas) -> None:
        """Draw each answer, or how many there are where they share a place."""
        if (shown := self._picture) is None:
            return
        box, cells = self._scale_rectangle, defaultdict(list)
        for (x, y), owner in zip(shown.coordinates, shown.owners, strict=True):
            cell = self.get_pixel_from_coordinate(x, y)
            if box.contains(*cell):
                cells[cell].append(int(owner))
        for column, row, owners in places(cells):
            alone = len(set(owners)) == 1
            name = f"series-{owners[0] % len(COLOURS)}" if alone else "foreground"
            canvas.write(column, row, sign(owners), f"bold {self.colour(name)}")

    def _faint(self, participant: int, share: float) -> str:
        ink = as_rgb(self.colour(f"series-{participant % len(COLOURS)}"))
        return as_hex(mixed(ink, as_rgb(self.colour("background")), share))

    def _set_equal_limits(self, limits: Limits) -> None:
        columns, rows = self.inner
        (left, right), (low, high) = limits
        # What one column shows, if both axes are to fit and a row is CELL columns high.
        unit = max((right - left) / columns, (high - low) / (rows * CELL))
        x, y = (left + right) / 2, (low + high) / 2
        self.set_xlimits(x - unit * columns / 2, x + unit * columns / 2)
        self.set_ylimits(y - unit * CELL * rows / 2, y + unit * CELL * rows / 2)


def ellipse(points: Floats) -> Floats:
    """Return the outline of points: SPREAD standard deviations from their mean, all around.

    Parameters
    ----------
    points : ndarray of shape (m, 2)

    Returns
    -------
    ndarray of shape (k, 2)
        Closed; of shape (0, 2) for fewer than two points.
    """
    if len(points) < 2:
        return np.zeros((0, 2))
    variances, axes = np.linalg.eigh(np.cov(points.T))
    radii = SPREAD * np.sqrt(np.maximum(variances, 0.0))
    circle = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
    outline: Floats = points.mean(axis=0) + (circle * radii) @ axes.T
    return outline


def sign(owners: Sequence[int]) -> str:
    """Return what stands for answers in one place: a marker, a count, or both if all are one's."""
    count = f"{len(owners)}" if len(owners) > 1 else ""
    return f"{marker(owners[0])}{count}" if len(set(owners)) == 1 else count


def places(cells: Mapping[tuple[int, int], Sequence[int]]) -> Iterator[tuple[int, int, list[int]]]:
    """Yield column, row and owners of what is drawn: cells that a count would cover are one.

    Parameters
    ----------
    cells : mapping of (int, int) to sequence of int
        Column and row, and the participants whose answers are there.
    """
    by_rows = sorted(cells, key=lambda cell: (cell[1], cell[0]))
    for row, line in groupby(by_rows, key=lambda cell: cell[1]):
        start, owners = -1, list[int]()
        for column, _ in line:
            if owners and column >= start + len(sign(owners)):
                yield start, row, owners
                owners = []
            start = start if owners else column
            owners = [*owners, *cells[column, row]]
        yield start, row, owners
