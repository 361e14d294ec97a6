"""The variants over each other: means over seeds, and how sure those are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lwd_tui.palette import COLOURS, marker
from lwd_tui.sweep.results import estimate
from lwd_tui.text import shorten
from lwd_tui.tui.pages.sweeps.shelf import Seen, averaged
from lwd_tui.tui.parts.curves import DASHES, Curve, Curves
from lwd_tui.types import Floats

_NAME = 20


class Bands(Curves):
    """A mean for each variant; the band is that of the variant under the cursor."""

    def show_sweep(self, seen: Seen | None, variant: int, reading: str) -> None:
        """Show the variants of a sweep.

        Parameters
        ----------
        seen : Seen or None
        variant : int
            The place of the one whose band is drawn.
        reading : {"norm", "norm_debiased"}
        """
        title = f"{'debiased ' if reading != 'norm' else ''}‖D(t)‖F, mean over seeds (runs)"
        if seen is None or not any(state.numbers for state in seen.states):
            self.head(title)
            self.show_nothing("No step of any run is there yet.")
            return
        curves = [_curve(seen, place, reading) for place in range(len(seen.plan.variants))]
        name = seen.plan.variants[variant]
        rows, count = averaged(seen.of(name), reading)
        remark = "a band takes two runs"
        if count > 1:
            low, high = _band(rows)
            band = f"{marker(variant)} 95 %"
            curves.append(Curve(band, high, "quiet", "ground", base=np.maximum(low, 0.0)))
            remark = f"band: {shorten(name, _NAME)}, 95 % at each t"
        self.head(title, remark)
        last = max(state.job.steps for state in seen.states) - 1
        t = max(len(curve.values) for curve in curves) - 1
        bottom, top = _ends(curves)
        self.show(curves, t=t, last=last, bottom=bottom, top=top)


def _curve(seen: Seen, place: int, reading: str) -> Curve:
    name = seen.plan.variants[place]
    rows, count = averaged(seen.of(name), reading)
    mean: Floats = rows.mean(axis=0) if count else np.empty(0)
    return Curve(
        f"{shorten(name, _NAME)} ({count})",
        mean,
        f"series-{place % len(COLOURS)}",
        dash=DASHES[place % len(DASHES)],
        mark=marker(place),
    )


def _ends(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return between what all curves lie, with a little room."""
    drawn = [each for curve in curves for each in (curve.values, curve.base) if each is not None]
    values = np.concatenate(drawn)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = 0.08 * (high - low) or 0.08 * abs(high) or 1.0
    return max(low - room, 0.0), high + room


def _band(rows: Floats) -> tuple[Floats, Floats]:
    """Return the ends of Student's interval for the mean of each column."""
    found = [estimate(column) for column in rows.T]
    mean, half = np.array([each.mean for each in found]), np.array([each.half for each in found])
    return mean - half, mean + half
