"""The plots of `lwd-tui gmm`, drawn by plotext: norms, weights and densities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lwd_tui.analysis.weights import norms, quantile_band
from lwd_tui.cli.plots import built, key, new_figure, shape_in_colour, whole_ticks
from lwd_tui.experiment.gmm import GmmRun
from lwd_tui.gmm.density import densities, line_grid
from lwd_tui.palette import MARKERS, colour, marker
from lwd_tui.types import Floats, Ints

_MOST_CURVES = 6
_LINE, _DOTS = "braille", "·"

Numbers = Floats | Ints
Series = tuple[str, str, Floats]
"""A label, a marker and the values."""


def norm_plot(run: GmmRun, theory: Floats, width: int, height: int, *, plain: bool) -> str:
    """Draw the norm of each replicate, or their median and 10-90 % band, over the theory."""
    curves = norms(run.weights)
    if len(curves) <= _MOST_CURVES:
        numbers = zip(run.replicates, curves, strict=True)
        series = [(f"replicate {number}", MARKERS[number % 10], curve) for number, curve in numbers]
    else:
        low, middle, high = quantile_band(curves)
        series = [("median", "●", middle), ("10 %", "-", low), ("90 %", "-", high)]
    title = f"‖D(t)‖F, {len(curves)} replicate{'s' if len(curves) > 1 else ''}"
    return _over_time([*series, ("theory", _DOTS, theory)], title, width, height, plain)


def weights_plot(run: GmmRun, place: int, width: int, height: int, *, plain: bool) -> str:
    """Draw the weights of one replicate: of component 1 if there are two, else the largest's."""
    weights = run.weights[place]
    component = 0 if weights.shape[-1] == 2 else int(weights[-1].mean(axis=0).argmax())
    mean = ", ".join(f"{value:g}" for value in run.spec.means[component])
    title = f"weight of component {component + 1} (mean {mean}), replicate {run.replicates[place]}"
    series = [
        (f"mixture {who + 1}", marker(who), weights[:, who, component])
        for who in range(weights.shape[1])
    ]
    return _over_time(series, title, width, height, plain, top=1.0)


def density_plot(run: GmmRun, place: int, t: int, width: int, height: int, *, plain: bool) -> str:
    """Draw the mixtures' densities along the first axis at t."""
    grid = line_grid(run, 4 * width)
    shown = densities(run, place, t, grid)
    along = " along the first axis" if run.spec.dimension > 1 else ""
    figure = new_figure(f"densities{along} at t = {t}", width, height - 1)
    legend = []
    for who, density in enumerate(shown):
        _draw_line(figure, grid[:, 0], density, who)
    for who, density in enumerate(shown):
        few = slice(8 * who, None, 8 * len(shown))
        _draw_marks(figure, grid[few, 0], density[few], marker(who), who)
        legend.append(key(marker(who), f"mixture {who + 1}", who, plain))
    figure.ruler("x").lim(float(grid[0, 0]), float(grid[-1, 0]))
    figure.ruler("y").lim(0, float(shown.max()) * 1.05 or 1)
    return f"{built(figure, plain)}\n   x   {'   '.join(legend)}"


def _over_time(
    series: Sequence[Series],
    title: str,
    width: int,
    height: int,
    plain: bool,
    top: float | None = None,
) -> str:
    figure = new_figure(title, width, height - 1)
    last = len(series[0][2]) - 1
    times = np.arange(last + 1)
    every = max(1, 2 * last // width)
    legend = []
    for number, (_, shape, values) in enumerate(series):
        if shape != _DOTS:
            _draw_line(figure, times, values, number)
    for number, (label, shape, values) in enumerate(series):
        few = slice(number * every, None, every if shape == _DOTS else 2 * every * len(series))
        _draw_marks(figure, times[few], values[few], shape, number)
        legend.append(key(shape, label, number, plain))
    highest = max(float(np.max(values)) for _, _, values in series)
    figure.ruler("x").lim(0, max(last, 1))
    figure.ruler("y").lim(0, top or highest * 1.05 or 1)
    ticks = whole_ticks(max(last, 1), max(2, width // 12))
    figure.ruler("x").ticks(ticks, [str(tick) for tick in ticks])
    return f"{built(figure, plain)}\n   t   {'   '.join(legend)}"


def _draw_line(figure: Any, x: Numbers, y: Floats, number: int) -> None:
    mark = shape_in_colour(_LINE, colour(number))
    signal = figure.signal(x.tolist(), y.tolist(), marker=mark)
    signal.lines()
    figure.draw(signal)


def _draw_marks(figure: Any, x: Numbers, y: Floats, shape: str, number: int) -> None:
    """Mark a few points of a curve: curves are told apart by shape as well as by colour."""
    mark = shape_in_colour(shape, colour(number))
    figure.draw(figure.signal(x.tolist(), y.tolist(), marker=mark))
