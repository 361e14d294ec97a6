"""The norms of several runs in one plot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
from textual import events
from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.palette import COLOURS, marker
from lwd_tui.text import shorten
from lwd_tui.tui.pages.runs.shelf import NormSeries
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.plot import BLOCKS, Plot
from lwd_tui.tui.parts.words import Words
from lwd_tui.tui.theme import series as series_style

_NAME = 20
_ENDS, _ROOMY = 8, 36
"""Columns for a marker and a value beside the plot, and of a plot that has room for them."""
_MARKERS = 7
"""Markers on each curve, by which it is known without colours."""


class Overlay(Panel):
    """One curve a run, told apart by marker and by colour, and a legend outside the data."""

    DEFAULT_CSS = "Overlay .legend { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._plot = _OverlayPlot()
        self._legend = Words(classes="legend")
        self._entries: list[Content] = []

    def compose(self) -> ComposeResult:
        """Yield the plot and the legend."""
        yield self._plot
        yield self._legend

    def show_series(self, placed: Mapping[int, NormSeries], *, relative: bool) -> None:
        """Show the norms of some runs, by their places among the markers and colours.

        If relative, each is a share of its first value.
        """
        scales = sorted({each.scale for each in placed.values()})
        title = " · ".join(["‖D(t)‖F", *scales[: len(scales) == 1]])
        if relative:
            self.head("‖D(t)‖F as a share of its start", "y: as they are")
            placed = {place: each.relative() for place, each in placed.items()}
        elif unlike := _unlike(placed.values()):
            remark = f"{' and '.join(unlike)} don't compare; y: as shares"
            self.head(title, Content.styled(remark, "$warning"))
        else:
            self.head(title, "y: as shares" if placed else "")
        self._plot.take(placed)
        self._entries = [_entry(place, series) for place, series in sorted(placed.items())]
        self._show_legend()

    def on_resize(self, _: events.Resize) -> None:
        """Fit the legend to its new size, once the layout that is under way is done."""
        self.call_after_refresh(self._show_legend)

    def _show_legend(self) -> None:
        """Show as many entries a line as there is room for, none broken; count what is left."""
        width, most = self.content_size.width, max(self.content_size.height // 3, 2)
        lines: list[list[Content]] = []
        for entry in self._entries:
            if lines and _joined([*lines[-1], entry]).cell_length <= width:
                lines[-1].append(entry)
            else:
                lines.append([entry])
        if len(lines) > most:
            left = sum(map(len, lines[most - 1 :]))
            lines[most - 1 :] = [[Content.styled(f"and {left} more", "$quiet")]]
        self._legend.put(Content("\n").join(map(_joined, lines)))


def _joined(entries: list[Content]) -> Content:
    return Content("   ").join(entries)


def _unlike(runs: Collection[NormSeries]) -> list[str]:
    """Return in words why the norms don't compare; empty if they do."""
    readings: tuple[Callable[[NormSeries], str], ...] = (
        lambda each: each.scale,
        lambda each: shorten(each.embedder, _NAME),
        lambda each: f"n = {each.n}",
    )
    for read in readings:
        found = sorted(set(map(read, runs)))
        if len(found) > 1:
            return found
    return []


def _entry(place: int, series: NormSeries) -> Content:
    held = series.norms[np.isfinite(series.norms)]
    ends = f"{held[0]:.3f} → {held[-1]:.3f}" if len(held) else "no step yet"
    return Content.assemble(
        (f"{marker(place)} ", series_style(place)), shorten(series.name, 28), (f" {ends}", "$quiet")
    )


class _OverlayPlot(Plot):
    def __init__(self) -> None:
        super().__init__(left=7, whole_x=True)
        self._placed: Mapping[int, NormSeries] = {}

    def take(self, placed: Mapping[int, NormSeries]) -> None:
        """Take other curves."""
        self._placed = placed
        self.redraw()

    def draw(self) -> None:
        """Draw each curve, then its markers, which stand at other places for each."""
        norms = {place: each.norms for place, each in self._placed.items() if len(each.norms)}
        highest = max(
            (float(np.nanmax(each)) for each in norms.values() if np.isfinite(each).any()),
            default=0.0,
        )
        last = max([each.steps for each in self._placed.values()] + [1])
        self.right = _ENDS if self.size.width >= _ROOMY else 0
        if not self.zoomed:
            self.set_xlimits(0, last)
            self.set_ylimits(0, highest * 1.08 or 1.0)
        for place, values in norms.items():
            held = np.flatnonzero(np.isfinite(values))
            if self.right and len(held):
                value = values[held[-1]]
                words = f"{marker(place)} {value:.3f}"
                self.end(self.place(held[-1], last), value, words, self._ink(place))
            self.curve(np.arange(len(values)), values, self._ink(place), mode=BLOCKS)
        for order, (place, values) in enumerate(norms.items()):
            shares = (np.arange(_MARKERS) + (order + 0.5) / len(norms)) / _MARKERS
            at = np.unique((shares * len(values)).astype(int))
            at = at[np.isfinite(values[at])]
            self.scatter(at, values[at], marker(place), self._ink(place))

    def _ink(self, place: int) -> str:
        return self.colour(f"series-{place % len(COLOURS)}")
