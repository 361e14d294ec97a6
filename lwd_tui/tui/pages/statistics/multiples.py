"""Small multiples: what is computed of the steps, over t, in six plots with one time axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from textual import events
from textual.app import ComposeResult
from textual.containers import Grid

from lwd_tui.findings.sentences import STATISTICS
from lwd_tui.findings.step import MEASURES, StepFindings, Value
from lwd_tui.tui.pages.statistics.findings_table import means_of_groups
from lwd_tui.tui.parts.curves import Curve, Curves, of_participant, top_of
from lwd_tui.tui.state.grouping import NO_CROWD, Grouping
from lwd_tui.types import Floats

_SOLID, _DASHED, _DOTTED = (1, 0), (6, 2), (1, 4)
_SIX = 110


class _Known(NamedTuple):
    """A step, and its numbers, which take long to be read of many participants."""

    found: StepFindings
    values: Mapping[str, Value]


Number = Callable[[_Known], float]


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
        self._known: dict[int, _Known] = {}

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
        self._known = {
            place: known
            if (known := self._known.get(place)) and known.found is each
            else _Known(each, {m.key: m.of(each) for m in MEASURES})
            for place, each in found.items()
        }

        def over_time(read: Number) -> Floats:
            values = np.full(max(found, default=-1) + 1, np.nan)
            for place, each in self._known.items():
                values[place] = read(each)
            return values

        def curve(
            label: str, read: Number, colour: str = "foreground", dash: tuple[int, int] = _SOLID
        ) -> Curve:
            return Curve(label, over_time(read), colour, dash=dash)

        def show(name: str, title: str, curves: list[Curve], top: float = 0.0) -> None:
            plot = self.query_one(f"#over-{name}", Curves)
            plot.head(title)
            plot.show(curves, t=t, last=last, top=top or top_of(curves))

        low, high = (over_time(_bound(end)) for end in ("lower", "upper"))
        show("norm", "norm without noise", [
            replace(curve("debiased", _together("norm_debiased"), "debiased"), name="debiased"),
            Curve("interval", high, "quiet", "ground", base=low),
        ])  # fmt: skip
        show("p", "p of the tests", [
            curve("energy", _p("energy")),
            curve("MMD", _p("mmd"), "primary", _DASHED),
            curve("squares", _p("sum_of_squares"), "quiet", _DOTTED),
        ], 1.0)  # fmt: skip
        show("dispersion", "dispersion S", [
            of_participant(i, over_time(_of_group(i, grouping)))
            for i in range(len(grouping.names))
        ])  # fmt: skip
        show("diversity", "how many different answers", [
            curve("Vendi", _together("vendi")),
            curve("rank", _together("effective_rank"), "primary", _DASHED),
        ])  # fmt: skip
        show("shares", "wording", [
            curve("distinct-2", _together("distinct_2")),
            curve("self-BLEU", _together("self_bleu"), "primary", _DASHED),
            curve("near dup.", _together("near_duplicates"), "quiet", _DOTTED),
        ], 1.0)  # fmt: skip
        show("sources", "where words come from", [
            curve("copied", _together("copied")),
            curve("human", _together("human"), "primary", _DASHED),
        ], 1.0)  # fmt: skip


def _together(key: str) -> Number:
    return lambda known: known.values[key].together


def _of_group(group: int, grouping: Grouping) -> Number:
    return lambda known: means_of_groups(known.values["dispersion"].alone, grouping)[group]


def _bound(end: str) -> Number:
    return lambda known: getattr(known.found.vectors.interval, end)


def _p(statistic: str) -> Number:
    place = list(STATISTICS).index(statistic)

    def p(known: _Known) -> float:
        tests = known.found.vectors.tests
        return tests[place].p if tests else np.nan

    return p
