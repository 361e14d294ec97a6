"""The plots of the command line, drawn by plotext."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lwd_tui.analysis.frames import axis_limits
from lwd_tui.palette import colour, marker
from lwd_tui.text import clean_line
from lwd_tui.types import Geometry

_FRAME_COLUMNS, _FRAME_ROWS = 8, 4
_CELL_ASPECT = 2.0


def curves(
    series: Sequence[tuple[str, str, Sequence[float]]],
    title: str,
    width: int,
    height: int,
    *,
    plain: bool,
) -> str:
    """Draw numbers over t, the first of them as a line.

    Parameters
    ----------
    series : sequence of (label, marker, values)
        One value a step from t = 0; what isn't finite is left out.
    title : str
    width, height : int
        Terminal cells.
    plain : bool
        Without colour.

    Returns
    -------
    str
        Lines of text, with colour codes unless plain, and a legend under them; "" if no value
        is finite.
    """
    figure = new_figure(title, width, height - 1)
    top, last = 0.0, 1
    legend = []
    for number, (label, shape, values) in enumerate(series):
        points = [(t, value) for t, value in enumerate(values) if math.isfinite(value)]
        if not points:
            continue
        ts, numbers = zip(*points, strict=True)
        top, last = max(top, *numbers), max(last, *ts)
        signal = figure.signal(ts, numbers, marker=shape_in_colour(shape, colour(number)))
        if number == 0 and len(points) > 1:
            signal.lines()
        figure.draw(signal)
        legend.append(key("──" if shape == "braille" else shape, label, number, plain))
    if not legend:
        return ""
    figure.ruler("x").lim(0, last)
    figure.ruler("y").lim(0, top * 1.05 or 1)
    ticks = whole_ticks(last, max(2, width // 12))
    figure.ruler("x").ticks(ticks, [str(tick) for tick in ticks])
    return f"{built(figure, plain)}\n   t   {'   '.join(legend)}"


def scatter(
    geometry: Geometry,
    names: Sequence[str],
    title: str,
    width: int,
    height: int,
    *,
    scale: float,
    plain: bool,
) -> str:
    """Draw the responses of one step on the two axes of classical scaling.

    Both axes have the same unit (a cell counts as twice as high as wide).

    Parameters
    ----------
    geometry : Geometry
    names : sequence of str
        Of the participants.
    title : str
    width, height : int
        Terminal cells.
    scale : float
        Typical norm of an embedding, so that a collapsed network looks collapsed.
    plain : bool
        Without colour.

    Returns
    -------
    str
        Lines of text with a legend under them; "" without any response.
    """
    coordinates = geometry.coordinates
    if not len(coordinates):
        return ""
    figure = new_figure(title, width, height - 1)
    legend = []
    for participant, name in enumerate(names):
        rows = coordinates[geometry.owners == participant]
        legend.append(key(marker(participant), clean_line(name), participant, plain))
        if len(rows):
            mark = shape_in_colour(marker(participant), colour(participant))
            figure.draw(figure.signal(rows[:, 0].tolist(), rows[:, 1].tolist(), marker=mark))
    (left, right), (low, high) = axis_limits(coordinates, scale)
    aspect = (width - _FRAME_COLUMNS) / (_CELL_ASPECT * (height - 1 - _FRAME_ROWS))
    # The longer side of the canvas shows more than the square that holds all points.
    stretch_x, stretch_y = max(1.0, aspect), max(1.0, 1 / aspect)
    figure.ruler("x").lim(*_stretched(left, right, stretch_x))
    figure.ruler("y").lim(*_stretched(low, high, stretch_y))
    return f"{built(figure, plain)}\n   {'   '.join(legend)}"


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


def key(shape: str, label: str, number: int, plain: bool) -> str:
    """Return an entry of a legend, in the colour of the series of that number."""
    red, green, blue = colour(number)
    return f"{shape} {label}" if plain else f"\x1b[38;2;{red};{green};{blue}m{shape}\x1b[0m {label}"


def new_figure(title: str, width: int, height: int) -> Any:
    """Return plotext's one figure, cleared."""
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("simple")
    figure.plot_size(width, height)
    figure.title(clean_line(title))
    return figure


def shape_in_colour(shape: str, shade: tuple[int, int, int]) -> Any:
    """Return plotext's marker of a shape and a colour."""
    import plotext

    return plotext.marker(shape, plotext.pixel(shade))


def built(figure: Any, plain: bool) -> str:
    """Return the figure as text, and clear it."""
    import plotext

    text = str(figure.build()).rstrip("\n")
    figure.clear()
    return str(plotext.uncolorize(text)) if plain else text
