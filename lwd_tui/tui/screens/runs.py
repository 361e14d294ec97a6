"""The stored runs: opened, gone on with, renamed, annotated, exported, deleted, compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import ClassVar

import numpy as np
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid

from lwd_tui.errors import LwdError
from lwd_tui.store.export import export
from lwd_tui.store.folder import (
    annotate_run,
    delete_run,
    list_runs,
    rename_run,
    restore_run,
)
from lwd_tui.store.records import RunSummary, Status
from lwd_tui.store.run import RunStore
from lwd_tui.tui.progress import Progress
from lwd_tui.tui.run import RunController
from lwd_tui.tui.screens.ask import AskLine
from lwd_tui.tui.screens.export import AskExport, Export
from lwd_tui.tui.screens.panelled import PanelledPage
from lwd_tui.tui.shelf import Card, NormSeries, card_of
from lwd_tui.tui.widgets.overlay import Overlay
from lwd_tui.tui.widgets.rows import Rows
from lwd_tui.tui.widgets.run_card import RunCard
from lwd_tui.tui.widgets.run_table import RunTable

_PASSING = 0.05
"""Seconds that the cursor rests on a run before its file is read."""


class RunsPage(PanelledPage):
    """The list above, the norms and the facts of the chosen run below."""

    DEFAULT_CSS = """
    RunsPage {
        #shelf { grid-size: 5 2; height: 1fr; }
        #table { column-span: 5; }
        #norms { column-span: 3; }
        #card { column-span: 2; }

        &.-narrow, &.-short {
            #panels { display: block; }
            #shelf { grid-size: 1 1; }
            .panel { display: none; column-span: 1; }
            .panel.-chosen { display: block; }
        }
    }
    """
    FOLLOWS = False
    AUTO_FOCUS = "RunTable Rows"
    PANELS = (("table", "runs"), ("norms", "norms"), ("card", "this run"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "go_on", "go on", id="runs.go_on"),
        Binding("m", "mark", "compare", id="runs.mark"),
        Binding("r", "rename", "rename", id="runs.rename"),
        Binding("n", "annotate", "note", id="runs.note"),
        Binding("e", "export", "export", id="runs.export"),
        Binding("d", "delete", "delete", id="runs.delete"),
        Binding("u", "undo", "undo delete", id="runs.undo"),
        Binding("y", "scale", "as they are / as shares", id="runs.scale", show=False),
        Binding("R", "refresh", "look again", id="runs.refresh", show=False),
    ]
    GLOSSARY = ("t", "norm")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._runs: list[RunSummary] = []
        self._cards: dict[Path, Card] = {}
        self._problems: dict[Path, str] = {}
        self._marked: dict[Path, int] = {}
        self._deleted: list[str] = []
        self._relative = False
        self._done = -1

    def compose_panels(self) -> ComposeResult:
        """Yield the list, the plot and the facts."""
        with Grid(id="shelf"):
            for panel in (RunTable(id="table"), Overlay(id="norms"), RunCard(id="card")):
                panel.add_class("panel")
                yield panel

    # What is shown

    def on_screen_resume(self) -> None:
        """Look what runs there are now."""
        self.action_refresh()

    def show_run(self, _: RunController | None) -> None:
        """Mark the run that is open, which may be a new one."""
        self.action_refresh()

    def show_progress(self, progress: Progress) -> None:
        """Show how far the open run is."""
        if progress.done != self._done:
            self._done = progress.done
            self._show()

    @work(exclusive=True, group="list")
    async def action_refresh(self) -> None:
        """Look what runs there are now."""
        self._runs = (await asyncio.to_thread(list_runs))[::-1]
        self._marked = {
            run.path: self._marked[run.path] for run in self._runs if run.path in self._marked
        }
        self._show()

    def _show(self) -> None:
        opened = self.run.path if self.run is not None else None
        table = self.query_one(RunTable)
        table.show_runs([self._as_it_is(run) for run in self._runs], self._marked, opened)
        self._show_chosen()
        self._read()

    def _show_chosen(self) -> None:
        """Show what is known so far of the run under the cursor, and the norms."""
        run = self._chosen
        card = self._cards.get(run.path) if run is not None else None
        problem = self._problems.get(run.path, "") if run is not None else ""
        self.query_one(RunCard).show_run(run, card, problem)
        marked = self._marked or ({run.path: 0} if run is not None else {})
        placed = {
            place: self._series(self._cards[path])
            for path, place in marked.items()
            if path in self._cards
        }
        self.query_one(Overlay).show_series(placed, relative=self._relative)

    @property
    def _chosen(self) -> RunSummary | None:
        return self.query_one(RunTable).chosen

    def _as_it_is(self, run: RunSummary) -> RunSummary:
        """Return a run's line as it is now, if it is the one that is open."""
        if self.run is None or run.path != self.run.path or not self.run.numbers:
            return run
        numbers, busy = self.run.numbers, self.explorer.progress.busy
        done = len(numbers)
        status: Status = "running" if busy else "done" if done >= run.steps else "stopped"
        first, last = numbers[0].norm, numbers[-1].norm
        return replace(run, status=status, done=done, norm_first=first, norm_last=last)

    def _series(self, card: Card) -> NormSeries:
        if self.run is None or card.summary.path != self.run.path:
            return card.series
        return replace(card.series, norms=np.array([each.norm for each in self.run.numbers]))

    @on(Rows.Moved)
    def _look(self) -> None:
        self._show_chosen()
        self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        """Read the files of the chosen run and of those that are compared."""
        await asyncio.sleep(_PASSING)
        chosen = self._chosen
        wanted = [run for run in self._runs if run.path in self._marked or run is chosen]
        wanted += [chosen] if chosen is not None else []
        for run in wanted:
            await self._card(run)
        self._show_chosen()

    async def _card(self, run: RunSummary) -> Card | None:
        """Return what a run's file tells; None if it can't be read, which is shown then."""
        card = self._cards.get(run.path)
        if card is not None and (card.summary.done == run.done or self._is_open(run)):
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
        run = self._chosen
        if run is None:
            return
        card = await self._card(run)
        if card is None:
            self.explorer.notice = self._problems[run.path]
        elif card.kind == "gmm":
            self.explorer.notice = (
                f"{run.name} is a run of mixtures: it has no answers that could be opened"
            )
        elif self._is_open(run):
            if go_on and not self.explorer.progress.busy:
                self.explorer.action_toggle_run()
            await self.explorer.action_show_page("live")
        else:
            self.explorer.notice = ""
            await self.explorer.open(run.path, go_on=go_on).wait()
            if self._is_open(run):
                await self.explorer.action_show_page("live")

    def _is_open(self, run: RunSummary) -> bool:
        return self.run is not None and self.run.path == run.path

    def _idle(self) -> RunSummary | None:
        """Return the chosen run if it can be changed; say so if it can't."""
        run = self._chosen
        if run is not None and self._is_open(run) and self.explorer.progress.busy:
            self.explorer.notice = f"{run.name} is under way; stop it first (x)"
            return None
        return run

    # Changing

    @work(exclusive=True, group="change")
    async def action_rename(self) -> None:
        """Give the run another name."""
        run, complaint = self._idle(), ""
        name = run.name if run is not None else None
        while run is not None:
            how = "Letters, digits, dots, hyphens and underscores; Enter renames."
            dialog = AskLine(f"rename {run.name}", how, "rename it", name or "", complaint)
            name = await self.app.push_screen_wait(dialog)
            if name is None or name == run.name:
                return
            try:
                new = await self._moved(run, partial(rename_run, run.path, name), reopen=True)
            except LwdError as error:
                complaint = str(error)
                continue
            if run.path in self._marked:
                self._marked[new] = self._marked.pop(run.path)
            self._after(f"{run.name} is called {name} now")
            return

    @work(exclusive=True, group="change")
    async def action_annotate(self) -> None:
        """Keep a note with the run."""
        run = self._idle()
        if run is None:
            return
        how = "It is kept in the run's file; an empty note takes it away."
        note = await self.app.push_screen_wait(
            AskLine(f"note on {run.name}", how, "keep it", run.note)
        )
        if note is not None:
            await self._done_with(partial(annotate_run, run.path, note))

    @work(exclusive=True, group="change")
    async def action_export(self) -> None:
        """Write the run for other tools."""
        run, wish, complaint = self._chosen, None, ""
        while run is not None:
            wish = await self.app.push_screen_wait(AskExport(run.name, wish, complaint))
            if wish is None:
                return
            self.explorer.notice = f"exporting {run.name} …"
            try:
                paths = await asyncio.to_thread(_export, run.path, wish)
            except LwdError as error:
                self.explorer.notice, complaint = "", str(error)
                continue
            where = paths[0] if len(paths) == 1 else f"{len(paths)} files in {paths[0].parent}"
            self.explorer.notice = f"{run.name} is exported: {where}"
            return

    @work(exclusive=True, group="change")
    async def action_delete(self) -> None:
        """Move the run to the trash, from where it can be taken back."""
        run = self._idle()
        if run is None:
            return
        try:
            await self._moved(run, partial(delete_run, run.path), reopen=False)
        except LwdError as error:
            self.explorer.notice = str(error)
            return
        self._deleted.append(run.name)
        self._after(f"{run.name} is in the trash, where it stays for 30 days; u takes it back")

    @work(exclusive=True, group="change")
    async def action_undo(self) -> None:
        """Take the run that was deleted last back out of the trash."""
        if not self._deleted:
            self.explorer.notice = (
                "nothing was deleted here since lwd-tui was started; "
                "`lwd-tui runs restore NAME` takes back what was deleted before"
            )
            return
        name = self._deleted[-1]
        if await self._done_with(partial(restore_run, name)):
            self._deleted.pop()
            self._after(f"{name} is back")

    async def _moved(self, run: RunSummary, move: Callable[[], Path], *, reopen: bool) -> Path:
        """Move a run's file, which must not be open meanwhile."""
        opened, new = self._is_open(run), run.path
        if opened:
            await self.explorer.close_run()
        try:
            new = await asyncio.to_thread(move)
        except LwdError:
            reopen = True
            raise
        finally:
            if opened and reopen:
                self.explorer.open(new)
        return new

    async def _done_with(self, change: Callable[[], object]) -> bool:
        """Change something, and return whether it could be."""
        try:
            await asyncio.to_thread(change)
        except LwdError as error:
            self.explorer.notice = str(error)
            return False
        self._after("")
        return True

    def _after(self, notice: str) -> None:
        self.explorer.notice = notice
        self.action_refresh()

    # Comparing

    def action_mark(self) -> None:
        """Lay the norm of this run over those of others, or take it away."""
        run = self._chosen
        if run is None:
            return
        if self._marked.pop(run.path, None) is None:
            taken = set(self._marked.values())
            self._marked[run.path] = next(place for place in count() if place not in taken)
        self._show()

    def action_scale(self) -> None:
        """Show norms as they are, or as shares of their starts."""
        self._relative = not self._relative
        self._show_chosen()


def _export(path: Path, wish: Export) -> list[Path]:
    with RunStore.open(path) as store:
        return export(
            store,
            wish.file_format,
            wish.out,
            content_only=wish.content_only,
            overwrite=wish.overwrite,
        )
