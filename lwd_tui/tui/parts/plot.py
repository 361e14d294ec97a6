"""A plot that redraws at most four times a second, and only when there is something new."""

from __future__ import annotations

import time
from itertools import pairwise, product
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from textual import events, on
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.geometry import Region
from textual.theme import Theme
from textual.timer import Timer
from textual.widgets import Static
from textual_plot import HiResMode, PlotWidget

from lwd_tui.analysis.frames import apart
from lwd_tui.tui.parts.canvas import Canvas
from lwd_tui.tui.parts.octants import OCTANTS
from lwd_tui.tui.parts.ticks import Ticks
from lwd_tui.types import Floats, Ints

REDRAW = 0.25
"""Seconds between two redraws of a plot."""
LATER = 0.02
"""Seconds that a plot lets pass first, so that a key isn't kept waiting for it."""
APART = 0.05
"""Seconds between the redraws of two plots, so that a key is never kept waiting for both."""
DOTS = HiResMode.BRAILLE
BLOCKS = HiResMode.QUADRANT
_CLEAR = 1.0
"""Rows by which a name is nearer to its curve than to any other, where there is such a place."""
SMALLEST = (12, 5)
"""Columns and rows below which textual-plot has no room for its axes."""


class Plot(PlotWidget, inherit_bindings=False):
    """The base of our plots: subclasses say in `draw` what is drawn, and call `redraw`.

    Parameters
    ----------
    left : int
        Columns for the labels of the second axis.
    whole_x : bool
        Whether the first axis counts, as t does.

    Attributes
    ----------
    right : int
        Columns that are kept for words beside the ends of lines.
    """

    DEFAULT_CSS = """
    Plot {
        height: 1fr;
        &:focus > .plot--axis { color: $primary; }
        & > .plot--axis { color: $line; }
        & > .plot--tick { color: $quiet; text-style: none; }
    }
    """
    _last: ClassVar[float] = 0.0
    """When any plot was redrawn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "zoom_in", "zoom in", id="plot.in"),
        Binding("Z", "zoom_out", "zoom out", id="plot.out", show=False),
        Binding("left", "pan_left", "pan", id="plot.left", show=False),
        Binding("right", "pan_right", "pan", id="plot.right", show=False),
        Binding("up", "pan_up", "pan", id="plot.up", show=False),
        Binding("down", "pan_down", "pan", id="plot.down", show=False),
        Binding("0", "reset_scales", "whole plot", id="plot.reset", show=False),
    ]

    def __init__(self, *, left: int = 6, whole_x: bool = False) -> None:
        super().__init__()
        self.set_reactive(PlotWidget.margin_top, 0)
        self.set_reactive(PlotWidget.margin_bottom, 1)
        self.set_reactive(PlotWidget.margin_left, left)
        self._ticks = Ticks(whole=whole_x), Ticks()
        self.set_x_formatter(self._ticks[0])
        self.set_y_formatter(self._ticks[1])
        self.right = 0
        self._grounds: list[tuple[Floats, Floats, Floats]] = []
        self._lines: list[tuple[Floats, Floats]] = []
        self._rules: list[tuple[float, str]] = []
        self._ends: list[tuple[float, float, str, str]] = []
        self._inscribed: list[tuple[Floats, Floats, str, str, bool]] = []
        self._zoomed = False
        self._drawing = False
        self._drawn = -REDRAW
        self._waiting: Timer | None = None

    def compose(self) -> ComposeResult:
        """Yield the parts that textual-plot looks for, on canvases of ours; no legend inside."""
        with Grid():
            for part in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield Canvas(1, 1, id=part)
        yield Static(id="legend")

    def draw(self) -> None:
        """Put the data into the emptied plot; set the limits unless `zoomed`."""

    def overdraw(self, canvas: Canvas) -> None:
        """Write over the drawn plot, cell by cell."""

    @property
    def zoomed(self) -> bool:
        """Whether the user chose the limits."""
        return self._zoomed

    @property
    def waits(self) -> bool:
        """Whether something is still to be drawn."""
        return self._waiting is not None

    def redraw(self) -> None:
        """Draw what is new, soon or once a quarter of a second is over."""
        if self._waiting is None and self.is_mounted:
            wait = self._drawn + REDRAW - time.monotonic()
            self._waiting = self.set_timer(max(wait, LATER), self._redraw)

    def _redraw(self) -> None:
        # Words that are late, for a run or a busy machine, come first all the same.
        self.call_after_refresh(self._draw_all)

    def _draw_all(self) -> None:
        self._waiting = None
        wait = Plot._last + APART - time.monotonic()
        if not self._fits:
            return
        if wait > 0:
            self._waiting = self.set_timer(wait, self._redraw)
        else:
            self._drawn = Plot._last = time.monotonic()
            with self.app.batch_update():
                self._drawing = True
                self.clear()
                for pieces in (
                    self._grounds, self._lines, self._rules, self._ends, self._inscribed
                ):  # fmt: skip
                    pieces.clear()
                self.draw()
                # Only now is it known how many columns are kept for words.
                columns, rows = self.inner
                self._ticks[0].most, self._ticks[1].most = max(columns // 8, 2), rows // 3 + 1
                self._drawing = False
                self.render()

    def _rerender(self) -> None:
        self._needs_rerender = True
        # What is drawn on canvases while the plot is painted is on the screen one frame later, and
        # the plot was painted for nothing.
        if not self._drawing:
            self.refresh()

    def on_mount(self) -> None:
        """Follow the theme, whose colours are in what was drawn."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, _: Theme) -> None:
        self.redraw()

    def on_resize(self, _: events.Resize) -> None:
        """Draw for the new size."""
        self.query_one(Grid).display = self._fits
        self.redraw()

    @on(Canvas.Resize)
    def _canvas_resized(self) -> None:
        # Where panels settle in two layouts, the plot is rendered before its canvases have sizes,
        # and textual-plot wouldn't look at them again.
        self._needs_canvas_resize = True
        self.redraw()

    @on(PlotWidget.ScaleChanged)
    def _scale_changed(self) -> None:
        self._zoomed = True
        self.redraw()

    def action_reset_scales(self) -> None:
        """Show the whole plot again."""
        self._zoomed = False
        self.redraw()

    @property
    def _fits(self) -> bool:
        return self.size.width >= SMALLEST[0] and self.size.height >= SMALLEST[1]

    def render(self) -> RenderResult:
        """Render the plot, each canvas repainted once; a word where there is no room for it."""
        if not self._fits:
            return "too small for the plot"
        canvas = self.query_one("#plot", Canvas)
        with canvas.batch_refresh():
            return super().render()

    def _render_plot(self) -> None:
        """Render between two open axes: lines first, then what lies under and beside them."""
        canvas = self.query_one("#plot", Canvas)
        # As large as it was when its cells were made, which may be another size than it has by now.
        width, height = canvas._canvas_size
        if width - self.right < SMALLEST[0] - self.margin_left or height < SMALLEST[1] - 1:
            return
        self._scale_rectangle = Region(1, 1, width - 2 - self.right, height - 2)
        super()._render_plot()
        canvas.wipe(self._scale_rectangle.right)
        shaded = self.shaded
        box = self._scale_rectangle
        for x, low, high in self._grounds:
            top, bottom = (np.clip(self._rows(x, y), box.y, box.bottom) for y in (high, low))
            canvas.fill(
                box.x, top, bottom, self.colour("quiet" if shaded else "ground"), shaded=shaded
            )
        for x, y, text, style, above in self._inscribed:
            others = [self._rows(*line) for line in self._lines if line[1] is not y]
            self._inscribe(canvas, self._rows(x, y), others, text, style, above)
        for at, style in self._rules:
            canvas.stroke(self.get_pixel_from_coordinate(at, 0)[0], 1, box.bottom, style)
        self._write_ends(canvas)
        self.overdraw(canvas)

    def _rows(self, x: Floats, y: Floats) -> Floats:
        """Return where a curve is in the middle of each column, in rows from the top."""
        box = self._scale_rectangle
        share = (np.arange(box.width) + 0.5) / box.width
        middles = self._x_min + share * (self._x_max - self._x_min)
        heights = np.interp(middles, x, y, left=np.nan, right=np.nan)
        rows: Floats = (
            box.bottom - (heights - self._y_min) / (self._y_max - self._y_min) * box.height
        )
        return rows

    def _inscribe(
        self,
        canvas: Canvas,
        rows: Floats,
        others: list[Floats],
        text: str,
        style: str,
        above: bool,
    ) -> None:
        """Write a curve's name above or below it, where no other line is as near.

        The first free place that is clearly its own is taken, or else that which is most so.
        """
        box, width = self._scale_rectangle, len(text) + 2
        places = box.width - width - 1
        if places < 1:
            return
        # What each line does in the columns of each place, of which the first is left free.
        windows = sliding_window_view([rows, *others], width, axis=1)[:, 1 : 1 + places]
        near = windows[0]
        known = np.isfinite(near).all(axis=1)
        top, bottom = (
            np.where(known, np.trunc(row), 0) for row in (near.min(axis=1), near.max(axis=1))
        )
        found: list[tuple[float, int, int]] = []
        for apart_by, over in product((1, 2), (above, not above)):
            at = top - apart_by if over else bottom + apart_by
            away = np.abs(windows - (at + 0.5)[:, None])
            own, *away_from = np.where(np.isfinite(away), away, np.inf).min(axis=2)
            lead = np.min(away_from, axis=0, initial=np.inf) - np.where(known, own, 0)
            there = np.flatnonzero(known & (box.y <= at) & (at < box.bottom) & (lead > 0))
            found += [(float(lead[i]), i, int(at[i])) for i in there.tolist()]
        # Sorting keeps the order of places that are as good as each other.
        for _, place, row in sorted(found, key=lambda each: -min(each[0], _CLEAR)):
            if all(canvas.is_free(box.x + place + 1 + x, row) for x in range(width)):
                canvas.write(box.x + place + 2, row, text, style)
                return

    def _write_ends(self, canvas: Canvas) -> None:
        """Write beside the ends of lines, each in a row of its own."""
        box, ends = self._scale_rectangle, sorted(self._ends, key=lambda end: -end[1])
        cells = [self.get_pixel_from_coordinate(x, y) for x, y, _, _ in ends]
        # Rows are counted downwards; the last is that of the axis.
        heights = apart([-max(row, 0) for _, row in cells], 1, -box.bottom)
        for height, (column, _), (_, _, text, style) in zip(heights, cells, ends, strict=True):
            canvas.write(min(column + 2, box.right + 1), -int(height), text, style)

    # Pieces of plots

    @property
    def shaded(self) -> bool:
        """Whether shades stand for grounds: sixteen colours have none that is quiet enough."""
        return self.app.console.color_system not in ("256", "truecolor")

    @property
    def inner(self) -> tuple[int, int]:
        """Columns and rows inside the axes."""
        columns = self.size.width - self.margin_left - 2 - self.right
        return max(columns, 1), max(self.size.height - 3, 1)

    def colour(self, name: str) -> str:
        """Return a colour of the theme, by the name of its variable."""
        return self.app.theme_variables[name]

    @property
    def strong(self) -> HiResMode:
        """What strong lines are drawn in: blocks, or octants where the user wants them."""
        memory = getattr(self.app, "memory", None)
        return OCTANTS if memory is not None and memory.octants else BLOCKS

    def place(self, t: float, last: float) -> float:
        """Return where t is marked on an axis that ends at `last`, whose limit isn't drawn on."""
        return min(t, max(last, 1) * (1 - 0.5 / self.inner[0]))

    def rule(self, x: float, style: str) -> None:
        """Draw a hairline that cuts nothing."""
        self._rules.append((x, style))

    def ground(self, x: ArrayLike, low: ArrayLike, high: ArrayLike) -> None:
        """Fill the ground between two curves; NaN where there is none."""
        xs, lows, highs = (np.asarray(each, dtype=float) for each in (x, low, high))
        if len(xs):
            self._grounds.append((xs, lows, highs))

    def inscribe(self, x: ArrayLike, y: ArrayLike, text: str, style: str, *, above: bool) -> None:
        """Write words on a curve, above or below it, where there is room."""
        self._inscribed.append((np.asarray(x, float), np.asarray(y, float), text, style, above))

    def end(self, x: float, y: float, text: str, style: str) -> None:
        """Write words at the end of a line."""
        self._ends.append((x, y, text, style))

    def curve(
        self,
        x: ArrayLike,
        y: ArrayLike,
        style: str,
        dash: tuple[int, int] = (1, 0),
        mode: HiResMode = DOTS,
    ) -> None:
        """Draw a line, broken where a value is missing.

        Parameters
        ----------
        x, y : array_like
            In order of x; NaN where there is no value. Of a curve with many more points than
            columns, the outline is drawn.
        style : str
        dash : (int, int)
            Dots on and off; (1, 0) is a solid line.
        mode : HiResMode
            In small dots, or as `strong` lines are, which close up.
        """
        xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if len(xs):
            self._lines.append((xs, ys))
        alone: list[int] = []
        for held in stretches(np.isfinite(ys)):
            if len(held) == 1:
                alone.append(held[0])
            elif dash != (1, 0):
                # Two dots a column, each asked for twice so that steep parts don't thin out.
                dots = np.arange(0, 2 * self.inner[0], 0.5)
                dots = dots[dots % sum(dash) < dash[0]]
                share = dots / (2 * self.inner[0])
                columns = xs[held[0]] + share * (xs[held[-1]] - xs[held[0]])
                heights = np.interp(columns, xs[held], ys[held])
                self.scatter(columns, heights, marker_style=style, hires_mode=mode)
            else:
                if len(held) > 4 * self.inner[0] and not self.zoomed:
                    held = held[extremes(ys[held], 2 * self.inner[0])]
                self.plot(xs[held], ys[held], style, mode)
        if alone:
            self.scatter(xs[alone], ys[alone], marker_style=style, hires_mode=mode)


def stretches(there: NDArray[np.bool_]) -> list[Ints]:
    """Return the positions of each unbroken stretch of what is there, in order."""
    held = np.flatnonzero(there)
    return np.split(held, np.flatnonzero(np.diff(held) > 1) + 1) if len(held) else []


def extremes(values: Floats, parts: int) -> Ints:
    """Return where each of `parts` stretches is lowest and highest: a long curve's outline."""
    edges = np.linspace(0, len(values), parts + 1).astype(np.int64)
    kept = [
        start + np.array([values[start:stop].argmin(), values[start:stop].argmax()])
        for start, stop in pairwise(edges)
        if stop > start
    ]
    return np.unique(np.concatenate([[0], *kept, [len(values) - 1]]))
