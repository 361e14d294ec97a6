"""Curves over t in a panel, with a rule at one t and the values there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from textual.content import Content

from lwd_tui.palette import COLOURS, marker
from lwd_tui.tui.parts.legend import LegendPanel
from lwd_tui.tui.parts.plot import DOTS, Plot
from lwd_tui.tui.parts.words import Words
from lwd_tui.types import Floats

Weight = Literal["thin", "strong", "ground"]
_VALUE, _ROOMY = 6, 36
"""Columns for a value beside a plot, and of a plot that has room for them."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One curve.

    Attributes
    ----------
    label : str
        In the legend; "" keeps it out.
    values : ndarray of shape (m,)
        At t = 0 .. m - 1; NaN where there is none.
    colour : str
        A variable of the theme.
    weight : {"thin", "strong", "ground"}
        A fine line, one that is seen first, or no line but the ground below, down to `base`.
    dash : (int, int)
        Dots on and off of a thin line; (1, 0) is a solid one.
    mark : str
        Stands on the curve at the chosen t, and in the legend; "" for none.
    base : ndarray of shape (m,) or None
        Where a ground begins; None for 0.
    name : str
        Written on the curve, whose last value then stands at its end; "" for neither.
    """

    label: str
    values: Floats
    colour: str
    weight: Weight = "thin"
    dash: tuple[int, int] = (1, 0)
    mark: str = ""
    base: Floats | None = None
    name: str = ""

    def at(self, t: int | None) -> float:
        """Return the value at t; NaN where there is none."""
        return float(self.values[t]) if t is not None and t < len(self.values) else float("nan")

    @property
    def ground(self) -> Floats:
        """Where a ground begins, at each t."""
        return np.zeros(len(self.values)) if self.base is None else self.base

    @property
    def sign(self) -> str:
        """What stands for it in a legend."""
        if self.weight != "thin":
            return "▄▄" if self.weight == "ground" else "━━"
        return self.mark or _SIGNS.get(self.dash, "··")

    def reading(self, t: int | None) -> str:
        """Write the value at t, or the two that bound a ground."""
        lower = [] if self.base is None else [replace(self, values=self.base).at(t)]
        ends = [*lower, self.at(t)]
        return "–".join(f"{value:.3f}" for value in ends if np.isfinite(value)) or "–"

    def same(self, other: Curve) -> bool:
        """Say whether two curves look the same."""
        mine, theirs = (
            (each.label, each.colour, each.weight, each.dash, each.mark, each.name)
            for each in (self, other)
        )
        return mine == theirs and all(
            np.array_equal(one, two, equal_nan=True)
            for one, two in ((self.values, other.values), (self.ground, other.ground))
        )


_SIGNS = {(1, 0): "──", (6, 2): "╌╌"}
DASHES = ((1, 0), (6, 2), (1, 4), (9, 3))
"""Of the participants' curves, so that they are told apart without colours too."""


def of_participant(participant: int, values: Floats) -> Curve:
    """Return a participant's curve, which its marker explains in place of the legend."""
    colour = f"series-{participant % len(COLOURS)}"
    dash = DASHES[participant % len(DASHES)]
    return Curve("", values, colour, dash=dash, mark=marker(participant))


def top_of(curves: Sequence[Curve]) -> float:
    """Return where an axis ends that shows curves whole."""
    values = [curve.values[np.isfinite(curve.values)] for curve in curves]
    highest = max((float(each.max()) for each in values if len(each)), default=0.0)
    return highest * 1.08 or 1.0


class Curves(LegendPanel):
    """Grounds lie below, thin lines over them, strong ones on top, of each the first last."""

    DEFAULT_CSS = """
    Curves .nothing { height: 1fr; content-align: center middle; color: $quiet; display: none; }
    Curves.-nothing Plot { display: none; }
    Curves.-nothing .nothing { display: block; }
    """
    GAP = "  "
    LINES = 3

    def __init__(self, *, id: str | None = None) -> None:
        self._plot = _CurvesPlot()
        self._nothing = Words(classes="nothing")
        super().__init__(self._plot, self._nothing, id=id)

    def show(
        self, curves: Sequence[Curve], *, t: int | None, last: int, top: float, bottom: float = 0.0
    ) -> None:
        """Show curves.

        Parameters
        ----------
        curves : sequence of Curve
        t : int or None
            Where the rule stands.
        last : int
            The time axis ends here.
        top, bottom : float
            Where the other axis ends.
        """
        self.remove_class("-nothing")
        self._plot.take(curves, t, last, (bottom, top))
        self.explain(
            Content.assemble(
                (f"{curve.sign} ", f"${curve.colour}"),
                f"{curve.label} ",
                (curve.reading(t), "bold"),
            )
            for curve in curves
            if curve.label
        )

    def fit(self) -> None:
        """Show the whole of what follows, wherever the user zoomed in before."""
        self._plot.action_reset_scales()

    def show_nothing(self, sentence: str) -> None:
        """Say why there are no curves."""
        self.add_class("-nothing")
        self.explain(())
        self._nothing.put(Content(sentence))


class _CurvesPlot(Plot):
    def __init__(self) -> None:
        super().__init__(whole_x=True)
        self._curves: Sequence[Curve] = ()
        self._frame: tuple[int | None, int, tuple[float, float]] = (None, 1, (0.0, 1.0))

    def take(
        self, curves: Sequence[Curve], t: int | None, last: int, ends: tuple[float, float]
    ) -> None:
        """Take other curves; draw only if something is new."""
        frame = (t, last, ends)
        known = len(curves) == len(self._curves) and all(
            one.same(other) for one, other in zip(curves, self._curves, strict=True)
        )
        if not known or frame != self._frame:
            self._curves, self._frame = curves, frame
            self.redraw()

    def draw(self) -> None:
        """Draw the hairline, then the curves over it."""
        t, last, ends = self._frame
        named = any(curve.name for curve in self._curves)
        self.right = _VALUE if named and self.size.width >= _ROOMY else 0
        if not self.zoomed:
            self.set_xlimits(0, max(last, 1))
            self.set_ylimits(*ends)
        here = None if t is None else self.place(t, last)
        if here is not None:
            self.rule(here, self.colour("line"))
        for curve in self._from_below():
            times, colour = np.arange(len(curve.values)), self.colour(curve.colour)
            if curve.weight == "ground":
                self.ground(times, curve.ground, curve.values)
            else:
                mode = self.strong if curve.weight == "strong" else DOTS
                self.curve(times, curve.values, colour, curve.dash, mode)
            held = np.flatnonzero(np.isfinite(curve.values[: last + 1]))
            if curve.name and len(held):
                self.inscribe(
                    times, curve.values, curve.name, colour, above=curve.weight == "strong"
                )
                if self.right:
                    value = curve.values[held[-1]]
                    self.end(self.place(held[-1], last), value, f"{value:.3f}", colour)
        for curve in reversed(self._curves):
            if curve.mark and here is not None and np.isfinite(curve.at(t)):
                self.scatter([here], [curve.at(t)], curve.mark, self.colour(curve.colour))

    def _from_below(self) -> list[Curve]:
        last_first = list(self._curves)[::-1]
        order = ("ground", "thin", "strong")
        return sorted(
            last_first, key=lambda curve: (order.index(curve.weight), curve.dash != (1, 0))
        )
