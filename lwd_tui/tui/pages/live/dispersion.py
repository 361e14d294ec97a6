"""How much the answers of each participant differ among themselves, over t."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.parts.curves import Curves, of_participant, top_of


class DispersionCurve(Curves):
    """S_i over t, one curve a participant, with its marker at the viewed t."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._numbers: Sequence[StepNumbers] = ()
        self._steps = 1

    def show_run(self, numbers: Sequence[StepNumbers], steps: int) -> None:
        """Show another run's numbers, which may grow, up to T."""
        self._numbers, self._steps = numbers, steps
        self.head("dispersion S of each participant")
        self.fit()
        self.show_step(None)

    def show_step(self, t: int | None) -> None:
        """Show the viewed step, and curves as long as they are now."""
        values = np.array([each.dispersion for each in self._numbers], dtype=float)
        curves = [of_participant(i, column) for i, column in enumerate(values.T)]
        self.show(curves, t=t, last=self._steps, top=top_of(curves))
