"""The stored runs: listed, opened, gone on with, compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.widget import Widget

from lwd_tui.errors import LwdError
from lwd_tui.findings.comparison import begins
from lwd_tui.findings.forks import Branch
from lwd_tui.store.folder import list_runs
from lwd_tui.store.records import RunSummary, Status
from lwd_tui.tui.pages.runs.branches import branches_of, told_at
from lwd_tui.tui.pages.runs.changes import RunChanges
from lwd_tui.tui.pages.runs.comparison import Comparison
from lwd_tui.tui.pages.runs.overlay import Overlay
from lwd_tui.tui.pages.runs.run_card import RunCard
from lwd_tui.tui.pages.runs.run_table import RunTable, briefly
from lwd_tui.tui.pages.runs.shelf import Card, NormSeries, card_of
from lwd_tui.tui.pages.runs.unlike import Fields, Unlike, unlike_fields
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.state.controller import RunController
from lwd_tui.tui.state.progress import Progress
from lwd_tui.tui.state.rereader import Rereader

_CURSOR = Binding.Group("at one t", compact=True)
_PASSING = 0.05
"""Seconds that the cursor rests on a run before its file is read."""


class RunsPage(RunChanges):
    """The list above, the norms and the facts of the chosen run below."""

    DEFAULT_CSS = """
    RunsPage {
        #shelf { grid-size: 5 4; grid-rows: 2fr 2fr 3fr 3fr; height: 1fr; }
        #table { column-span: 5; row-span: 2; }
        #norms { column-span: 3; row-span: 2; }
        #unlike, #card { column-span: 2; }
        Unlike { display: none; }
        #card { row-span: 2; }
        &.-several Unlike { display: block; }
        &.-several #card { row-span: 1; }

        &.-narrow, &.-short {
            #panels { display: block; }
            #shelf { grid-size: 1 1; grid-rows: 1fr; }
            #table, #norms, #unlike, #card { column-span: 1; row-span: 1; }
            .panel { display: none; }
            .panel.-chosen { display: block; }
        }
    }
    """
    FOLLOWS = False
    AUTO_FOCUS = "RunTable Rows"
    PANELS = (
        ("table", "runs"),
        ("norms", "norms"),
        ("unlike", "what differs"),
        ("card", "this run"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "go_on", "go on", id="runs.go_on"),
        Binding("m", "mark", "compare", id="runs.mark"),
        Binding("p", "pin", "pin", id="runs.pin"),
        Binding("left,comma,h", "cursor(-1)", "one step back", id="runs.back", group=_CURSOR),
        Binding("right,full_stop,l", "cursor(1)", "one step on", id="runs.forward", group=_CURSOR),
        Binding("less_than_sign", "cursor(-10)", "ten back", id="runs.back10", show=False),
        Binding("greater_than_sign", "cursor(10)", "ten on", id="runs.forward10", show=False),
        Binding("r", "rename", "rename", id="runs.rename"),
        Binding("n", "annotate", "note", id="runs.note"),
        Binding("e", "export", "export", id="runs.export"),
        Binding("d", "delete", "delete", id="runs.delete"),
        Binding("u", "undo", "undo delete", id="runs.undo"),
        Binding("b", "debiased", "norm / debiased norm", id="runs.debiased", show=False),
        Binding("y", "scale", "as they are / as shares", id="runs.scale", show=False),
        Binding("R", "refresh", "look again", id="runs.refresh", show=False),
    ]
    GLOSSARY = ("t", "norm", "debiased", "overlay")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._runs: list[RunSummary] = []
        self._looked = False
        self._cards: dict[Path, Card] = {}
        self._problems: dict[Path, str] = {}
        self._comparison = Comparison()
        self._unlike: tuple[list[Card], list[Fields]] = ([], [])
        self._forked: tuple[list[Card], list[Branch]] = ([], [])
        self._told = (-1, False)
        self._reader = Rereader(self, self._read_wanted, _PASSING)
        self._at: Path | None = None

    def compose_panels(self) -> ComposeResult:
        """Yield the list, the plot and the facts."""
        with Grid(id="shelf"):
            yield RunTable(id="table")
            yield Overlay(id="norms")
            yield Unlike(id="unlike")
            yield RunCard(id="card")

    def takes_cursor(self, widget: Widget) -> bool:
        """Whether tab goes there: what differs isn't seen beside the others while it is empty."""
        seen = self.one_at_a_time or self.has_class("-several")
        return super().takes_cursor(widget) and (seen or self._panel_of(widget) != "unlike")

    # What is shown

    def on_screen_resume(self) -> None:
        """Look what runs there are now."""
        self.action_refresh()

    def show_run(self, _: RunController | None) -> None:
        """Mark the run that is open, which may be a new one."""
        self.action_refresh()

    def show_progress(self, progress: Progress) -> None:
        """Show how far the open run is."""
        if (progress.done, progress.busy) != self._told:
            self._told = progress.done, progress.busy
            self._show_known()
            if any(run.path not in self._cards for run in self._wanted):
                self._reader.ask()

    @work(exclusive=True, group="list")
    async def action_refresh(self) -> None:
        """Look what runs there are now."""
        self._runs = (await asyncio.to_thread(list_runs))[::-1]
        self._looked = True
        self._comparison.keep({run.path for run in self._runs})
        self._show()
        self._at = None

    def _show(self) -> None:
        self._show_known()
        self._reader.ask()

    def _show_known(self) -> None:
        """Show what there is, as far as its files are read."""
        if not self._looked:
            return
        opened = self.run.path if self.run is not None else None
        table = self.query_one(RunTable)
        runs = [self._as_it_is(run) for run in self._runs]
        table.show_runs(runs, self._comparison.marked, opened)
        if self._at is not None:
            table.point(self._at)
        self._show_chosen()

    def _show_chosen(self) -> None:
        """Show what is known so far of the run under the cursor, and the norms."""
        run = self.chosen
        card = self._cards.get(run.path) if run is not None else None
        problem = self._problems.get(run.path, "") if run is not None else ""
        self.query_one(RunCard).show_run(run, card, problem)
        self._show_compared()

    def _show_compared(self) -> None:
        """Show the norms of some runs, and in what they differ."""
        cards, how = self._compared, self._comparison
        begin = begins([card.run for card in cards.values()])
        placed = {
            place: replace(self._series(card), begins=first)
            for (place, card), first in zip(cards.items(), begin, strict=True)
        }
        at = how.within(_longest(placed.values()))
        self.query_one(Overlay).show_series(
            placed,
            relative=how.relative,
            reading=how.reading,
            pinned=how.pinned_place,
            t=at,
            forks=[told_at(branch, at) for branch in self._branches_of(cards)],
            remarks=list(self._remarks()),
        )
        self.set_class(len(cards) > 1, "-several")
        known, fields = self._unlike
        if len(cards) < 2:
            self.query_one(Unlike).show_runs({}, None)
        elif list(cards.values()) == known:
            names = [card.summary.name for card in known]
            told = dict(zip(cards, zip(names, fields, strict=True), strict=True))
            self.query_one(Unlike).show_runs(told, how.pinned_place)

    @property
    def _compared(self) -> dict[int, Card]:
        """The runs that are shown together, by their places: those marked, or the chosen one."""
        run = self.chosen
        marked = self._comparison.marked or ({run.path: 0} if run is not None else {})
        return {place: self._cards[path] for path, place in marked.items() if path in self._cards}

    def _branches_of(self, cards: Mapping[int, Card]) -> list[Branch]:
        """Return what is known of the forks among the runs that are shown."""
        known, found = self._forked
        return found if list(cards.values()) == known else []

    def _remarks(self) -> Iterator[str]:
        """Tell which of the marked runs are shown in part, or not at all."""
        for run in map(self._as_it_is, self._runs):
            if run.path not in self._comparison.marked:
                continue
            if run.path in self._problems:
                yield f"left out: {briefly(self._problems[run.path], run.path)}"
            elif run.status == "running":
                yield f"{run.name} is under way: {run.done} of {run.steps} steps so far"

    @property
    def chosen(self) -> RunSummary | None:
        """The run under the cursor."""
        return self.query_one(RunTable).chosen

    def look_again(self, at: Path | None = None) -> None:
        """Show what runs there are now, with the cursor on the one that is named, if any is."""
        self._at = at
        self.action_refresh()

    def moved(self, old: Path, new: Path) -> None:
        """Keep the marker of a run that has another name."""
        self._comparison.moved(old, new)

    def _as_it_is(self, run: RunSummary) -> RunSummary:
        """Return a run's line as it is now, if it is the one that is open."""
        if self.run is None or run.path != self.run.path or not self.run.numbers:
            return run
        numbers, busy = self.run.numbers, self.explorer.progress.busy
        done = len(numbers)
        status: Status = "running" if busy else "done" if done >= run.steps else "stopped"
        if self.run.query:
            return replace(run, status=status, done=done)
        first, last = numbers[0].norm, numbers[-1].norm
        return replace(run, status=status, done=done, norm_first=first, norm_last=last)

    def _series(self, card: Card) -> NormSeries:
        if self.run is None or card.summary.path != self.run.path or self.run.query:
            return card.series(self._comparison.reading)
        return card.series(self._comparison.reading, self.run.numbers)

    @on(Rows.Moved)
    def _look(self) -> None:
        self._show_chosen()
        self._reader.ask()

    @property
    def _wanted(self) -> list[RunSummary]:
        """The runs that are compared, and the chosen one."""
        chosen, marked = self.chosen, self._comparison.marked
        wanted = [run for run in self._runs if run.path in marked]
        return wanted if chosen is None else [*wanted, chosen]

    async def _read_wanted(self) -> None:
        """Read the files of the chosen run and of those that are compared."""
        for run in self._wanted:
            await self._card(run)
        cards = list(self._compared.values())
        if cards != self._unlike[0]:
            compared = [card.run for card in cards]
            self._unlike = cards, await asyncio.to_thread(unlike_fields, compared)
        if cards != self._forked[0]:
            paths = [card.summary.path for card in cards]
            found = await self.asked(asyncio.to_thread(branches_of, paths))
            self._forked = cards, found or []
        self._show_chosen()

    async def _card(self, run: RunSummary) -> Card | None:
        """Return what a run's file tells; None if it can't be read, which is shown then."""
        card = self._cards.get(run.path)
        if card is not None and (card.summary.done == run.done or self.is_open(run)):
            return card
        try:
            self._cards[run.path] = card = await asyncio.to_thread(card_of, run)
        except LwdError as error:
            self._problems[run.path] = str(error)
            return None
        self._problems.pop(run.path, None)
        return card

    # Opening

    @on(Rows.Chosen)
    def _open(self) -> None:
        self._open_chosen(go_on=False)

    def action_go_on(self) -> None:
        """Open the run, and go on with it where it stopped."""
        self._open_chosen(go_on=True)

    @work(exclusive=True, group="open")
    async def _open_chosen(self, *, go_on: bool) -> None:
        run = self.chosen
        if run is None:
            return
        card = await self._card(run)
        if card is None:
            self.explorer.notice = self._problems[run.path]
        elif self.is_open(run):
            if go_on and not self.explorer.progress.busy:
                self.explorer.action_toggle_run()
            await self.explorer.action_show_page("live")
        else:
            self.explorer.notice = ""
            await self.explorer.opened(run.path, go_on=go_on)
            if self.is_open(run):
                await self.explorer.action_show_page("live")

    # Comparing

    def action_mark(self) -> None:
        """Lay the norm of this run over those of others, or take it away."""
        if (run := self.chosen) is not None:
            self._comparison.mark(run.path)
            self._show()

    def action_pin(self) -> None:
        """Compare the others with this run, or with none any more."""
        if (run := self.chosen) is not None:
            self._comparison.pin(run.path)
            self._show()

    def action_cursor(self, steps: int) -> None:
        """Read all norms at an earlier or later t; after the last, from start to end."""
        self._comparison.go(steps, _longest(map(self._series, self._compared.values())))
        self._show_chosen()

    def action_debiased(self) -> None:
        """Show norms as they are measured, or debiased."""
        how = self._comparison
        how.reading = "norm_debiased" if how.reading == "norm" else "norm"
        self._show_chosen()

    def action_scale(self) -> None:
        """Show norms as they are, or as shares of their starts."""
        self._comparison.relative = not self._comparison.relative
        self._show_chosen()


def _longest(series: Iterable[NormSeries]) -> int:
    """Return how many steps the longest has."""
    return max((len(each.norms) for each in series), default=0)
