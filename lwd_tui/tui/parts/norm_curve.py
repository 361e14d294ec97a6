"""The norm of D(t) over t, with its debiased twin and its noise floor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.parts.curves import Curve, Curves, top_of


def norm_curves(numbers: Sequence[StepNumbers], start: float = 1.0) -> list[Curve]:
    """Return the curves of whole steps, divided by `start`."""
    norm, debiased, floor = (
        np.array([getattr(each, name) for each in numbers], dtype=np.float64) / start
        for name in ("norm", "norm_debiased", "noise_floor")
    )
    return [
        Curve("norm", norm, "norm", "strong", mark="●", name="norm"),
        Curve("debiased", debiased, "debiased", name="debiased"),
        Curve("noise floor", floor, "quiet", "ground", name="floor"),
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
