"""Do they differ, how surely, and collapse of what: at the viewed step, over t, on the whole."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.content import Content

from lwd_tui.errors import LwdError
from lwd_tui.findings.sentences import step_verdicts, verdicts
from lwd_tui.text import clean_line, shorten
from lwd_tui.tui.pages.panelled import PanelledPage
from lwd_tui.tui.pages.statistics.findings import Findings, Margin
from lwd_tui.tui.pages.statistics.findings_table import FindingsTable
from lwd_tui.tui.pages.statistics.multiples import Multiples
from lwd_tui.tui.parts.dialog import Dialog, labelled
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.plot import REDRAW
from lwd_tui.tui.parts.text_panel import TextPanel
from lwd_tui.tui.state.controller import RunController
from lwd_tui.tui.state.grouping import chosen, groupings
from lwd_tui.tui.state.progress import Progress
from lwd_tui.tui.state.view import View

USUAL = 3
_NAME = 24
_STATE = 100
_SUBJECT, _SENTENCE = 60, 1_000


class AskMargin(Dialog[Margin]):
    """Gives back the margin, which may begin with another."""

    DEFAULT_CSS = "AskMargin .label { width: 16; }"
    AUTO_FOCUS = "#norm"

    def __init__(self, margin: Margin | None) -> None:
        super().__init__(
            "what counts as the same",
            "A norm, in the units of the vectors. State it before you look: a margin chosen after "
            "the fact shows nothing. The upper bound must be below it for some steps in a row.",
            "judge by it",
        )
        self._margin = margin

    def compose_fields(self) -> ComposeResult:
        """Yield the norm and the number of steps."""
        norm = f"{self._margin.norm:g}" if self._margin else ""
        window = str(self._margin.window if self._margin else USUAL)
        for name, words, text in (
            ("norm", "norm below", norm),
            ("window", "steps in a row", window),
        ):
            yield labelled(words, Line(text, compact=True, select_on_focus=False, id=name))

    def answer(self) -> Margin:
        """Return the margin, or say why it is none."""
        norm, window = (
            self.query_one(f"#{name}", Line).value.strip() for name in ("norm", "window")
        )
        try:
            value = float(norm)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise LwdError("the norm must be a number more than 0, such as 0.5")
        if not window.isdecimal() or int(window) < 1:
            raise LwdError("the steps in a row must be a whole number, at least 1")
        return Margin(value, int(window))


class Verdicts(TextPanel):
    """Subjects, each with its sentence; they scroll where there is no room."""

    def show_verdicts(self, said: Sequence[tuple[str, str]]) -> None:
        """Show subjects and sentences; not cleaned."""
        self.text.put(
            Content("\n").join(
                Content.assemble(
                    (f"{shorten(subject, _SUBJECT)}  ", "bold $primary"),
                    shorten(sentence, _SENTENCE),
                )
                for subject, sentence in said
            )
        )


class StatisticsPage(PanelledPage):
    """Left the table, right the plots over t, below the sentences."""

    DEFAULT_CSS = """
    StatisticsPage {
        #grid { grid-size: 2 2; grid-columns: 56 1fr; grid-rows: 1fr 13; height: 1fr; }
        #verdicts { column-span: 2; }

        &.-wide { #grid { grid-columns: 60 1fr; } }
        &.-wide.-tall { #grid { grid-rows: 1fr 17; } }
        &.-narrow, &.-short, &.-single {
            #panels { display: block; }
            #grid { grid-size: 1 1; grid-columns: 1fr; grid-rows: 1fr; }
            .panel { display: none; column-span: 1; }
            .panel.-chosen { display: block; }
            #multiples.-chosen { display: block; }
        }
    }
    """
    AUTO_FOCUS = "FindingsTable Steady"
    PANELS = (("table", "at this step"), ("multiples", "over t"), ("verdicts", "in words"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "margin", "margin", id="statistics.margin"),
        Binding("M", "no_margin", "no margin", id="statistics.no_margin", show=False),
        Binding("o", "single", "one panel / all", id="statistics.single"),
        Binding("e", "again", "compute again what failed", id="statistics.again", show=False),
    ]
    GLOSSARY = (
        "tests", "holm", "debiased", "interval", "floor", "between", "dispersion", "vendi", "rank",
        "duplicates", "distinct", "self_bleu", "copied", "human", "margin", "moving", "change",
        "chart", "average", "sure_bound", "attractor", "clusters", "queries",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._findings: Findings | None = None
        self._at_work = False
        self._sought: tuple[str, str] | None = None

    def compose_panels(self) -> ComposeResult:
        """Yield the table, the plots and the sentences."""
        with Grid(id="grid"):
            yield FindingsTable(id="table")
            yield Multiples(id="multiples")
            yield Verdicts(id="verdicts")

    # What is shown

    def show_run(self, run: RunController | None) -> None:
        """Show another run, or that there is none."""
        margin = None
        if run is not None and self._findings is not None and self._findings.run is run:
            margin = self._findings.margin
        self._findings = None if run is None else Findings(run, margin, self._show_state, run.query)
        self._show()

    def show_view(self, view: View) -> None:
        """Show another step."""
        del view
        self._show()
        self._go_on()

    def show_progress(self, _: Progress) -> None:
        """Compute what is new."""
        self._show_state()
        self._go_on()

    def _go_on(self) -> None:
        if not self._at_work and self._findings is not None:
            self._at_work = True
            self._compute()

    @work(group="statistics")
    async def _compute(self) -> None:
        """Compute until nothing is left to do, the viewed step first."""
        shown = 0.0
        try:
            # Once another run is open, it is its steps that are viewed.
            while (findings := self._findings) is not None and findings.run is self.run:
                progress = self.explorer.progress
                if not await findings.advance(self.view.t, busy=progress.busy):
                    break
                if time.monotonic() > shown + REDRAW:
                    self._show()
                    shown = time.monotonic()
        finally:
            self._at_work = False
        self._show()

    def _show(self) -> None:
        if not self.is_mounted or not self.is_current:
            return
        findings = self._findings
        with self.app.batch_update():
            self._show_state()
            table = self.query_one(FindingsTable)
            if findings is None:
                table.show_nothing("statistics", "No run is open.")
                self.query_one(Multiples).show_findings({}, t=None, last=1)
                self.query_one(Verdicts).show_verdicts(())
                return
            run, t = findings.run, self.view.t
            names = [who.name for who in run.experiment.cast]
            grouping = chosen(groupings(run.experiment), self.explorer.memory.groups)
            found = None if t is None else findings.steps.get(t)
            if found is None:
                at = "" if t is None else f" at t = {t}"
                table.show_nothing(f"statistics{at}", clean_line(findings.state))
            else:
                table.show_findings(found, grouping, findings.why_untested(found.numbers.t))
            self.query_one(Multiples).show_findings(
                findings.steps, t=t, last=run.experiment.steps, grouping=grouping
            )
            self.query_one(Verdicts).show_verdicts(self._said(findings, t, names))
        self.call_after_refresh(self._look)

    def look_for(self, panel: str, line: str) -> None:
        """Scroll a panel to its line that begins so, once it is there; "" looks for none."""
        self._sought = (panel, line) if line else None
        self.call_after_refresh(self._look)

    def _look(self) -> None:
        if self._sought is not None:
            panel, line = self._sought
            if self.query_one(f"#{panel}", TextPanel).scroll_to_line(line):
                self._sought = None

    def _show_state(self) -> None:
        if not self.is_mounted or not self.is_current:
            return
        findings = self._findings
        state = "no run is open" if findings is None else findings.state
        if findings is not None and findings.margin is not None:
            norm, window = findings.margin
            state = f"margin {norm:g} for {window} steps · {state}"
        elif findings is not None and findings.whole is not None:
            state = f"m: state a margin · {state}"
        if findings is not None and (which := findings.looked_at):
            state = f"{which} · {state}"
        self.query_one(Verdicts).head("in words", shorten(state, _STATE))

    def _said(self, findings: Findings, t: int | None, names: list[str]) -> list[tuple[str, str]]:
        said: list[tuple[str, str]] = []
        found = None if t is None else findings.steps.get(t)
        if found is not None:
            said += step_verdicts(found, findings.run.experiment)
        if findings.whole is not None:
            said += verdicts(findings.whole, [shorten(name, _NAME) for name in names])
        return said

    # Keys

    @work(exclusive=True, group="margin")
    async def action_margin(self) -> None:
        """State what counts as the same."""
        findings = self._findings
        if findings is None:
            self.explorer.notice = "no run is open whose participants could be the same"
            return
        margin = await self.app.push_screen_wait(AskMargin(findings.margin))
        if margin is not None:
            self._judge_by(margin)

    def action_no_margin(self) -> None:
        """Judge by no margin."""
        self._judge_by(None)

    def _judge_by(self, margin: Margin | None) -> None:
        if self._findings is not None:
            self._findings.state_margin(margin)
            self._show()
            self._go_on()

    def action_again(self) -> None:
        """Try again what could not be computed."""
        if self._findings is not None:
            self._findings.forget_failures()
            self._go_on()
