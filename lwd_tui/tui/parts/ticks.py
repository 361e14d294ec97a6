"""Ticks at round numbers, no closer than the eye can part them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual_plot import AxisFormatter


class Ticks(AxisFormatter):
    """Ticks at multiples of 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    whole : bool
        Whether only whole numbers make sense, as for t.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self.most = 8

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        """Return at most `most` ticks, as near to each other as that allows."""
        most = max(min(self.most, max_ticks), 2)
        span = max_ - min_
        if not span > 0:
            return [min_]
        power = math.floor(math.log10(span / most))
        for factor in (1, 2, 5, 10, 20, 50):
            interval = factor * 10.0**power
            if self._whole:
                interval = max(round(interval), 1)
            first, last = math.ceil(min_ / interval - 1e-9), math.floor(max_ / interval + 1e-9)
            if last - first < most:
                return [tick * interval for tick in range(first, last + 1)]
        return [min_]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """Write the ticks with as many decimals as their distance needs."""
        if len(ticks) < 2:
            return [f"{tick:g}" for tick in ticks]
        decimals = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
        # Adding nought makes a negative nought an ordinary one.
        return [f"{round(tick, decimals) + 0.0:.{decimals}f}" for tick in ticks]
