"""Sweeps: planned, begun, paused, watched run by run, and compared in pairs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid

from lwd_tui.sweep.conduct import Conductor
from lwd_tui.sweep.pairs import differences
from lwd_tui.sweep.results import OF_SCALE, TITLES
from lwd_tui.tui.pages.sweeps.bands import Bands
from lwd_tui.tui.pages.sweeps.editing import SweepEditing
from lwd_tui.tui.pages.sweeps.pairs_table import PairsTable
from lwd_tui.tui.pages.sweeps.plan_table import PlanTable
from lwd_tui.tui.pages.sweeps.run_grid import Cells, RunGrid
from lwd_tui.tui.pages.sweeps.shelf import Seen
from lwd_tui.tui.pages.sweeps.sweep_list import SweepList
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.state.rereader import Rereader

LOOK = 1.0
"""Seconds between two looks at a sweep that is under way."""


class SweepsPage(SweepEditing):
    """The list and the plan above, the runs below, then the variants and their differences."""

    DEFAULT_CSS = """
    SweepsPage {
        #grid { grid-size: 12 3; grid-rows: 11 1fr 13; height: 1fr; }
        #sweeps { column-span: 4; }
        #plan { column-span: 8; }
        #runs { column-span: 12; }
        #curves { column-span: 5; }
        #pairs { column-span: 7; }

        &.-wide.-tall #grid { grid-rows: 1fr 2fr 19; }
        &.-narrow, &.-short, &.-single {
            #panels { display: block; }
            #grid { grid-size: 1 1; grid-rows: 1fr; }
            .panel { display: none; column-span: 1; }
            .panel.-chosen { display: block; }
        }
    }
    """
    FOLLOWS = False
    AUTO_FOCUS = "SweepList Rows"
    PANELS = (
        ("sweeps", "sweeps"),
        ("plan", "plan"),
        ("runs", "runs"),
        ("curves", "over t"),
        ("pairs", "differences"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "begin", "begin / go on", id="sweeps.begin"),
        Binding("p", "pause", "pause", id="sweeps.pause"),
        Binding("v", "number(1)", "another number", id="sweeps.number"),
        Binding("V", "number(-1)", "number before", id="sweeps.number_back", show=False),
        Binding("y", "debiased", "norm / debiased norm", id="sweeps.debiased", show=False),
        Binding("e", "edit", "edit", id="sweeps.edit"),
        Binding("n", "new", "new", id="sweeps.new"),
        Binding("i", "file", "a file of yours", id="sweeps.file", show=False),
        Binding("t", "rehearse", "rehearsals", id="sweeps.rehearse"),
        Binding("m", "measure", "measure", id="sweeps.measure"),
        Binding("o", "single", "one panel / all", id="sweeps.single", show=False),
        Binding("R", "refresh", "look again", id="sweeps.refresh", show=False),
    ]
    GLOSSARY = ("t", "norm", "debiased", "sweep", "seeds_band", "pairs", "always")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._seen: list[Seen] = []
        self._said: tuple[str, ...] = ()
        self._number = "norm"
        self._reading = "norm"
        self._looking = False
        # Both take longer than a frame.
        self._sayer = Rereader(self, self._find_out)
        self._reader = Rereader(self, self._compute)
        self._told: Conductor | None = None
        self._at: Path | None = None

    def compose_panels(self) -> ComposeResult:
        """Yield the panels."""
        with Grid(id="grid"):
            yield SweepList(id="sweeps")
            yield PlanTable(id="plan")
            yield RunGrid(id="runs")
            yield Bands(id="curves")
            yield PairsTable(id="pairs")

    def on_mount(self) -> None:
        """Look again and again while something is under way."""
        self.set_interval(LOOK, self._tick)

    def on_screen_resume(self) -> None:
        """Look what sweeps there are now."""
        self.action_refresh()

    # What is known

    @property
    def chosen(self) -> Seen | None:
        """The sweep under the cursor."""
        return self.query_one(SweepList).lines.chosen

    def look_again(self) -> None:
        """Show what sweeps there are now."""
        self.action_refresh()

    def go_to(self, path: Path) -> None:
        """Show what sweeps there are now, with the cursor on one."""
        self._at = path
        self.action_refresh()

    @work(exclusive=True, group="list")
    async def action_refresh(self) -> None:
        """Look what sweeps there are now."""
        self._seen = await asyncio.to_thread(self.desk.read, self.conductor)
        self._show(self._at)
        self._at = None

    def _tick(self) -> None:
        """Look at what is under way, and tell how the sweep that was begun here has ended."""
        conductor = self.conductor
        # One of a few quick runs may end between two looks.
        if conductor is not None and conductor is not self._told and not conductor.busy:
            self._told = conductor
            self._tell_end(conductor.complaint, len(set(filter(None, conductor.problems.values()))))
            self.action_refresh()
        if self.is_current and not self._looking and any(seen.busy for seen in self._seen):
            self._look()

    def _tell_end(self, complaint: str, problems: int) -> None:
        if complaint:
            self.explorer.notice = complaint
        elif problems and self.conductor is not None:
            stopped = [said for said in self.conductor.problems.values() if said]
            count = f"{len(stopped)} run{'s' if len(stopped) > 1 else ''} stopped"
            self.explorer.notice = f"{count}, and can go on: {stopped[-1]}"

    @work(group="look")
    async def _look(self) -> None:
        self._looking = True
        try:
            for place, seen in enumerate(self._seen):
                if seen.busy:
                    now = await asyncio.to_thread(self.desk.look, seen, self.conductor)
                    if place < len(self._seen) and self._seen[place] is seen:
                        self._seen[place] = now
        finally:
            self._looking = False
        self._show()

    async def _find_out(self) -> None:
        """Find out what the sweep could show."""
        if (seen := self.chosen) is not None:
            said = await asyncio.to_thread(self.desk.said, seen)
            if self.chosen is not None and self.chosen.plan.path == seen.plan.path:
                self._said = said
                self._show_plan()

    async def _compute(self) -> None:
        """Compute numbers other than norms, of the sweep that is chosen by then."""
        while self._number != "norm" and self.chosen and (left := self.desk.left(self.chosen)):
            with self.explorer.telling():
                await asyncio.to_thread(self.desk.advance, left[0])
            self._show_pairs()

    # What is shown

    def _show(self, at: Path | None = None) -> None:
        """Show all of it, with the cursor on a sweep if one is named."""
        if not self.is_mounted or not self.is_current:
            return
        with self.app.batch_update():
            listed = self.query_one(SweepList)
            listed.show_sweeps(self._seen, at, rehearsal=self.desk.rehearsal)
            self._show_chosen()

    def _show_chosen(self) -> None:
        self._show_plan()
        self.query_one(RunGrid).show_runs(self.chosen, self._reading)
        self._show_curves()
        self._show_pairs()
        self._sayer.ask()
        self._reader.ask()

    def _show_plan(self) -> None:
        self.query_one(PlanTable).show_plan(self.chosen, *self._said)

    def _show_curves(self) -> None:
        variant = self.query_one(Cells).variant
        self.query_one(Bands).show_sweep(self.chosen, variant, self._reading)

    def _show_pairs(self) -> None:
        table, seen = self.query_one(PairsTable), self.chosen
        if seen is None or seen.plan.sweep is None or not seen.states:
            table.show_pairs("", "differences", (), "", {})
            return
        why = seen.incomparable if self._number in OF_SCALE else {}
        known = self.desk.values(seen, self._number).items()
        values = {place: value for place, value in known if place[0] not in why}
        variants, seeds = seen.plan.variants, seen.plan.sweep.seeds
        found = differences(variants, seeds, values, seen.given_up)
        left = 0 if self._number == "norm" else len(self.desk.left(seen))
        remark = f"reading {left} more runs …" if left else "late: the last third of the steps"
        table.show_pairs(variants[0], TITLES[self._number], found, remark, why)

    @on(Rows.Moved)
    def _other_sweep(self) -> None:
        self._said = ()
        self._show_chosen()

    @on(Rows.Chosen)
    def _to_the_runs(self) -> None:
        self.choose("runs")

    @on(Cells.Moved)
    def _other_run(self) -> None:
        self.query_one(RunGrid).describe()
        self._show_curves()

    # Keys

    @on(Cells.Chosen)
    @work(exclusive=True, group="open")
    async def _open(self, event: Cells.Chosen) -> None:
        """Open a run, as the page of runs does."""
        state, explorer = event.state, self.explorer
        if not state.job.path.exists():
            explorer.notice = f"{state.job.variant}, seed {state.job.seed}: not begun yet"
            return
        if self.run is None or self.run.path != state.job.path:
            explorer.notice = ""
            await explorer.opened(state.job.path)
        if self.run is not None and self.run.path == state.job.path:
            await explorer.action_show_page("live")

    def action_number(self, places: int) -> None:
        """Compare the variants in another number."""
        keys = list(TITLES)
        self._number = keys[(keys.index(self._number) + places) % len(keys)]
        self._show_pairs()
        self._reader.ask()

    def action_debiased(self) -> None:
        """Show norms as they are measured, or debiased."""
        self._reading = "norm_debiased" if self._reading == "norm" else "norm"
        self._show()
