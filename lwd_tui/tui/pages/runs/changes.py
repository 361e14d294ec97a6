"""What is done to a stored run beside opening it: renamed, annotated, exported, deleted."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import user_path
from lwd_tui.store.export import export
from lwd_tui.store.folder import annotate_run, delete_run, rename_run, restore_run
from lwd_tui.store.records import RunSummary
from lwd_tui.text import clean_line
from lwd_tui.tui.pages.panelled import PanelledPage
from lwd_tui.tui.parts.choice import Choice
from lwd_tui.tui.parts.dialog import AskLine, Dialog, ask_until_done
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.state.archive import ask_anew

_ALL, _CONTENT = "everything", "without times, hosts and attempts"
_KEEP, _REPLACE = "never replace a file", "replace what is there"


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for; see `lwd_tui.store.export.export`."""

    file_format: str
    out: Path
    content_only: bool = False
    overwrite: bool = False


class AskExport(Dialog[Export]):
    """Gives back what is asked for, which may begin with a wish before it, and what was wrong."""

    AUTO_FOCUS = "#format"

    def __init__(self, name: str, wish: Export | None = None, complaint: str = "") -> None:
        super().__init__(
            f"export {name}",
            "CSV and Parquet are one file a table, in a folder; JSON lines are one file. "
            "Arrows choose and go on; Enter in the last line writes.",
            "export it",
            complaint,
        )
        self._run = name
        self._wish = wish or Export("csv", self._place("csv"))

    def compose_fields(self) -> ComposeResult:
        """Yield the choices and the place."""
        wish = self._wish
        yield Choice(("csv", "jsonl", "parquet"), wish.file_format, id="format")
        yield Choice((_ALL, _CONTENT), _CONTENT if wish.content_only else _ALL, id="content")
        yield Choice((_KEEP, _REPLACE), _REPLACE if wish.overwrite else _KEEP, id="replace")
        yield Line(clean_line(str(wish.out)), compact=True, select_on_focus=False)

    def answer(self) -> Export:
        """Return what is asked for."""
        written = self.query_one(Line).value.strip()
        if not written:
            raise LwdError("write where the run is to be written")
        return Export(
            self.query_one("#format", Choice).chosen,
            user_path(written).absolute(),
            self.query_one("#content", Choice).chosen == _CONTENT,
            self.query_one("#replace", Choice).chosen == _REPLACE,
        )

    @on(Choice.Changed, "#format")
    def _other_format(self, event: Choice.Changed) -> None:
        """Propose another place, unless the user wrote one."""
        line = self.query_one(Line)
        if line.value in {str(self._place(each)) for each in event.choice.choices}:
            line.value = str(self._place(event.chosen))

    def _place(self, file_format: str) -> Path:
        ending = ".jsonl" if file_format == "jsonl" else f"-{file_format}"
        return Path.cwd() / f"{self._run}{ending}"


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
        if (run := self._idle()) is None:
            return

        async def rename(name: str) -> None:
            if name != run.name:
                new = await self._moved(run, partial(rename_run, run.path, name), reopen=True)
                self.moved(run.path, new)
                self._after(f"{run.name} is called {name} now")

        how = "Letters, digits, dots, hyphens and underscores; Enter renames."
        dialog = partial(AskLine, f"rename {run.name}", how, "rename it")
        await ask_until_done(self.app, dialog, run.name, rename)

    @work(exclusive=True, group="change")
    async def action_annotate(self) -> None:
        """Keep a note with the run."""
        if (run := self._idle()) is None:
            return

        async def annotate(note: str) -> None:
            await asyncio.to_thread(annotate_run, run.path, note)
            self._after("")

        how = "It is kept in the run's file; an empty note takes it away."
        dialog = partial(AskLine, f"note on {run.name}", how, "keep it")
        await ask_until_done(self.app, dialog, run.note, annotate)

    @work(exclusive=True, group="change")
    async def action_export(self) -> None:
        """Write the run for other tools."""
        if (run := self.chosen) is None:
            return

        async def write(wish: Export) -> None:
            self.explorer.notice = f"exporting {run.name} …"
            try:
                paths = await ask_anew(run.path, partial(export, **asdict(wish)))
            except LwdError:
                self.explorer.notice = ""
                raise
            where = paths[0] if len(paths) == 1 else f"{len(paths)} files in {paths[0].parent}"
            self.explorer.notice = f"{run.name} is exported: {where}"

        await ask_until_done(self.app, partial(AskExport, run.name), None, write)

    @work(exclusive=True, group="change")
    async def action_delete(self) -> None:
        """Move the run to the trash, from where it can be taken back."""
        run = self._idle()
        if run is None:
            return
        with self.explorer.telling():
            await self._moved(run, partial(delete_run, run.path), reopen=False)
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
        with self.explorer.telling():
            path = await asyncio.to_thread(restore_run, name)
            self._deleted.pop()
            self._after(f"{name} is back", path)

    async def _moved(self, run: RunSummary, move: Callable[[], Path], *, reopen: bool) -> Path:
        """Move a run's file, which must not be open meanwhile."""
        opened, new = self.run if self.is_open(run) else None, run.path
        if opened is not None:
            await self.explorer.close_run()
        try:
            new = await asyncio.to_thread(move)
        except LwdError:
            reopen = True
            raise
        finally:
            if opened is not None and reopen:
                self.explorer.open(new, **opened.resuming)
        return new

    def _after(self, notice: str, at: Path | None = None) -> None:
        self.explorer.notice = notice
        self.look_again(at)
