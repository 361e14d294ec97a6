"""The plots of `lwd-tui gmm`, drawn by plotext: norms, weights and densities."""

from __future__ import annotations

from lwd_tui.analysis.weights import norms, quantile_band
from lwd_tui.cli.plots import (
    STRONG,
    THIN,
    Canvas,
    Line,
    built,
    curves,
    join,
    key,
    legend,
    mark,
    new_figure,
)
from lwd_tui.experiment.gmm import GmmRun
from lwd_tui.gmm.density import densities, line_grid
from lwd_tui.palette import DEBIASED, FLOOR, NORM, colour, marker
from lwd_tui.types import Floats

_MOST_CURVES = 6


def norm_plot(run: GmmRun, theory: Floats, canvas: Canvas) -> str:
    """Draw the norm of each replicate, or their median and 10-90 % band, over the theory."""
    found = norms(run.weights)
    if len(found) == 1:
        lines = [Line("norm", STRONG, NORM, found[0])]
    elif len(found) <= _MOST_CURVES:
        numbers = zip(run.replicates, found, strict=True)
        lines = [
            Line(f"replicate {number}", marker(number), colour(place), curve)
            for place, (number, curve) in enumerate(numbers)
        ]
    else:
        low, middle, high = quantile_band(found)
        lines = [Line("median", STRONG, NORM, middle)]
        lines += [Line(name, THIN, FLOOR, band) for name, band in (("10 %", low), ("90 %", high))]
    title = f"‖D(t)‖F, {len(found)} replicate{'s' if len(found) > 1 else ''}"
    lines.append(Line("theory", THIN, DEBIASED, theory))
    return curves(lines, title, canvas)


def weights_plot(run: GmmRun, place: int, canvas: Canvas) -> str:
    """Draw the weights of one replicate: of component 1 if there are two, else the largest's."""
    weights = run.weights[place]
    component = 0 if weights.shape[-1] == 2 else int(weights[-1].mean(axis=0).argmax())
    mean = ", ".join(f"{value:g}" for value in run.spec.means[component])
    title = f"weight of component {component + 1} (mean {mean}), replicate {run.replicates[place]}"
    lines = [
        Line(f"mixture {who + 1}", marker(who), colour(who), weights[:, who, component])
        for who in range(weights.shape[1])
    ]
    return curves(lines, title, canvas, top=1.0)


def density_plot(run: GmmRun, place: int, t: int, canvas: Canvas) -> str:
    """Draw the mixtures' densities along the first axis at t."""
    width, height, plain = canvas
    grid = line_grid(run, 4 * width)
    shown = densities(run, place, t, grid)
    along = " along the first axis" if run.spec.dimension > 1 else ""
    figure = new_figure(f"densities{along} at t = {t}", width, height - 1)
    keys = []
    for who, density in enumerate(shown):
        join(figure, grid[:, 0], density, colour(who))
    for who, density in enumerate(shown):
        few = slice(8 * who, None, 8 * len(shown))
        mark(figure, grid[few, 0], density[few], marker(who), colour(who))
        keys.append(key(marker(who), f"mixture {who + 1}", colour(who), plain))
    figure.ruler("x").lim(float(grid[0, 0]), float(grid[-1, 0]))
    figure.ruler("y").lim(0, float(shown.max()) * 1.05 or 1)
    return f"{built(figure, plain)}\n{legend(['x', *keys], width)}"
