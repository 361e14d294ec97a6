"""Small multiples: what is computed of the steps, over t, in six plots with one time axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from textual import events
from textual.app import ComposeResult
from textual.containers import Grid

from lwd_tui.findings.sentences import STATISTICS
from lwd_tui.findings.step import MEASURES, StepFindings
from lwd_tui.tui.parts.curves import Curve, Curves, of_participant, top_of
from lwd_tui.types import Floats

_OF = {measure.key: measure.of for measure in MEASURES}
_SOLID, _DASHED, _DOTTED = (1, 0), (6, 2), (1, 4)
_SIX = 110

Number = Callable[[StepFindings], float]


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
        self, found: Mapping[int, StepFindings], *, t: int | None, last: int, n: int
    ) -> None:
        """Show what is computed so far, by t: steps that are missing are gaps.

        The time axis ends at T, `last`, and is marked at the viewed step.
        """

        def over_time(read: Number) -> Floats:
            values = np.full(max(found, default=-1) + 1, np.nan)
            for place, each in found.items():
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
            of_participant(i, over_time(_alone("dispersion", i))) for i in range(n)
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
    return lambda found: _OF[key](found).together


def _alone(key: str, participant: int) -> Number:
    return lambda found: _OF[key](found).alone[participant]


def _bound(end: str) -> Number:
    return lambda found: getattr(found.vectors.interval, end)


def _p(statistic: str) -> Number:
    place = list(STATISTICS).index(statistic)
    return lambda found: found.vectors.tests[place].p if found.vectors.tests else np.nan
