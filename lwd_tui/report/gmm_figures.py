"""The figures of a run of mixtures: norm over the theory, weights, densities."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import FigureBase

from lwd_tui.analysis.weights import norms, quantile_band
from lwd_tui.experiment.gmm import GmmRun
from lwd_tui.gmm.density import densities as densities_at
from lwd_tui.gmm.density import line_grid
from lwd_tui.report.draw import (
    MOST_CURVES,
    Drawing,
    keys_below,
    keys_over,
    legend_height,
    mark,
    moments,
    over_time,
)
from lwd_tui.report.norm_curves import debiased_line, ground, norm_line
from lwd_tui.run.mixtures import theory

_MOST_REPLICATES, _MOST_COMPONENTS = 6, 3
_GRID = 240


def gmm_figures(run: GmmRun) -> dict[str, Drawing]:
    """Return the figures of a run of mixtures, by name; of a mixture alone there is no norm."""
    found = {"norm": _norm(run)} if run.spec.participants > 1 else {}
    return found | {"weights": _weights(run), "densities": _densities(run)}


def _norm(run: GmmRun) -> Drawing:
    """Return the norm of each replicate, or their median and a band, over the theory."""
    curves, expected = norms(run.weights), theory(run)
    t = np.arange(curves.shape[1])

    def draw(figure: FigureBase) -> None:
        axes = figure.add_subplot()
        if len(curves) == 1:
            lines: list[Artist] = [norm_line(axes, curves[0], "norm")]
        elif len(curves) <= _MOST_REPLICATES:
            lines = [
                axes.plot(t, curve, label=f"replicate {number}", **_marked(place, len(t)))[0]
                for place, (number, curve) in enumerate(zip(run.replicates, curves, strict=True))
            ]
        else:
            low, middle, high = quantile_band(curves)
            lines = [
                norm_line(axes, middle, "median"),
                ground(axes, low, high, "10 to 90 %"),
            ]
        lines.append(debiased_line(axes, expected, "theory"))
        over_time(axes, len(t) - 1, "‖D(t)‖F")
        keys_over(axes, lines)

    middle = np.median(curves, axis=0)
    return Drawing(
        f"Norm ‖D(t)‖F of {len(curves)} replicate{'s' * (len(curves) > 1)}, over the theory",
        f"The norm over t: median {middle[0]:.3f} at t = 0, {middle[-1]:.3f} at t = {t[-1]}",
        2.9,
        draw,
    )


def _weights(run: GmmRun) -> Drawing:
    """Return the weights of the first replicate: one panel a component, of many the largest."""
    weights = run.weights[0]
    count = weights.shape[-1]
    largest = np.argsort(-weights[-1].mean(axis=0), kind="stable")
    components = [0] if count == 2 else sorted(int(b) for b in largest[:_MOST_COMPONENTS])
    t = np.arange(len(weights))

    def draw(figure: FigureBase) -> None:
        panels = figure.subplots(1, len(components), sharex=True, sharey=True, squeeze=False)[0]
        for place, (axes, component) in enumerate(zip(panels, components, strict=True)):
            mean = ", ".join(f"{value:g}" for value in run.spec.means[component][:4])
            axes.set_title(f"component {component + 1}, mean {mean.replace('-', '−')}", loc="left")
            lines = [
                axes.plot(
                    t,
                    weights[:, who, component],
                    label=f"mixture {who + 1}",
                    **_marked(who, len(t)),
                )[0]
                for who in range(min(weights.shape[1], MOST_CURVES))
            ]
            over_time(axes, len(t) - 1, "" if place else "weight", len(panels))
            axes.set_ylim(0, 1)
        keys_below(figure, lines, run.spec.participants)

    which = "" if len(components) == count or count == 2 else ", its largest components"
    return Drawing(
        f"Weights of replicate {run.replicates[0]}{which}",
        "The weights of each mixture over t",
        2.5 + legend_height(run.spec.participants),
        draw,
    )


def _densities(run: GmmRun) -> Drawing:
    """Return the densities of the first replicate at its first, middle and last step."""
    times = moments(run.weights.shape[1] - 1)
    grid = line_grid(run, _GRID)
    shown = [densities_at(run, 0, t, grid) for t in times]
    highest = max(float(curves.max()) for curves in shown)

    def draw(figure: FigureBase) -> None:
        panels = figure.subplots(1, len(times), sharex=True, sharey=True, squeeze=False)[0]
        for place, (axes, t, curves) in enumerate(zip(panels, times, shown, strict=True)):
            axes.set_title(f"t = {t}", loc="left")
            lines = [
                axes.plot(grid[:, 0], curve, label=f"mixture {who + 1}", **_marked(who, _GRID))[0]
                for who, curve in enumerate(curves[:MOST_CURVES])
            ]
            axes.set_xlim(grid[0, 0], grid[-1, 0])
            axes.set_ylim(0, 1.05 * highest)
            axes.set_xlabel("x")
            if not place:
                axes.set_ylabel("density")
        keys_below(figure, lines, run.spec.participants)

    along = " along the first axis" if run.spec.dimension > 1 else ""
    return Drawing(
        f"Densities of replicate {run.replicates[0]}{along}",
        f"The densities of the mixtures at {', '.join(f't = {t}' for t in times)}",
        2.4 + legend_height(run.spec.participants),
        draw,
    )


def _marked(number: int, count: int) -> dict[str, Any]:
    """Return a curve's properties: few markers, and beside those of the other curves."""
    every = max(1, count // 12)
    return {**mark(number), "linewidth": 1.3, "markevery": (number * every // 5 % every, every)}
