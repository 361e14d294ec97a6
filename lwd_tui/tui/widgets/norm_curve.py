"""The norm of D(t) over t, with its debiased twin and its noise floor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.widgets.panel import Panel
from lwd_tui.tui.widgets.plot import Plot
from lwd_tui.tui.widgets.words import Words

CURVES = (
    ("norm", "norm", "━━", (1, 0), "foreground"),
    ("norm_debiased", "debiased", "╍╍", (6, 2), "foreground"),
    ("noise_floor", "noise floor", "··", (1, 4), "quiet"),
)
"""Field, words, sign in the legend, dash and colour of each curve."""


class NormCurve(Panel):
    """The three curves, a rule at the viewed t, and their values there."""

    DEFAULT_CSS = "NormCurve .legend { height: auto; min-height: 1; max-height: 2; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._plot = _NormPlot()
        self._legend = Words(classes="legend")
        self._numbers: Sequence[StepNumbers] = ()

    def compose(self) -> ComposeResult:
        """Yield the plot, and the legend outside the data."""
        yield self._plot
        yield self._legend

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
        self._numbers = numbers
        self.head(f"norm ‖D(t)‖F · {scale}")
        self._plot.take(numbers, steps)

    def show_step(self, t: int | None) -> None:
        """Show the viewed step, and curves as long as they are now."""
        self._plot.point(t)
        if t is None or t >= len(self._numbers):
            self._legend.put(Content())
            return
        here = self._numbers[t]
        self._legend.put(
            Content("   ").join(
                Content.assemble(
                    (f"{sign} ", f"${colour}"), f"{words} ", (f"{getattr(here, name):.3f}", "bold")
                )
                for name, words, sign, _, colour in CURVES
            )
        )


class _NormPlot(Plot):
    def __init__(self) -> None:
        super().__init__(whole_x=True)
        self._numbers: Sequence[StepNumbers] = ()
        self._steps = 1
        self._t: int | None = None
        self._shown: tuple[int, int | None] = (0, None)

    def take(self, numbers: Sequence[StepNumbers], steps: int) -> None:
        """Take another run's numbers."""
        self._numbers, self._steps, self._t = numbers, steps, None
        self.action_reset_scales()

    def point(self, t: int | None) -> None:
        """Put the rule at t; draw only if something is new."""
        self._t = t
        if self._shown != (len(self._numbers), t):
            self.redraw()

    def draw(self) -> None:
        """Draw the rule, then the curves over it."""
        count = len(self._numbers)
        self._shown = (count, self._t)
        t = np.arange(count)
        values = {
            name: np.array([getattr(numbers, name) for numbers in self._numbers[:count]])
            for name, *_ in CURVES
        }
        highest = max(
            (float(np.nanmax(y)) for y in values.values() if np.isfinite(y).any()), default=1
        )
        top = highest * 1.08 or 1.0
        if not self.zoomed:
            self.set_xlimits(0, max(self._steps, 1))
            self.set_ylimits(0, top)
        if self._t is not None:
            here = self.place(self._t, self._steps)
            self.rule(here, 0, top, self.colour("line"))
        for name, _, _, dash, colour in reversed(CURVES):
            self.curve(t, values[name], self.colour(colour), dash)
        if self._t is not None and self._t < count and np.isfinite(values["norm"][self._t]):
            self.scatter([here], [values["norm"][self._t]], "●", self.colour("foreground"))
