"""The plots of the command line, drawn by plotext."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from lwd_tui.analysis.frames import axis_limits
from lwd_tui.palette import colour, marker
from lwd_tui.text import clean_line
from lwd_tui.types import Geometry

LINE = "braille"
"""The marker of a line."""
_NARROWEST, _WIDEST = 50, 110
_FRAME_COLUMNS, _FRAME_ROWS = 8, 4
_CELL_ASPECT = 2.0


class Canvas(NamedTuple):
    """Room for a plot and its legend, in cells of the terminal, and whether colours are missing."""

    width: int
    height: int
    plain: bool

    @classmethod
    def on(cls, console: Console, height: int) -> Canvas:
        """Return as much room as a terminal has, of so many rows."""
        width = max(_NARROWEST, min(console.width, _WIDEST))
        return cls(width, height, not console.color_system)


def print_plot(console: Console, text: str) -> None:
    """Print a plot as it is: its colour codes are plotext's own."""
    console.print(Text.from_ansi(text), no_wrap=True, overflow="crop")


class Drawing:
    """A plot in the making; a series is told apart by its marker, and its number's colour."""

    def __init__(self, title: str, canvas: Canvas) -> None:
        import plotext

        self.legend: list[str] = []
        self._canvas = canvas
        self._plotext: Any = plotext
        self._figure: Any = plotext.figure  # There is one only.
        self._figure.clear()
        self._figure.theme("simple")
        self._figure.plot_size(canvas.width, canvas.height - 1)
        self._figure.title(clean_line(title))

    def draw(self, x: Sequence[float], y: Sequence[float], shape: str, number: int) -> None:
        """Draw the points of a series, or a line through them for `LINE`."""
        colours = self._plotext.pixel(colour(number))
        signal = self._figure.signal(x, y, marker=self._plotext.marker(shape, colours))
        if shape == LINE and len(x) > 1:
            signal.lines()
        self._figure.draw(signal)

    def name(self, shape: str, label: str, number: int) -> None:
        """Add a series to the legend; its label isn't cleaned."""
        sign, label = "──" if shape == LINE else shape, clean_line(label)
        if not self._canvas.plain:
            red, green, blue = colour(number)
            sign = f"\x1b[38;2;{red};{green};{blue}m{sign}\x1b[0m"
        self.legend.append(f"{sign} {label}")

    def limit(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Set where the axes begin and end."""
        self._figure.ruler("x").lim(*x)
        self._figure.ruler("y").lim(*y)

    def over_time(self, last: int, top: float) -> str:
        """Return the plot, as `text` does, with t = 0 .. `last` on the first axis."""
        self.limit((0, last), (0, top))
        ticks = whole_ticks(last, max(2, self._canvas.width // 12))
        self._figure.ruler("x").ticks(ticks, [str(tick) for tick in ticks])
        return self.text("t   ")

    def text(self, axis: str = "") -> str:
        """Return the plot as lines of text, with colour codes unless plain, over its legend."""
        text = str(self._figure.build()).rstrip("\n")
        self._figure.clear()
        text = str(self._plotext.uncolorize(text)) if self._canvas.plain else text
        return f"{text}\n   {axis}{'   '.join(self.legend)}"


def curves(series: Sequence[tuple[str, str, Sequence[float]]], title: str, canvas: Canvas) -> str:
    """Draw numbers over t, one a step from t = 0; what isn't finite is left out, and "" if all is.

    A series is a label, a marker and its values.
    """
    drawing = Drawing(title, canvas)
    top, last = 0.0, 1
    for number, (label, shape, values) in enumerate(series):
        points = [(t, value) for t, value in enumerate(values) if math.isfinite(value)]
        if points:
            ts, numbers = zip(*points, strict=True)
            top, last = max(top, *numbers), max(last, *ts)
            drawing.draw(ts, numbers, shape, number)
            drawing.name(shape, label, number)
    return drawing.over_time(last, top * 1.05 or 1) if drawing.legend else ""


def scatter(
    geometry: Geometry, names: Sequence[str], title: str, canvas: Canvas, scale: float
) -> str:
    """Draw the responses of one step on the two axes of classical scaling; "" without any.

    Both axes have the same unit (a cell counts as twice as high as wide). The scale is the typical
    norm of an embedding, so that a collapsed network looks collapsed.
    """
    coordinates = geometry.coordinates
    if not len(coordinates):
        return ""
    drawing = Drawing(title, canvas)
    for participant, name in enumerate(names):
        rows = coordinates[geometry.owners == participant]
        drawing.name(marker(participant), name, participant)
        if len(rows):
            x, y = rows.T.tolist()
            drawing.draw(x, y, marker(participant), participant)
    (left, right), (low, high) = axis_limits(coordinates, scale)
    rows_inside = canvas.height - 1 - _FRAME_ROWS
    aspect = (canvas.width - _FRAME_COLUMNS) / (_CELL_ASPECT * rows_inside)
    # The longer side of the canvas shows more than the square that holds all points.
    stretch_x, stretch_y = max(1.0, aspect), max(1.0, 1 / aspect)
    drawing.limit(_stretched(left, right, stretch_x), _stretched(low, high, stretch_y))
    return drawing.text()


def _stretched(low: float, high: float, factor: float) -> tuple[float, float]:
    middle, half = (low + high) / 2, (high - low) / 2 * factor
    return middle - half, middle + half


def whole_ticks(last: int, most: int) -> list[int]:
    """Return whole steps of t, evenly spaced by 1, 2 or 5 times a power of ten."""
    spacing = next(
        unit * 10**power
        for power in range(9)
        for unit in (1, 2, 5)
        if last <= most * unit * 10**power
    )
    return list(range(0, last + 1, spacing))
