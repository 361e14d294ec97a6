"""The figure of the clusters: which share of each participant's answers each holds over t."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import FigureBase

from lwd_tui.findings.clusters import AnswerClusters
from lwd_tui.report.draw import Drawing, keys_below, legend_height, over_time
from lwd_tui.report.ink import QUIET, series

MOST_CLUSTERS, MOST_ROWS = 6, 12
"""Clusters with a colour of their own, and participants, at most."""


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
    counts = clusters.counts
    shown = min(MOST_CLUSTERS, counts.shape[2])
    rest = counts[:, :, shown:].sum(axis=2, keepdims=True)
    parts = np.concatenate([counts[:, :, :shown], rest], axis=2)
    shares = parts / np.maximum(parts.sum(axis=2, keepdims=True), 1)
    labels = [f"cluster {chr(ord('A') + place)}" for place in range(shown)]
    colours = [series(place).light for place in range(shown)]
    if rest.any():
        labels, colours = [*labels, "all others"], [*colours, QUIET.light]
    rows = min(len(names), MOST_ROWS)

    def draw(figure: FigureBase) -> None:
        t = np.arange(len(counts))
        axes = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
        drawn: list[Artist] = []
        for participant, here in enumerate(axes):
            base = np.zeros(len(t))
            drawn = []
            for place, (label, colour) in enumerate(zip(labels, colours, strict=True)):
                share = shares[:, participant, place]
                faint = 0.35 if label == "all others" else 1.0
                drawn.append(
                    here.bar(t, share, 1.0, base, color=colour, alpha=faint, label=label, lw=0)
                )
                base = base + share
            over_time(here, steps, names[participant])
            here.set(ylim=(0, 1), xlim=(-0.5, max(steps, 1) + 0.5), yticks=(0, 1))
            here.yaxis.label.set(rotation=0, ha="right", va="center")
            here.grid(visible=False)
            here.label_outer()
        keys_below(figure, drawn)

    return Drawing(
        "Clusters of answers: the share of each participant's answers that each holds",
        f"{clusters.last} clusters hold nine of ten answers of the last third, {clusters.first} of "
        "the first",
        0.8 + 0.55 * rows + legend_height(len(labels)),
        draw,
    )
