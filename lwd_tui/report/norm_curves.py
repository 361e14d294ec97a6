"""How the norm, what it is held against, and the ground below are drawn over t in every figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from lwd_tui.analysis.frames import apart
from lwd_tui.report.ink import DEBIASED, NORM, QUIET
from lwd_tui.types import Floats


def norm_line(axes: Axes, values: Floats, label: str, **style: Any) -> Line2D:
    """Draw the norm over t, the strongest line of all."""
    drawn: dict[str, Any] = {"color": NORM.light, "linewidth": 2.6, "clip_on": False, "zorder": 3}
    return axes.plot(np.arange(len(values)), values, label=label, **(drawn | style))[0]


def debiased_line(axes: Axes, values: Floats, label: str, **style: Any) -> Line2D:
    """Draw what the norm is held against over t: a thin line in the second colour."""
    drawn: dict[str, Any] = {"color": DEBIASED.light, "linewidth": 1.3, "clip_on": False}
    return axes.plot(np.arange(len(values)), values, label=label, **(drawn | style))[0]


def ground(axes: Axes, low: ArrayLike, high: Floats, label: str) -> Artist:
    """Fill the ground between two curves over t."""
    t = np.arange(len(high))
    return axes.fill_between(
        t, low, high, color=QUIET.light, alpha=0.16, linewidth=0, label=label, zorder=0
    )


def last_values(axes: Axes, curves: Sequence[tuple[str, Floats, str]]) -> None:
    """Write each curve's last value and name at its end, in its colour, none over another.

    Parameters
    ----------
    axes : Axes
        With its limits set.
    curves : sequence of (name, values, colour)
        NaN where there is no value.
    """
    low, high = axes.get_ylim()
    ends = [
        (float(values[held[-1]]), int(held[-1]), name, colour)
        for name, values, colour in curves
        if len(held := np.flatnonzero(np.isfinite(values)))
    ]
    ends.sort(reverse=True)
    places = apart([value for value, *_ in ends], 0.09 * (high - low), low)
    for place, (value, t, name, colour) in zip(places, ends, strict=True):
        axes.annotate(
            f"{value:.3f} {name}",
            (t, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )
