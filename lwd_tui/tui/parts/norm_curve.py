"""The norm of D(t) over t, with its debiased twin and its noise floor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.parts.curves import Curve, Curves, top_of

CURVES = (
    ("norm", "norm", "━━", (1, 0), "foreground", "●"),
    ("norm_debiased", "debiased", "╍╍", (6, 2), "foreground", ""),
    ("noise_floor", "noise floor", "··", (1, 4), "quiet", ""),
)
"""Field, words, sign in the legend, dash, colour and mark of each curve."""


def norm_curves(numbers: Sequence[StepNumbers], start: float = 1.0) -> list[Curve]:
    """Return the curves of whole steps, divided by `start`."""
    return [
        Curve(
            words,
            np.array([getattr(each, name) for each in numbers], dtype=np.float64) / start,
            colour,
            sign,
            dash,
            mark,
            above=name == "norm",
        )
        for name, words, sign, dash, colour, mark in CURVES
    ]


class NormCurve(Curves):
    """The three curves, a rule at the viewed t, and their values there."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._numbers: Sequence[StepNumbers] = ()
        self._steps = 1

    def show_run(self, numbers: Sequence[StepNumbers], steps: int, scale: str) -> None:
        """Show another run.

        Parameters
        ----------
        numbers : sequence of StepNumbers
            Of the whole steps; it may grow.
        steps : int
            T.
        scale : str
            Of the vectors, in words.
        """
        self._numbers, self._steps = numbers, steps
        self.head(f"norm ‖D(t)‖F · {scale}")
        self.fit()
        self.show_step(None)

    def show_step(self, t: int | None) -> None:
        """Show the viewed step, and curves as long as they are now."""
        curves = norm_curves(self._numbers)
        self.show(curves, t=t, last=self._steps, top=top_of(curves))
