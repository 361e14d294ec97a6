"""The dispersion inside each participant over t: collapse within a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from textual.app import ComposeResult

from lwd_tui.palette import COLOURS, marker
from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.widgets.panel import Panel
from lwd_tui.tui.widgets.plot import Plot


class DispersionCurve(Panel):
    """S_i over t, one curve a participant, with its marker at the viewed t."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._plot = _DispersionPlot()

    def compose(self) -> ComposeResult:
        """Yield the plot; its markers are those of every picture."""
        yield self._plot

    def show_run(self, numbers: Sequence[StepNumbers], steps: int) -> None:
        """Show another run's numbers, which may grow, up to T."""
        self.head("dispersion S of each participant")
        self._plot.take(numbers, steps)

    def show_step(self, t: int | None) -> None:
        """Show the viewed step, and curves as long as they are now."""
        self._plot.point(t)


class _DispersionPlot(Plot):
    def __init__(self) -> None:
        super().__init__(whole_x=True)
        self._numbers: Sequence[StepNumbers] = ()
        self._steps = 1
        self._t: int | None = None
        self._shown: tuple[int, int | None] = (0, None)

    def take(self, numbers: Sequence[StepNumbers], steps: int) -> None:
        self._numbers, self._steps, self._t = numbers, steps, None
        self.action_reset_scales()

    def point(self, t: int | None) -> None:
        self._t = t
        if self._shown != (len(self._numbers), t):
            self.redraw()

    def draw(self) -> None:
        count = len(self._numbers)
        self._shown = (count, self._t)
        if not count:
            return
        values = np.array([numbers.dispersion for numbers in self._numbers[:count]])
        highest = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
        top = highest * 1.08 or 1.0
        if not self.zoomed:
            self.set_xlimits(0, max(self._steps, 1))
            self.set_ylimits(0, top)
        if self._t is not None:
            here = self.place(self._t, self._steps)
            self.rule(here, 0, top, self.colour("line"))
        for i, column in enumerate(values.T):
            self.curve(np.arange(count), column, self.colour(f"series-{i % len(COLOURS)}"))
        if self._t is not None and self._t < count:
            for i, value in enumerate(values[self._t]):
                colour = self.colour(f"series-{i % len(COLOURS)}")
                self.scatter([here], [value], marker(i), colour)
