"""The plots of `lwd-tui gmm`: norms, weights and densities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lwd_tui.analysis.weights import norms, quantile_band
from lwd_tui.cli.plots import LINE, Canvas, Drawing
from lwd_tui.experiment.gmm import GmmRun
from lwd_tui.gmm.density import densities, line_grid
from lwd_tui.palette import MARKERS, marker
from lwd_tui.types import Floats

_MOST_CURVES = 6
_DOTS = "·"

Series = tuple[str, str, Floats]
"""A label, a marker and the values."""


def norm_plot(run: GmmRun, theory: Floats, canvas: Canvas) -> str:
    """Draw the norm of each replicate, or their median and 10-90 % band, over the theory."""
    curves = norms(run.weights)
    if len(curves) <= _MOST_CURVES:
        numbers = zip(run.replicates, curves, strict=True)
        series = [(f"replicate {number}", MARKERS[number % 10], curve) for number, curve in numbers]
    else:
        low, middle, high = quantile_band(curves)
        series = [("median", "●", middle), ("10 %", "-", low), ("90 %", "-", high)]
    title = f"‖D(t)‖F, {len(curves)} replicate{'s' if len(curves) > 1 else ''}"
    return _over_time([*series, ("theory", _DOTS, theory)], title, canvas)


def weights_plot(run: GmmRun, place: int, canvas: Canvas) -> str:
    """Draw the weights of one replicate: of component 1 if there are two, else the largest's."""
    weights = run.weights[place]
    component = 0 if weights.shape[-1] == 2 else int(weights[-1].mean(axis=0).argmax())
    mean = ", ".join(f"{value:g}" for value in run.spec.means[component])
    title = f"weight of component {component + 1} (mean {mean}), replicate {run.replicates[place]}"
    series = [
        (f"mixture {who + 1}", marker(who), weights[:, who, component])
        for who in range(weights.shape[1])
    ]
    return _over_time(series, title, canvas, top=1.0)


def density_plot(run: GmmRun, place: int, t: int, canvas: Canvas) -> str:
    """Draw the mixtures' densities along the first axis at t."""
    grid = line_grid(run, 4 * canvas.width)
    x, shown = grid[:, 0], densities(run, place, t, grid)
    along = " along the first axis" if run.spec.dimension > 1 else ""
    drawing = Drawing(f"densities{along} at t = {t}", canvas)
    for who, density in enumerate(shown):
        drawing.draw(x.tolist(), density.tolist(), LINE, who)
    # Marks at a few points: curves are told apart by shape as well as by colour.
    for who, density in enumerate(shown):
        few = slice(8 * who, None, 8 * len(shown))
        drawing.draw(x[few].tolist(), density[few].tolist(), marker(who), who)
        drawing.name(marker(who), f"mixture {who + 1}", who)
    drawing.limit((float(x[0]), float(x[-1])), (0, float(shown.max()) * 1.05 or 1))
    return drawing.text("x   ")


def _over_time(series: Sequence[Series], title: str, canvas: Canvas, top: float = 0.0) -> str:
    drawing = Drawing(title, canvas)
    last = len(series[0][2]) - 1
    times = np.arange(last + 1)
    every = max(1, 2 * last // canvas.width)
    for number, (_, shape, values) in enumerate(series):
        if shape != _DOTS:
            drawing.draw(times.tolist(), values.tolist(), LINE, number)
    for number, (label, shape, values) in enumerate(series):
        few = slice(number * every, None, every if shape == _DOTS else 2 * every * len(series))
        drawing.draw(times[few].tolist(), values[few].tolist(), shape, number)
        drawing.name(shape, label, number)
    highest = max(float(np.max(values)) for _, _, values in series)
    return drawing.over_time(max(last, 1), top or highest * 1.05 or 1)
