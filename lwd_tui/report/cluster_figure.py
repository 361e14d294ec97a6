"""The figure of the clusters: which share of each participant's answers each holds over t."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import FigureBase

from lwd_tui.analysis.frames import stride
from lwd_tui.findings.clusters import AnswerClusters, letter
from lwd_tui.report.draw import Drawing, keys_below, legend_height, over_time
from lwd_tui.report.ink import QUIET, series

MOST_CLUSTERS, MOST_ROWS, MOST_BARS = 6, 12, 200
"""Clusters with a colour of their own, participants, and bars of each, at most."""
_REST, _TALL = "all others", 0.85
"""What stands for the others in the legend, and the share of a row that its bars take."""


def cluster_figure(clusters: AnswerClusters, names: Sequence[str], steps: int) -> Drawing:
    """Return the shares of the clusters, a row a participant.

    Parameters
    ----------
    clusters : AnswerClusters
    names : sequence of str
        As they fit beside a row.
    steps : int
        T.
    """
    rows, shown = min(len(names), MOST_ROWS), min(MOST_CLUSTERS, len(clusters.texts))
    every = stride(clusters.steps, MOST_BARS)
    t, who, cluster = clusters.given.T
    counts = np.zeros((-(-clusters.steps // every), rows, shown + 1))
    drawn = who < rows
    np.add.at(counts, (t[drawn] // every, who[drawn], np.minimum(cluster[drawn], shown)), 1)
    shares = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    labels = [f"cluster {letter(place)}" for place in range(shown)]
    colours = [series(place).light for place in range(shown)]
    if len(clusters.texts) > shown:
        labels, colours = [*labels, _REST], [*colours, QUIET.light]

    def draw(figure: FigureBase) -> None:
        t = (np.arange(len(counts)) + 0.5) * every - 0.5
        # One frame for all rows: Matplotlib lays several out a little otherwise each time.
        axes = figure.add_subplot()
        bottoms = np.arange(rows)[::-1].repeat(len(t)).astype(float)
        drawn: list[Any] = []
        for place, (label, colour) in enumerate(zip(labels, colours, strict=True)):
            heights = _TALL * shares[:, :rows, place].T.ravel()
            faint = 0.35 if label == _REST else 1.0
            drawn.append(
                axes.bar(
                    np.tile(t, rows), heights, every, bottoms,
                    color=colour, alpha=faint, label=label, lw=0,
                )
            )  # fmt: skip
            bottoms = bottoms + heights
        over_time(axes, steps, "")
        axes.set(ylim=(0, rows), xlim=(-0.5, max(steps, 1) + 0.5))
        axes.set_yticks(np.arange(rows)[::-1] + _TALL / 2, names[:rows])
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False)
        keys_below(figure, drawn)

    return Drawing(
        "Clusters of answers: the share of each participant's answers that each holds"
        + (f", {every} steps a bar" if every > 1 else ""),
        f"{clusters.last} clusters hold nine of ten answers of the last third, {clusters.first} of "
        "the first",
        0.8 + 0.55 * rows + legend_height(len(labels)),
        draw,
    )
