"""The figures of a run of language models: norm, scatter and dispersion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D

from lwd_tui.analysis.frames import axis_limits
from lwd_tui.experiment.llm import Experiment
from lwd_tui.findings.clusters import AnswerClusters
from lwd_tui.report.cluster_figure import cluster_figure
from lwd_tui.report.draw import (
    MOST_CURVES,
    Drawing,
    keys_below,
    keys_over,
    legend_height,
    mark,
    moments,
    over_time,
    short_name,
)
from lwd_tui.report.ink import DEBIASED, NORM, QUIET
from lwd_tui.report.norm_curves import debiased_line, ground, last_values, norm_line
from lwd_tui.store.records import StepNumbers
from lwd_tui.store.run import RunStore
from lwd_tui.types import Floats, Geometry, Step

MOST_POINTS = 1_500
"""Points of one panel of the scatter, at most."""

_MOST_MARKERS = 24
_CALM = 100
"""Steps that leave room for heavy lines."""


def figures(
    experiment: Experiment,
    numbers: Sequence[StepNumbers],
    chosen: Sequence[Step],
    clusters: AnswerClusters | None,
    scale: str = "",
) -> dict[str, Drawing]:
    """Return the figures that a run has enough steps and answers for, by name.

    The numbers and clusters are those of all whole steps; the chosen steps are those that the
    scatter shows. What the distances are between is said in words, if it isn't the embedder's.
    """
    names = [short_name(who.name) for who in experiment.cast]
    found = {
        "norm": norm(numbers, experiment, scale),
        "scatter": scatter(chosen, names),
        "dispersion": dispersion(numbers, names, experiment.steps),
        "clusters": cluster_figure(clusters, names, experiment.steps) if clusters else None,
    }
    return {name: drawing for name, drawing in found.items() if drawing is not None}


def chosen_steps(store: RunStore, at: Sequence[int] = ()) -> list[Step]:
    """Return the whole steps at these t, or else the first, the middle and the last."""
    return [store.step(t) for t in at or moments(store.finished() - 1)]


def answered_steps(store: RunStore, at: Sequence[int] = ()) -> list[Step]:
    """Return the same steps with single answers: to the first query, if all are looked at."""
    with store.looking_at(store.query or 1):
        return chosen_steps(store, at)


def norm(numbers: Sequence[StepNumbers], experiment: Experiment, scale: str = "") -> Drawing | None:
    """Return the curve of the norm, its debiased twin and its noise floor; None without a norm."""
    curves = [
        _finite([getattr(step, name) for step in numbers])
        for name in ("norm", "norm_debiased", "noise_floor")
    ]
    known = np.flatnonzero(np.isfinite(curves[0]))
    if not len(known):
        return None
    few = len(numbers) <= _MOST_MARKERS

    def draw(figure: FigureBase) -> None:
        axes = figure.add_subplot()
        value, debiased, floor = curves
        calm = {} if len(numbers) <= _CALM else {"linewidth": 1.4}
        lines: list[Artist] = [
            norm_line(axes, value, "norm", marker="o" if few else "", markersize=4, **calm)
        ]
        if np.isfinite(debiased).any():
            lines.append(debiased_line(axes, debiased, "debiased"))
        if np.isfinite(floor).any():
            lines.append(ground(axes, 0, floor, "noise floor"))
        over_time(axes, experiment.steps, "‖D(t)‖F")
        names = ("norm", "debiased", "floor")
        shades = (NORM.light, DEBIASED.light, QUIET.light)
        last_values(axes, list(zip(names, curves, shades, strict=True)))
        keys_over(axes, lines)

    first, last = known[0], known[-1]
    return Drawing(
        f"Norm ‖D(t)‖F of {scale or experiment.embedder.scale}, every pair counted twice",
        f"The norm over t: {curves[0][first]:.3f} at t = {first}, {curves[0][last]:.3f} at "
        f"t = {last}",
        2.9,
        draw,
    )


def dispersion(numbers: Sequence[StepNumbers], names: Sequence[str], steps: int) -> Drawing | None:
    """Return the curves of the participants' dispersion; None where L < 2."""
    curves = np.full((len(names), len(numbers)), np.nan)
    for column, step in enumerate(numbers):
        curves[: len(step.dispersion), column] = step.dispersion
    curves = _finite(curves)
    if not np.isfinite(curves).any():
        return None
    t = np.arange(len(numbers))

    def draw(figure: FigureBase) -> None:
        axes = figure.add_subplot()
        every = max(1, len(t) // _MOST_MARKERS)
        lines = [
            axes.plot(t, curve, label=name, markevery=(who % every, every), **mark(who))[0]
            for who, (name, curve) in enumerate(zip(names[:MOST_CURVES], curves, strict=False))
        ]
        over_time(axes, steps, "S")
        keys_over(axes, lines, len(names))

    return Drawing(
        "Dispersion S of each participant's answers",
        "The dispersion of each participant over t",
        2.3 + legend_height(len(names)),
        draw,
    )


def scatter(steps: Sequence[Step], names: Sequence[str]) -> Drawing | None:
    """Return the answers of some steps laid flat, on equal axes; None without any answer.

    All panels have the same limits, so that a collapse is seen as one.
    """
    panels = [
        (step.t, step.geometry)
        for step in steps
        if step.geometry is not None and len(step.embeddings)
    ]
    if not panels:
        return None
    vectors = np.concatenate([step.embeddings for step in steps if len(step.embeddings)])
    scale = float(np.linalg.norm(vectors, axis=1).mean()) or 1.0
    limits = axis_limits(np.concatenate([each.coordinates for _, each in panels]), scale)

    def draw(figure: FigureBase) -> None:
        axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        handles = [
            Line2D([], [], linestyle="none", label=name, **mark(who))
            for who, name in enumerate(names)
        ]
        for place, (here, (t, geometry)) in enumerate(zip(axes, panels, strict=True)):
            every = -(-len(geometry.coordinates) // MOST_POINTS)
            for who in range(len(names)):
                x, y = geometry.coordinates[geometry.owners == who][::every].T
                here.plot(x, y, linestyle="none", **mark(who))
            here.set(xlim=limits[0], ylim=limits[1], aspect="equal")
            here.set_title(_panel_name(t, geometry, every), loc="left")
            here.locator_params(nbins=5)
            here.tick_params(length=0)
            if place:
                here.tick_params(labelleft=False)
        keys_below(figure, handles)

    shown = ", ".join(f"t = {t}" for t, _ in panels)
    return Drawing(
        "Answers by classical multidimensional scaling, one scale for all panels",
        f"Every answer as a point in a plane, at {shown}",
        2.7 + legend_height(len(names)),
        draw,
    )


def _panel_name(t: int, geometry: Geometry, every: int) -> str:
    thinned = f"; one answer in {every}" if every > 1 else ""
    return f"t = {t}, {100 * geometry.explained:.0f} % shown{thinned}"


def _finite(values: Sequence[float] | Floats) -> Floats:
    """Return the values with NaN, which makes a gap in a curve, for all that isn't finite."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)
