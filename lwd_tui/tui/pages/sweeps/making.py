"""What is done with a sweep: begun, paused, tried with scripted models, measured."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from functools import partial

from textual import work
from textual.app import ComposeResult

from lwd_tui.errors import LwdError
from lwd_tui.experiment.participants import REHEARSAL, Wishes
from lwd_tui.run.basis import from_rehearsal
from lwd_tui.run.rehearsal import rehearse
from lwd_tui.store.folder import made_folder
from lwd_tui.sweep.conduct import Conductor
from lwd_tui.sweep.jobs import settled
from lwd_tui.tui.pages.panelled import PanelledPage
from lwd_tui.tui.pages.sweeps.desk import Desk
from lwd_tui.tui.pages.sweeps.shelf import Seen, folder_of
from lwd_tui.tui.parts.dialog import Dialog, labelled
from lwd_tui.tui.parts.line import Line

_MOST = 64


class AskAtOnce(Dialog[int]):
    """Gives back how many runs are made at a time."""

    DEFAULT_CSS = "AskAtOnce .label { width: 16; }"
    AUTO_FOCUS = "Line"

    def __init__(self, title: str, how: str, done: str) -> None:
        super().__init__(title, f"{how} Enter begins.", done)

    def compose_fields(self) -> ComposeResult:
        """Yield the number."""
        yield labelled("runs at a time", Line("1", compact=True, select_on_focus=False))

    def answer(self) -> int:
        """Return it, or say why it is none."""
        written = self.query_one(Line).value.strip()
        if not written.isdecimal() or not 1 <= int(written) <= _MOST:
            raise LwdError(f"runs at a time: a whole number from 1 to {_MOST}")
        return int(written)


class SweepMaking(PanelledPage):
    """The part of the page of sweeps that makes their runs, in processes of their own."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.desk = Desk()

    @property
    @abstractmethod
    def chosen(self) -> Seen | None:
        """The sweep that keys are about."""

    @abstractmethod
    def look_again(self) -> None:
        """Show what sweeps there are now."""

    @property
    def conductor(self) -> Conductor | None:
        """What makes the runs of the sweep that was begun last."""
        return self.explorer.sweep

    def _ready(self) -> Seen | None:
        """Return the chosen sweep if it can be begun; say so if it can't."""
        seen = self.chosen
        if seen is None:
            self.explorer.notice = "no sweep is chosen"
        elif seen.plan.problem:
            self.explorer.notice = seen.plan.problem
        elif self.conductor is not None and self.conductor.busy:
            self.explorer.notice = "a sweep is under way here; pause it first (p)"
        elif seen.maker == "elsewhere":
            self.explorer.notice = (
                f"another process makes the runs of {seen.plan.name}; they are shown as they come"
            )
        elif seen.status == "done":
            self.explorer.notice = f"all runs of {seen.plan.name} are there"
        else:
            return seen
        return None

    @work(exclusive=True, group="begin")
    async def action_begin(self) -> None:
        """Begin the sweep, or go on with it, in processes beside this one."""
        if (seen := self._ready()) is None:
            return
        plan, rehearsal = seen.plan, self.desk.rehearsal
        folder = folder_of(plan, rehearsal=rehearsal)
        said = await asyncio.to_thread(self.desk.said, seen)
        words = "go on with it" if seen.status == "paused" else "begin it"
        title = f"{'go on with' if seen.status == 'paused' else 'begin'} {plan.name}"
        how = f"{said[0]}. They are kept in {folder}, and end with lwd-tui; what is there is kept."
        at_once = await self.app.push_screen_wait(AskAtOnce(title, how, words))
        if at_once is None:
            return
        self.explorer.notice = f"{plan.name}: choosing who takes part …"
        wishes = Wishes(REHEARSAL) if rehearsal else Wishes()
        told: list[str] = []
        try:
            jobs = await settled(plan.jobs, wishes, told.append)
            await asyncio.to_thread(made_folder, folder)
            self.explorer.sweep = await asyncio.to_thread(Conductor, jobs, at_once)
        except LwdError as error:
            self.explorer.notice = str(error)
            return
        self.explorer.notice = "\n".join(told)
        self.look_again()

    def action_pause(self) -> None:
        """End the runs that are under way; what arrived is stored, and they can go on."""
        if self.conductor is None or not self.conductor.busy:
            self.explorer.notice = "no sweep is under way here"
            return
        self.conductor.pause()
        self.look_again()

    def action_rehearse(self) -> None:
        """Look at the rehearsals, which scripted models make in seconds, or at the sweeps again."""
        self.desk.rehearsal = not self.desk.rehearsal
        self.look_again()

    @work(exclusive=True, group="measure")
    async def action_measure(self) -> None:
        """Ask the participants of the first variant for a few answers, to see what to expect."""
        if (seen := self._ready()) is None:
            return
        plan, wishes = seen.plan, Wishes(REHEARSAL) if self.desk.rehearsal else Wishes()
        told: list[str] = []
        self.explorer.notice = f"{plan.name}: asking for a few answers …"
        try:
            (job,) = await settled(plan.jobs[:1], wishes, told.append)
            found = await rehearse(job.of_models, (), told.append)
            self.desk.measured[plan.path] = await asyncio.to_thread(partial(from_rehearsal, found))
        except LwdError as error:
            self.explorer.notice = str(error)
            return
        self.explorer.notice = "\n".join(told)
        self.look_again()
