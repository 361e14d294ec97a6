"""What is done to a stored run beside opening it: renamed, annotated, exported, deleted."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path

from textual import work

from lwd_tui.errors import LwdError
from lwd_tui.store.export import export
from lwd_tui.store.folder import annotate_run, delete_run, rename_run, restore_run
from lwd_tui.store.records import RunSummary
from lwd_tui.store.run import RunStore
from lwd_tui.tui.pages.panelled import PanelledPage
from lwd_tui.tui.pages.runs.ask import AskLine
from lwd_tui.tui.pages.runs.export import AskExport, Export


class RunChanges(PanelledPage):
    """The part of the page of runs that changes them, off the thread that paints."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._deleted: list[str] = []

    @property
    @abstractmethod
    def chosen(self) -> RunSummary | None:
        """The run that keys are about."""

    @abstractmethod
    def look_again(self, at: Path | None = None) -> None:
        """Show what runs there are now, with the cursor on the one that is named, if any is."""

    @abstractmethod
    def moved(self, old: Path, new: Path) -> None:
        """Take note that a run's file has another name."""

    def is_open(self, run: RunSummary) -> bool:
        """Say whether it is the run that is open."""
        return self.run is not None and self.run.path == run.path

    def _idle(self) -> RunSummary | None:
        """Return the chosen run if it can be changed; say so if it can't."""
        run = self.chosen
        if run is not None and self.is_open(run) and self.explorer.progress.busy:
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
            self.moved(run.path, new)
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
        if note is None:
            return
        try:
            await asyncio.to_thread(annotate_run, run.path, note)
        except LwdError as error:
            self.explorer.notice = str(error)
            return
        self._after("")

    @work(exclusive=True, group="change")
    async def action_export(self) -> None:
        """Write the run for other tools."""
        run, wish, complaint = self.chosen, None, ""
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
        try:
            path = await asyncio.to_thread(restore_run, name)
        except LwdError as error:
            self.explorer.notice = str(error)
            return
        self._deleted.pop()
        self._after(f"{name} is back", path)

    async def _moved(self, run: RunSummary, move: Callable[[], Path], *, reopen: bool) -> Path:
        """Move a run's file, which must not be open meanwhile."""
        opened, new = self.is_open(run), run.path
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

    def _after(self, notice: str, at: Path | None = None) -> None:
        self.explorer.notice = notice
        self.look_again(at)


def _export(path: Path, wish: Export) -> list[Path]:
    with RunStore.open(path) as store:
        return export(
            store,
            wish.file_format,
            wish.out,
            content_only=wish.content_only,
            overwrite=wish.overwrite,
        )
