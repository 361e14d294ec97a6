"""Sweeps written on the screen, and kept as the TOML that `lwd-tui sweep` reads."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from functools import partial
from pathlib import Path

from textual import on, work
from textual.widgets import TextArea

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import read_text, user_path
from lwd_tui.sweep.own import NEW, Plan, keep, refuse_under_way, text_of
from lwd_tui.tui.pages.sweeps.making import SweepMaking
from lwd_tui.tui.pages.sweeps.shelf import folder_of
from lwd_tui.tui.parts.ask_text import AskText
from lwd_tui.tui.parts.dialog import AskLine, ask_until_done
from lwd_tui.tui.parts.editor import LONGEST, Editor

_HOW = "TOML as `lwd-tui sweep` reads it. Tab, then Enter keeps it; it is checked first."
_LEFT = "this is what you wrote and left; it isn't kept yet, and is gone when lwd-tui ends"


class AskSweep(AskText):
    """Gives back the text of a sweep; what was written stays in `left`, however it is left."""

    DEFAULT_CSS = """
    AskSweep > Vertical { width: 110; height: 96%; }
    AskSweep Editor { height: 1fr; }
    """

    def __init__(self, title: str, text: str, complaint: str) -> None:
        super().__init__(title, _HOW, "keep it", text, complaint, blank="write what is to be run")
        self.left = text

    @on(TextArea.Changed)
    def _note(self) -> None:
        self.left = self.query_one(Editor).written


class SweepEditing(SweepMaking):
    """The part of the page of sweeps that writes them."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._left: dict[Path | None, str] = {}

    @abstractmethod
    def go_to(self, path: Path) -> None:
        """Show what sweeps there are now, with the cursor on one."""

    def action_new(self) -> None:
        """Write a sweep."""
        self._edit("a new sweep", None, NEW)

    @work(exclusive=True, group="text")
    async def action_edit(self) -> None:
        """Edit the sweep; one that ships is kept under another name."""
        if (seen := self.chosen) is None:
            return
        plan = seen.plan
        text = await self.asked(asyncio.to_thread(text_of, plan))
        if text is None:
            return
        if len(text) > LONGEST:
            self.explorer.notice = f"{plan.name} is too long to be edited here; edit {plan.path}"
            return
        copy = f"a copy of {plan.name}: give it another name"
        self._edit(f"edit {copy if plan.shipped else plan.name}", plan, text)

    @work(exclusive=True, group="edit")
    async def _edit(self, title: str, plan: Plan | None, text: str) -> None:
        key = plan.path if plan else None
        complaint = ""
        if key in self._left:
            text, complaint = self._left[key], _LEFT
        if plan is not None:
            folders = [folder_of(plan, rehearsal=rehearsal) for rehearsal in (False, True)]
            try:
                await asyncio.to_thread(refuse_under_way, plan.name, folders)
            except LwdError as error:
                complaint = str(error)
        while True:
            dialog = AskSweep(title, text, complaint)
            written = await self.app.push_screen_wait(dialog)
            if written is None:
                if dialog.left != text or key in self._left:
                    self._left[key] = dialog.left
                return
            try:
                path = await asyncio.to_thread(partial(keep, written, plan))
            except LwdError as error:
                text, complaint = written, str(error)
                self._left[key] = written
                continue
            self._left.pop(key, None)
            self.explorer.notice = f"kept in {path}: `lwd-tui sweep {path.stem}` runs it too"
            self.go_to(path)
            return

    @work(exclusive=True, group="edit")
    async def action_file(self) -> None:
        """List a sweep of the user's own that is kept elsewhere, until lwd-tui ends."""

        async def listed(written: str) -> None:
            path = user_path(written).absolute()
            # To hear why, if it can't be read.
            await asyncio.to_thread(read_text, path)
            if path not in self.desk.others:
                self.desk.others.append(path)
            self.go_to(path)

        how = "The path of a TOML file; it is listed until lwd-tui ends, and edited where it is."
        blank = "write the path of a file"
        dialog = partial(AskLine, "a file of yours", how, "list it", blank=blank)
        await ask_until_done(self.app, dialog, "", listed)
