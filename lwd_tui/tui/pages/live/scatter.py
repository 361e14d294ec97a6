"""The responses of one step in a plane, one marker and colour a participant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
from rich.cells import cell_len
from textual.content import Content

from lwd_tui.palette import COLOURS, as_hex, as_rgb, marker, mixed
from lwd_tui.text import shorten
from lwd_tui.tui.pages.live.density import DENSE, density, paint, shade
from lwd_tui.tui.pages.live.pictures import Limits, Picture
from lwd_tui.tui.parts.canvas import Canvas
from lwd_tui.tui.parts.legend import LegendPanel
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.state.grouping import CHOSEN, NO_CROWD, Grouping
from lwd_tui.tui.theme import series
from lwd_tui.types import Floats, Ints

CELL = 2.0
"""Height of a terminal's cell in widths: what makes the axes equally long to the eye."""
SPREAD = 1.5
"""Standard deviations from the mean to the ellipse: it holds all of four, or 2 in 3 of many."""
_ELLIPSE, _TRAIL = 0.6, 0.35
"""How faint they are: the share of the ground in their colours."""
_TURN = np.linspace(0, 2 * np.pi, 49)


class Scatter(LegendPanel):
    """The scatter with equal aspect, and its legend outside the data."""

    def __init__(self, id: str | None = None) -> None:
        self._plot = _ScatterPlot()
        super().__init__(self._plot, id=id)

    def show_cast(self, names: Sequence[str], grouping: Grouping) -> None:
        """Show whose markers they are, of participants whose names are not cleaned."""
        self._plot.take_cast(names, grouping)
        entries = [
            Content.assemble((f"{marker(i)} ", series(i)), shorten(name, 24))
            for i, name in enumerate(grouping.names)
        ]
        signs = {"○3": "three there", "*3": "of several"}
        for sign, words in ({CHOSEN: "the chosen one"} if grouping.crowd else signs).items():
            entries.append(Content.assemble((f"{sign} ", "bold $foreground"), (words, "$quiet")))
        self.explain(entries)
        self.head("answers · classical MDS")

    def empty(self) -> None:
        """Show nothing until a step comes, and the whole of that."""
        self._plot.empty()

    def select(self, participant: int, trail: Floats) -> None:
        """Let a participant of a crowd stand out, and show where its mean has been."""
        self._plot.select(participant, trail)

    def show_picture(self, picture: Picture, remark: str = "") -> None:
        """Show a step; more is shown of one axis than asked for, for equal aspect."""
        self.head(picture.title, remark)
        self._plot.take(picture)


class _ScatterPlot(Plot):
    def __init__(self) -> None:
        super().__init__(left=7)
        self._picture: Picture | None = None
        self._names: Sequence[str] = ()
        self._grouping = NO_CROWD
        self._chosen: tuple[int, Floats] = (0, np.zeros((0, 2)))

    def empty(self) -> None:
        """Forget the picture, who stands out in it, and its axes."""
        self._picture, self._chosen = None, (0, np.zeros((0, 2)))
        self.set_xlimits()
        self.set_ylimits()
        self.action_reset_scales()

    def take_cast(self, names: Sequence[str], grouping: Grouping) -> None:
        """Take other participants, or another way to group them."""
        self._names, self._grouping = names, grouping
        self.redraw()

    def take(self, picture: Picture) -> None:
        """Take another picture."""
        self._picture = picture
        self.redraw()

    def select(self, participant: int, trail: Floats) -> None:
        """Take another one that stands out."""
        self._chosen = participant, trail
        self.redraw()

    def draw(self) -> None:
        """Draw the ellipse and the trail of each participant; the answers come over them."""
        if (shown := self._picture) is None:
            return
        if not self.zoomed:
            self._set_equal_limits(shown.limits)
        if self._grouping.crowd:
            _, trail = self._chosen
            self.curve(trail[:, 0], trail[:, 1], self.colour("foreground"))
            return
        for who in np.unique(shown.owners):
            outline = ellipse(shown.coordinates[shown.owners == who])
            self.curve(outline[:, 0], outline[:, 1], self._faint(who, _ELLIPSE))
        for who, trail in shown.trails.items():
            self.curve(trail[:, 0], trail[:, 1], self._faint(who, _TRAIL))

    def overdraw(self, canvas: Canvas) -> None:
        """Draw each answer, or how many there are where they share a place; of many, densities."""
        if (shown := self._picture) is None:
            return
        groups = shown.owners
        if self._grouping.crowd:
            groups = np.array(self._grouping.of)[shown.owners]
        if len(groups) > DENSE and self._grouping.crowd:
            self._draw_density(canvas, shown.coordinates, groups)
        else:
            self._draw_answers(canvas, shown.coordinates, groups)
        if self._grouping.crowd:
            self._draw_chosen(canvas, shown)

    def _draw_answers(self, canvas: Canvas, coordinates: Floats, groups: Ints) -> None:
        box, cells = self._scale_rectangle, defaultdict(list)
        for (x, y), owner in zip(coordinates, groups, strict=True):
            cell = self.get_pixel_from_coordinate(x, y)
            if box.contains(*cell):
                cells[cell].append(int(owner))
        for column, row, owners in places(cells):
            alone = len(set(owners)) == 1
            name = f"series-{owners[0] % len(COLOURS)}" if alone else "foreground"
            canvas.write(column, row, sign(owners), f"bold {self.colour(name)}")

    def _draw_density(self, canvas: Canvas, coordinates: Floats, groups: Ints) -> None:
        """Draw where the answers are, and the marker of each group at its mean."""
        box, shaded = self._scale_rectangle, self.app.no_color or self.shaded
        halves = 1 if shaded else 2
        low = np.array([self._x_min, self._y_min])
        size = np.array([self._x_max, self._y_max]) - low
        x, y = ((coordinates - low) / size * [box.width, halves * box.height]).T
        columns, rows = np.floor(x), np.floor(halves * box.height - y)
        inside = (columns >= 0) & (columns < box.width) & (rows >= 0) & (rows < halves * box.height)
        there = (each[inside].astype(np.int64) for each in (columns, rows, groups))
        draw = shade if shaded else paint
        draw(canvas, (box.x, box.y), density(*there), self._strength)
        for group in np.unique(groups)[::-1].tolist():
            cell = self.get_pixel_from_coordinate(*coordinates[groups == group].mean(axis=0))
            if box.contains(*cell):
                canvas.write(*cell, marker(group), f"bold {self.colour('foreground')}")

    def _strength(self, group: int, share: float) -> str:
        return self._faint(group, 0.75 * (1 - share))

    def _draw_chosen(self, canvas: Canvas, shown: Picture) -> None:
        """Draw the answers of the one that stands out, and its name beside them."""
        chosen, _ = self._chosen
        mine = shown.coordinates[shown.owners == chosen]
        box, style = self._scale_rectangle, f"bold {self.colour('foreground')}"
        cells = [self.get_pixel_from_coordinate(x, y) for x, y in mine]
        seen = [cell for cell in cells if box.contains(*cell)]
        for cell in seen:
            canvas.write(*cell, CHOSEN, style)
        if seen:
            column, row = max(seen)
            name = shorten(self._names[chosen], 24)
            if cell_len(name) > len(name):  # A canvas has no wide letters.
                name = f"#{chosen + 1}"
            right = column + 2 + len(name) <= box.right
            start = column + 2 if right else min(seen)[0] - 1 - len(name)
            canvas.write(max(start, box.x), row, name, style)

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
    """Return what stands for answers in one place: a marker, of several an asterisk; and a count.

    It never begins with a digit, which would be read as one of a count on its left.
    """
    count = f"{len(owners)}" if len(owners) > 1 else ""
    return f"{marker(owners[0]) if len(set(owners)) == 1 else '*'}{count}"


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
