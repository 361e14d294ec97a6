"""Small multiples: what is computed of the steps, over t, in six plots with one time axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from textual import events
from textual.app import ComposeResult
from textual.containers import Grid

from lwd_tui.findings.sentences import STATISTICS
from lwd_tui.findings.step import MEASURES, StepFindings
from lwd_tui.tui.pages.statistics.findings_table import means_of_groups
from lwd_tui.tui.parts.curves import Curve, Curves, of_participant, top_of
from lwd_tui.tui.state.grouping import NO_CROWD, Grouping

_SOLID, _DASHED, _DOTTED = (1, 0), (6, 2), (1, 4)
_SIX = 110
_OF_ALL = (
    *("norm_debiased", "vendi", "effective_rank", "distinct_2", "self_bleu"),
    *("near_duplicates", "copied", "human"),
)
_ENDS = ("lower", "upper")
_COLUMNS = (*_OF_ALL, *_ENDS, *STATISTICS)
"""What is drawn of all participants; the dispersion of each, or of each group, comes after it."""


class Multiples(Grid):
    """Six panels; the last two only where there is room."""

    DEFAULT_CSS = """
    Multiples {
        grid-size: 2 2;
        .-more { display: none; }
        &.-six { grid-size: 3 2; }
        &.-six .-more { display: block; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._known: dict[int, StepFindings] = {}
        self._grouping = NO_CROWD
        self._table = np.empty((0, 0))

    def compose(self) -> ComposeResult:
        """Yield the plots."""
        for name in ("norm", "p", "dispersion", "diversity", "shares", "sources"):
            plot = Curves(id=f"over-{name}")
            plot.set_class(name in ("shares", "sources"), "-more")
            yield plot

    def on_resize(self, event: events.Resize) -> None:
        """Show all six where there is room for them."""
        self.set_class(event.size.width >= _SIX, "-six")

    def show_findings(
        self,
        found: Mapping[int, StepFindings],
        *,
        t: int | None,
        last: int,
        grouping: Grouping = NO_CROWD,
    ) -> None:
        """Show what is computed so far, by t: steps that are missing are gaps.

        The time axis ends at T, `last`, and is marked at the viewed step. Of a crowd, the
        dispersion is the mean of each group.
        """
        self._take(found, grouping)
        # A copy: curves that were shown must not change below those that follow them.
        over_time = dict(zip(_COLUMNS, self._table.T.copy(), strict=False))
        groups = self._table[:, len(_COLUMNS) :].T.copy()

        def curve(
            label: str, key: str, colour: str = "foreground", dash: tuple[int, int] = _SOLID
        ) -> Curve:
            return Curve(label, over_time[key], colour, dash=dash)

        def show(name: str, title: str, curves: list[Curve], top: float = 0.0) -> None:
            plot = self.query_one(f"#over-{name}", Curves)
            plot.head(title)
            plot.show(curves, t=t, last=last, top=top or top_of(curves))

        show("norm", "norm without noise", [
            replace(curve("debiased", "norm_debiased", "debiased"), name="debiased"),
            Curve("interval", over_time["upper"], "quiet", "ground", base=over_time["lower"]),
        ])  # fmt: skip
        show("p", "p of the tests", [
            curve("energy", "energy"),
            curve("MMD", "mmd", "primary", _DASHED),
            curve("squares", "sum_of_squares", "quiet", _DOTTED),
        ], 1.0)  # fmt: skip
        show("dispersion", "dispersion S", [
            of_participant(i, values) for i, values in enumerate(groups)
        ])  # fmt: skip
        show("diversity", "how many different answers", [
            curve("Vendi", "vendi"),
            curve("rank", "effective_rank", "primary", _DASHED),
        ])  # fmt: skip
        show("shares", "wording", [
            curve("distinct-2", "distinct_2"),
            curve("self-BLEU", "self_bleu", "primary", _DASHED),
            curve("near dup.", "near_duplicates", "quiet", _DOTTED),
        ], 1.0)  # fmt: skip
        show("sources", "where words come from", [
            curve("copied", "copied"),
            curve("human", "human", "primary", _DASHED),
        ], 1.0)  # fmt: skip

    def _take(self, found: Mapping[int, StepFindings], grouping: Grouping) -> None:
        """Read the numbers of what is new, a line of the table a step: many take long."""
        width = len(_COLUMNS) + len(grouping.names)
        if grouping != self._grouping or not self._known.keys() <= found.keys():
            self._known, self._grouping = {}, grouping
        known = self._table if self._known else np.empty((0, width))
        more = np.full((max(found, default=-1) + 1 - len(known), width), np.nan)
        self._table = np.vstack([known, more])
        for t, each in found.items():
            if self._known.get(t) is not each:
                self._known[t] = each
                self._table[t] = _line(each, grouping)


def _line(found: StepFindings, grouping: Grouping) -> list[float]:
    values = {measure.key: measure.of(found) for measure in MEASURES}
    tests = found.vectors.tests
    return [
        *(values[key].together for key in _OF_ALL),
        *(getattr(found.vectors.interval, end) for end in _ENDS),
        *([test.p for test in tests] if tests else [np.nan] * len(STATISTICS)),
        *means_of_groups(values["dispersion"].alone, grouping),
    ]
