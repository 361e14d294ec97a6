"""The norms of several runs in one plot, and what they are at one t."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from textual.content import Content

from lwd_tui.palette import COLOURS, marker
from lwd_tui.text import shorten
from lwd_tui.tui.pages.runs.shelf import NormSeries, Reading
from lwd_tui.tui.parts.few_rows import FewRows
from lwd_tui.tui.parts.legend import LegendPanel
from lwd_tui.tui.parts.plot import DOTS, Plot
from lwd_tui.tui.theme import series as series_style
from lwd_tui.types import Floats

_NAME = 20
_ENDS, _ROOMY = 8, 36
"""Columns for a marker and a value beside the plot, and of a plot that has room for them."""
_MARKERS = 7
"""Markers on each curve, by which it is known without colours."""


class Overlay(LegendPanel):
    """One curve a run, told apart by marker and by colour, and a legend outside the data."""

    DEFAULT_CSS = """
    Overlay .forks { display: none; }
    Overlay .remarks { color: $warning; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        self._plot = _OverlayPlot()
        self._forks = FewRows(3, classes="forks")
        self._remarks = FewRows(3, classes="remarks")
        super().__init__(self._plot, self._forks, self._remarks, id=id)

    def show_series(
        self,
        placed: Mapping[int, NormSeries],
        *,
        relative: bool = False,
        reading: Reading = "norm",
        pinned: int | None = None,
        t: int | None = None,
        forks: Sequence[str] = (),
        remarks: Sequence[str] = (),
    ) -> None:
        """Show the norms of some runs, by their places among the markers and colours.

        Parameters
        ----------
        placed : mapping of int to NormSeries
        relative : bool
            Each is a share of its first value.
        reading : {"norm", "norm_debiased"}
            What they are.
        pinned : int or None
            The place of the run that the others are compared with.
        t : int or None
            Where all are read; None tells where each begins and ends.
        forks : sequence of str
            What the changes of forks came to, not cleaned.
        remarks : sequence of str
            What is to be said, not cleaned.
        """
        scales = sorted({each.scale for each in placed.values()})
        norm = "‖D(t)‖F" if reading == "norm" else "debiased ‖D(t)‖F"
        keys = f"b: {'debiased' if reading == 'norm' else 'norm'} · ← → at one t" if placed else ""
        if relative:
            self.head(f"{norm} as a share of its start", f"y: as they are · {keys}")
            placed = {place: each.relative() for place, each in placed.items()}
        else:
            title = " · ".join([norm, *scales[: len(scales) == 1]])
            if unlike := _unlike(placed.values()):
                remark = f"{' and '.join(unlike)} don't compare; y: as shares"
                self.head(title, Content.styled(remark, "$warning"))
            else:
                self.head(title, f"y: as shares · {keys}" if placed else "")
        self._plot.take(placed, pinned if pinned in placed else None, t)
        self.explain(_entries(placed, pinned, t))
        self._forks.display = bool(forks)
        self._forks.put(Content("\n".join(shorten(each, 200) for each in forks)))
        self._remarks.put(Content("\n".join(shorten(each, 200) for each in remarks)))


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


def _entries(placed: Mapping[int, NormSeries], pinned: int | None, t: int | None) -> list[Content]:
    """Return the legend: the pinned run first, which the others are compared with at t."""
    places = sorted(placed, key=lambda place: (place != pinned, place))
    entries = [_entry(place, placed[place], t) for place in places]
    if t is None:
        return entries
    if pinned is not None and pinned in placed:
        start = placed[pinned].at(t)
        for position, place in enumerate(places[1:], start=1):
            difference = placed[place].at(t) - start
            if np.isfinite(difference):
                entries[position] += Content.styled(f" ({difference:+.3f})", "$quiet")
    return [Content.styled(f"t = {t}", "bold"), *entries]


def _entry(place: int, series: NormSeries, t: int | None) -> Content:
    name = Content.assemble((f"{marker(place)} ", series_style(place)), shorten(series.name, 28))
    if t is not None:
        return name + Content.styled(f" {series.reading(t)}", "bold")
    held = series.drawn[np.isfinite(series.drawn)]
    ends = f"{held[0]:.3f} → {held[-1]:.3f}" if len(held) else "no step yet"
    return name + Content.styled(f" {ends}", "$quiet")


class _OverlayPlot(Plot):
    def __init__(self) -> None:
        super().__init__(left=7, whole_x=True)
        self._placed: Mapping[int, NormSeries] = {}
        self._pinned: int | None = None
        self._t: int | None = None

    def take(self, placed: Mapping[int, NormSeries], pinned: int | None, t: int | None) -> None:
        """Take other curves, of which one may be pinned, and the t that they are read at."""
        self._placed, self._pinned, self._t = placed, pinned, t
        self.redraw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave left and right to the cursor while there is nothing to pan."""
        if action in ("pan_left", "pan_right") and not self.zoomed:
            return False
        return super().check_action(action, parameters)

    def draw(self) -> None:
        """Draw each curve, the pinned one over the others, then the markers.

        Those stand at other places for each, where all are read, and where a curve ends.
        """
        norms = {place: each.drawn for place, each in self._placed.items() if len(each.norms)}
        held = [each[np.isfinite(each)] for each in norms.values()]
        ends = [
            float(each) for values in held if len(values) for each in (values.min(), values.max())
        ]
        last = max([each.steps for each in self._placed.values()] + [1])
        self.right = _ENDS if self.size.width >= _ROOMY else 0
        if not self.zoomed:
            self.set_xlimits(0, last)
            self.set_ylimits(min([*ends, 0.0]) * 1.08, max([*ends, 0.0]) * 1.08 or 1.0)
        if self._t is not None:
            self.rule(self.place(self._t, last), self.colour("line"))
        longest = max(map(len, norms.values()), default=0)
        for place in sorted(norms, key=lambda place: place == self._pinned):
            values = norms[place]
            mode = self.strong if self._pinned in (None, place) else DOTS
            self.curve(np.arange(len(values)), values, self._ink(place), mode=mode)
            if self._is_told(values, longest):
                words = f"{marker(place)} {values[-1]:.3f}"
                self.end(self.place(longest - 1, last), values[-1], words, self._ink(place))
        for order, (place, values) in enumerate(norms.items()):
            shares = (np.arange(_MARKERS) + (order + 0.5) / len(norms)) / _MARKERS
            at = {*(shares * len(values)).astype(int).tolist(), self._t}
            if not self._is_told(values, longest):
                at.add(len(values) - 1)
            at = {t for t in at if t is not None and t < len(values)}
            read = [t for t in at if np.isfinite(values[t])]
            times = [self.place(t, last) for t in read]
            self.scatter(times, values[read], marker(place), self._ink(place))

    def _is_told(self, values: Floats, longest: int) -> bool:
        """Say whether words stand at a curve's end: not where those of others go on beside it."""
        return bool(self.right and len(values) == longest and np.isfinite(values[-1]))

    def _ink(self, place: int) -> str:
        return self.colour(f"series-{place % len(COLOURS)}")
