"""The distances of a crowd as a map: the stronger the farther apart, those alike side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget

from lwd_tui.analysis.crowd import block_means, block_starts, clustered_order, distances_from_centre
from lwd_tui.palette import COLOURS, as_hex, as_rgb, marker, mixed
from lwd_tui.types import Floats, Ints

_LEVELS = 32
_SHADES = " ░▒▓█"
_SIDE, _ABOVE, _BELOW = 2, 1, 2
"""Columns beside the map, and lines above and below it."""
_SCALE, _HOT = 12, 0.6
"""Columns of the scale, and the share of it at which the ground has become the theme's heat."""


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """The distances of a step, ready to be drawn.

    Attributes
    ----------
    order : ndarray of shape (n,)
        The participant of each row; see `lwd_tui.analysis.crowd.clustered_order`.
    distances : ndarray of shape (n, n)
        In this order.
    lowest, highest : float
        Of the scale.
    centre : ndarray of shape (n,)
        The distance of each participant from the centre, in the order of the experiment.
    """

    order: Ints
    distances: Floats
    lowest: float
    highest: float
    centre: Floats


def sorted_distances(distances: Floats, *others: Floats) -> Sorted:
    """Sort a step's distances, on a scale that holds those of other steps too."""
    upper = np.triu_indices(len(distances), 1)
    apart = [each[upper][np.isfinite(each[upper])] for each in (distances, *others)]
    lowest = min((float(each.min()) for each in apart if len(each)), default=0.0)
    highest = max((float(each.max()) for each in apart if len(each)), default=1.0)
    order = clustered_order(distances)
    return Sorted(
        order,
        distances[np.ix_(order, order)],
        lowest,
        highest if highest > lowest else lowest + 1.0,
        distances_from_centre(distances),
    )


class HeatMap(Widget):
    """A cell a pair, or a block of neighbours where there are more pairs than cells.

    Two rows share a line, by half blocks; where there are no colours, shades stand for them.
    """

    DEFAULT_CSS = "HeatMap { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._sorted: Sorted | None = None
        self._groups: Sequence[int] = ()
        self._selected = 0
        self._levels: Ints = np.zeros((0, 0), dtype=np.int64)
        self._block_of: Ints = np.zeros(0, dtype=np.int64)
        self._group_of: list[int] = []
        self._zoom = 1
        self._inks: dict[tuple[int, int], Style] = {}

    def on_mount(self) -> None:
        """Follow the theme, whose colours are mixed."""
        self.app.theme_changed_signal.subscribe(self, self._recolour)

    def _recolour(self, _: Theme) -> None:
        self._inks.clear()
        self.refresh()

    def on_resize(self, _: events.Resize) -> None:
        """Make as many blocks as there is room for."""
        self._lay_out()

    def empty(self) -> None:
        """Show nothing until a step comes."""
        self._sorted, self._selected = None, 0
        self._lay_out()

    def show(self, found: Sorted, groups: Sequence[int]) -> None:
        """Show a step, with the groups of the participants."""
        self._sorted, self._groups = found, groups
        self._lay_out()

    def select(self, participant: int) -> None:
        """Mark the row and the column of a participant."""
        self._selected = participant
        self.refresh()

    @property
    def _shaded(self) -> bool:
        few = self.app.console.color_system not in ("256", "truecolor")
        return few or self.app.no_color

    def _lay_out(self) -> None:
        self.refresh()
        width, height = self.size.width - _SIDE, self.size.height - _ABOVE - _BELOW
        room = min(width // 2, height) if self._shaded else min(width, 2 * height)
        if (found := self._sorted) is None or room < 1:
            self._levels = np.zeros((0, 0), dtype=np.int64)
            return
        n = len(found.order)
        blocks = min(n, room)
        self._zoom = room // n or 1
        share = (block_means(found.distances, blocks) - found.lowest) / (
            found.highest - found.lowest
        )
        shares = np.clip(np.nan_to_num(share, nan=-1.0), -1.0, 1.0)
        self._levels = np.where(shares < 0, -1, np.rint(shares * (_LEVELS - 1))).astype(np.int64)
        starts = block_starts(n, blocks)
        self._block_of = np.empty(n, dtype=np.int64)
        self._block_of[found.order] = np.searchsorted(starts, np.arange(n), side="right") - 1
        groups = np.array(self._groups)[found.order]
        self._group_of = [
            int(np.bincount(part).argmax()) for part in np.split(groups, starts[1:].tolist())
        ]

    def render_line(self, y: int) -> Strip:
        """Make one line: the mark of the column, rows, the scale, or what a cell is."""
        width, height, base = self.size.width, self.size.height, self.rich_style
        blocks = len(self._levels)
        if self._sorted is None or not blocks:
            return Strip.blank(width, base)
        here = int(self._block_of[self._selected])
        across = 2 * self._zoom if self._shaded else self._zoom
        lines = -(-blocks * self._zoom // (1 if self._shaded else 2))
        pieces: list[Segment]
        if y == 0:
            mark = " " * (_SIDE + here * across + across // 2) + "▾"
            pieces = [Segment(mark, base + Style(bold=True))]
        elif y <= lines:
            pieces = self._row(y - _ABOVE, here, across, base)
        elif y == height - _BELOW:
            pieces = self._scale(self._sorted)
        elif y == height - 1:
            pieces = [Segment(self._note(blocks), base + self._ink("quiet"))]
        else:
            return Strip.blank(width, base)
        return Strip(pieces).adjust_cell_length(width, base)

    def _row(self, line: int, here: int, across: int, base: Style) -> list[Segment]:
        blocks = len(self._levels)
        halves = 1 if self._shaded else 2
        rows = [(line * halves + half) // self._zoom for half in range(halves)]
        mark = Segment("▸" if here in rows else " ", base + Style(bold=True))
        upper, lower = rows[0], rows[-1]
        group = self._group_of[upper]
        if self._shaded:
            shades = np.maximum(self._levels[upper], 0) * len(_SHADES) // _LEVELS
            cells = "".join(_SHADES[shade] * across for shade in shades)
            side = Segment(marker(group), base + self._ink(f"series-{group % len(COLOURS)}"))
            return [mark, side, Segment(cells, base)]
        below = self._group_of[lower] if lower < blocks else -1
        side = Segment("▀", self._pair(-2 - group, -2 - below if below >= 0 else -1))
        bottom = self._levels[lower] if lower < blocks else np.full(blocks, -1)
        pairs = zip(self._levels[upper].tolist(), bottom.tolist(), strict=True)
        return [mark, side, *(Segment("▀" * across, self._pair(*pair)) for pair in pairs)]

    def _scale(self, found: Sorted) -> list[Segment]:
        low, high = f"{found.lowest:.3f} ", f" {found.highest:.3f}"
        if self._shaded:
            return [Segment(f"{low}{''.join(s * 2 for s in _SHADES)}{high}", self.rich_style)]
        steps = (round(i * (_LEVELS - 1) / (_SCALE - 1)) for i in range(_SCALE))
        cells = [Segment("▀", self._pair(step, step)) for step in steps]
        return [Segment(low, self.rich_style), *cells, Segment(high, self.rich_style)]

    def _note(self, blocks: int) -> str:
        n = len(self._block_of)
        if blocks == n:
            return "rows by average linkage"
        least, rest = divmod(n, blocks)
        return f"means of {least}{f' or {least + 1}' if rest else ''} a block"

    def _ink(self, name: str) -> Style:
        return Style.parse(self.app.theme_variables[name])

    def _pair(self, upper: int, lower: int) -> Style:
        """Return the style of two half cells: of levels, of groups below -1, of nothing at -1."""
        if (upper, lower) not in self._inks:
            style = f"{self._colour(upper)} on {self._colour(lower)}"
            self._inks[upper, lower] = self.rich_style + Style.parse(style)
        return self._inks[upper, lower]

    def _colour(self, level: int) -> str:
        theme = self.app.theme_variables
        if level < -1:
            return theme[f"series-{(-2 - level) % len(COLOURS)}"]
        ground = as_rgb(theme["background"])
        if level < 0:
            return theme["background"]
        heat, share = as_rgb(theme["heat"]), level / (_LEVELS - 1)
        if share > _HOT:
            far = as_rgb(theme["foreground"])
            return as_hex(mixed(heat, far, 0.7 * (share - _HOT) / (1 - _HOT)))
        return as_hex(mixed(ground, heat, 0.08 + 0.92 * share / _HOT))
