"""Two norms over one time axis: as they are, or each divided by what it was at the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from lwd_tui.analysis.weights import quantile_band
from lwd_tui.run.mixtures_walk import Scene
from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.parts.curves import Curve
from lwd_tui.tui.parts.norm_curve import norm_curves

Overlay = Literal["one", "all", "band"]
"""One replicate; it and the others; the median of all with a band of 10 to 90 %."""

MOST_OTHERS = 12
"""Replicates drawn beside the one that is looked at."""


def model_curves(numbers: Sequence[StepNumbers], *, relative: bool) -> list[Curve] | None:
    """Return the curves of language models, by the numbers of the whole steps.

    If relative, all are divided by the norm at t = 0; None if there is no start to divide by.
    """
    start = numbers[0].norm if relative and numbers else 1.0
    if not start > 0:
        return None
    return norm_curves(numbers, start)


def mixture_curves(scene: Scene, overlay: Overlay, *, relative: bool) -> list[Curve] | None:
    """Return the curves of mixtures.

    If relative, each replicate is divided by its norm at t = 0, and theory by its own; None if
    there is no start to divide by.
    """
    starts = scene.norms[:, :1] if relative else np.ones((len(scene.norms), 1))
    if not (starts > 0).all():
        return None
    norms, here = scene.norms / starts, scene.place
    if overlay == "band":
        low, middle, high = quantile_band(norms)
        curves = [
            Curve("median", middle, "norm", "strong", mark="●", name="median"),
            Curve("10 %", low, "quiet"),
            Curve("90 %", high, "quiet"),
        ]
    else:
        curves = [Curve("norm", norms[here], "norm", "strong", mark="●", name="norm")]
    curves += _theory(scene, overlay, relative=relative)
    if overlay == "all":
        others = [place for place in range(len(norms)) if place != here][:MOST_OTHERS]
        curves += [Curve("", norms[place], "line") for place in others]
    return curves


def as_reference(curves: Sequence[Curve]) -> list[Curve]:
    """Return the models' norm as it is drawn among the mixtures' curves."""
    norm = curves[0]
    return [replace(norm, label="LLM", colour="foreground", weight="thin", mark="◇", name="LLM")]


def _theory(scene: Scene, overlay: Overlay, *, relative: bool) -> list[Curve]:
    """Return the norm to expect and its floor: of the replicate, or the root mean square of all."""
    if scene.expected is None:
        return []
    chosen = slice(None) if overlay != "one" else slice(scene.place, scene.place + 1)
    norm, floor = (
        np.sqrt(np.square(each[chosen]).mean(axis=0))
        for each in (scene.expected.norm, scene.expected.floor)
    )
    start = norm[0] if relative else 1.0
    words = "theory" if overlay == "one" or len(scene.norms) == 1 else "theory of all"
    return [
        Curve(words, norm / start, "debiased", name="theory"),
        Curve("its floor", floor / start, "quiet", "ground", name="floor"),
    ]
