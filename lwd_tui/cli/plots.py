"""The plots of the command line, drawn by plotext."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.text import Text

from lwd_tui.analysis.frames import apart, axis_limits, stride
from lwd_tui.palette import DEBIASED, FLOOR, NORM, RGB, colour, marker
from lwd_tui.text import clean_line, shorten
from lwd_tui.types import Floats, Geometry

STRONG, THIN, GROUND = "hd", "braille", "░"
_SIGNS = {STRONG: "━━", THIN: "──", GROUND: "░░"}
_VALUE = 9
"""Columns of a value at the end of a line."""
_NARROWEST, _WIDEST = 50, 110
_FRAME_COLUMNS, _FRAME_ROWS = 8, 4
_CELL_ASPECT = 2.0
_MARGIN = "   "


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


@dataclass(frozen=True, slots=True)
class Line:
    """A line over t from t = 0.

    Attributes
    ----------
    label : str
        Not cleaned.
    shape : str
        STRONG, THIN, GROUND, or a marker that stands here and there on a thin line.
    shade : (int, int, int)
    values : sequence of float
    """

    label: str
    shape: str
    shade: RGB
    values: Sequence[float] | Floats

    @property
    def points(self) -> tuple[Floats, Floats]:
        """Where it is finite, and what it is there."""
        values = np.asarray(self.values, dtype=float)
        held = np.flatnonzero(np.isfinite(values))
        return held.astype(float), values[held]

    @property
    def sign(self) -> str:
        """What stands for it in a legend."""
        return _SIGNS.get(self.shape, self.shape)


def norm_lines(
    norm: Sequence[float], debiased: Sequence[float], floor: Sequence[float]
) -> list[Line]:
    """Return a strong line, a thin one and a ground: what the norm looks like in every plot."""
    return [
        Line("norm", STRONG, NORM, norm),
        Line("debiased", THIN, DEBIASED, debiased),
        Line("noise floor", GROUND, FLOOR, floor),
    ]


def curves(lines: Sequence[Line], title: str, canvas: Canvas, top: float | None = None) -> str:
    """Draw lines over t, the first on top, each with its last value at its end.

    Parameters
    ----------
    lines : sequence of Line
    title : str
    canvas : Canvas
    top : float, optional
        Where the vertical axis ends; else above the largest value.

    Returns
    -------
    str
        Lines of text, with colour codes unless plain, and a legend under them; "" if no value
        is finite.
    """
    import plotext

    width, height, plain = canvas
    lines = [line for line in lines if len(line.points[0])]
    if not lines:
        return ""
    figure = new_figure(title, width, height - 1)
    points = [line.points for line in lines]
    last = max(1, *(int(t[-1]) for t, _ in points))
    top = top or max(float(y.max()) for _, y in points) * 1.05 or 1.0
    for order, line in reversed(list(enumerate(lines))):
        t, y = line.points
        if line.shape == GROUND:
            # So many stems that no column between two steps is left out.
            places = np.linspace(t[0], t[-1], 2 * width)
            stems = _signal(figure, places, np.interp(places, t, y), GROUND, line.shade)
            figure.draw(stems.fillx())
            continue
        join(figure, t, y, line.shade, STRONG if line.shape == STRONG else THIN)
        if line.sign == line.shape:
            every = max(1, 4 * last * len(lines) // width)
            few = slice(order * every // len(lines), None, every)
            mark(figure, t[few], y[few], line.shape, line.shade)
    ends = [line.sign if line.sign == line.shape else shorten(line.label, 16) for line in lines]
    room = max(map(len, ends)) + _VALUE
    # A little more than a row, so that no two round to the same one.
    row = 1.001 * top / max(height - 2 - _FRAME_ROWS, 1)
    named = sorted(zip(points, ends, lines, strict=True), key=lambda end: -end[0][1][-1])
    heights = apart([float(y[-1]) for (_, y), _, _ in named], row, 0.0)
    for place, ((ts, ys), words, line) in zip(heights, named, strict=True):
        text = plotext.colorize(f" {ys[-1]:.3f} {words}", plotext.pixel(line.shade))
        figure.draw(figure.text(float(ts[-1]), place, text, alignment="left"))
    # Beyond the last step there is room for the last values.
    figure.ruler("x").lim(0, last * (1 + room / max(width - _FRAME_COLUMNS - room, 1)))
    figure.ruler("y").lim(0, top)
    ticks = range(0, last + 1, stride(last, max(2, width // 12)))
    figure.ruler("x").ticks(list(ticks), [str(tick) for tick in ticks])
    keys = [key(line.sign, clean_line(line.label), line.shade, plain) for line in lines]
    return f"{built(figure, plain)}\n{legend(['t', *keys], width)}"


def join(figure: Any, x: Floats, y: Floats, shade: RGB, shape: str = THIN) -> None:
    """Draw a line."""
    signal = _signal(figure, x, y, shape, shade)
    figure.draw(signal.lines() if len(x) > 1 else signal)


def mark(figure: Any, x: Floats, y: Floats, shape: str, shade: RGB) -> None:
    """Draw points: here and there on a line, they tell it apart without its colour."""
    figure.draw(_signal(figure, x, y, shape, shade))


def scatter(
    geometry: Geometry, names: Sequence[str], title: str, canvas: Canvas, scale: float
) -> str:
    """Draw the responses of one step on the two axes of classical scaling.

    Both axes have the same unit (a cell counts as twice as high as wide).

    Parameters
    ----------
    geometry : Geometry
    names : sequence of str
        Of the participants.
    title : str
    canvas : Canvas
    scale : float
        Typical norm of an embedding, so that a collapsed network looks collapsed.

    Returns
    -------
    str
        Lines of text with a legend under them; "" without any response.
    """
    width, height, plain = canvas
    coordinates = geometry.coordinates
    if not len(coordinates):
        return ""
    figure = new_figure(title, width, height - 1)
    keys = []
    for participant, name in enumerate(names):
        rows = coordinates[geometry.owners == participant]
        keys.append(key(marker(participant), clean_line(name), colour(participant), plain))
        if len(rows):
            mark(figure, rows[:, 0], rows[:, 1], marker(participant), colour(participant))
    (left, right), (low, high) = axis_limits(coordinates, scale)
    aspect = (width - _FRAME_COLUMNS) / (_CELL_ASPECT * (height - 1 - _FRAME_ROWS))
    # The longer side of the canvas shows more than the square that holds all points.
    stretch_x, stretch_y = max(1.0, aspect), max(1.0, 1 / aspect)
    figure.ruler("x").lim(*_stretched(left, right, stretch_x))
    figure.ruler("y").lim(*_stretched(low, high, stretch_y))
    return f"{built(figure, plain)}\n{legend(keys, width)}"


def _stretched(low: float, high: float, factor: float) -> tuple[float, float]:
    middle, half = (low + high) / 2, (high - low) / 2 * factor
    return middle - half, middle + half


def key(shape: str, label: str, shade: RGB, plain: bool) -> str:
    """Return an entry of a legend."""
    red, green, blue = shade
    return f"{shape} {label}" if plain else f"\x1b[38;2;{red};{green};{blue}m{shape}\x1b[0m {label}"


def legend(keys: Sequence[str], width: int) -> str:
    """Return entries as lines of at most `width` cells, each entry whole."""
    lines: list[list[str]] = [[]]
    for entry in keys:
        if lines[-1] and _cells("   ".join([*lines[-1], entry])) + len(_MARGIN) > width:
            lines.append([])
        lines[-1].append(entry)
    return "\n".join(_MARGIN + "   ".join(line) for line in lines)


def _cells(text: str) -> int:
    return Text.from_ansi(text).cell_len


def new_figure(title: str, width: int, height: int) -> Any:
    """Return plotext's one figure, cleared."""
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("simple")
    figure.plot_size(width, height)
    # plotext leaves a title out that is wider than the plot.
    figure.title(shorten(title, width - 2 * len(_MARGIN)))
    return figure


def _signal(figure: Any, x: Floats, y: Floats, shape: str, shade: RGB) -> Any:
    import plotext

    sign = plotext.marker(shape, plotext.pixel(shade))
    return figure.signal(x.tolist(), y.tolist(), marker=sign)


def built(figure: Any, plain: bool) -> str:
    """Return the figure as text, and clear it."""
    import plotext

    text = str(figure.build()).rstrip("\n")
    figure.clear()
    return str(plotext.uncolorize(text)) if plain else text
