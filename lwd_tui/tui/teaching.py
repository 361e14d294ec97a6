"""The app's part that plays a demonstration: a recorded run, stop by stop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.worker import WorkerError

from lwd_tui.tui.paging import Paging
from lwd_tui.tui.parts.guide import Told

if TYPE_CHECKING:
    from lwd_tui.lessons.lesson import Lesson


class Teaching(Paging):
    """Goes from stop to stop.

    Attributes
    ----------
    told : Told or None
        The demonstration that is played, and the place of its stop.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "demonstrations", "demonstrations", id="demo.list", show=False),
        Binding("right_parenthesis", "lesson(1)", "next stop", id="demo.next", show=False),
        Binding("left_parenthesis", "lesson(-1)", "stop before", id="demo.before", show=False),
        Binding("X", "leave_lesson", "leave the demonstration", id="demo.leave", show=False),
        Binding("Y", "begin_live", "begin the same live", id="demo.live", show=False),
    ]
    told: var[Told | None] = var(None, init=False)

    @property
    def lesson(self) -> Lesson | None:
        """The demonstration that is played."""
        return self.told.lesson if self.told else None

    @property
    def lesson_place(self) -> int:
        """The place of its stop; 0 without one."""
        return self.told.place if self.told else 0

    @work(exclusive=True, group="lessons")
    async def action_demonstrations(self) -> None:
        """Choose a demonstration."""
        from lwd_tui.tui.parts.preset import ChooseLesson

        with self.telling():
            if lesson := await self.push_screen_wait(ChooseLesson()):
                self.teach(lesson)

    @work(exclusive=True, group="lesson")
    async def teach(self, lesson: Lesson) -> None:
        """Play a demonstration from its first stop."""
        from lwd_tui.lessons.recorded import recorded_run

        self.told = None
        # What was said before isn't about it, and takes room from its panels.
        self.notice = ""
        mine = self.memory.run
        with self.telling():
            path = await asyncio.to_thread(recorded_run, lesson.recorded)
            if not await self.opened(path):
                return
            # The explorer begins again with the user's own run.
            self.memory.run = mine
            await self._go_to(lesson, 0)

    def watch_controller(self) -> None:
        """Leave the demonstration with its run."""
        self.told = None

    def watch_mixtures(self, run: Path | None) -> None:
        """Leave the demonstration for other mixtures; their page takes them from here."""
        if run is not None:
            self.told = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys of demonstrations out while none is played."""
        if action in ("lesson", "leave_lesson", "begin_live") and self.lesson is None:
            return False
        return super().check_action(action, parameters)

    async def action_lesson(self, places: int) -> None:
        """Go to another stop."""
        if self.lesson is not None:
            place = self.lesson_place + places
            if 0 <= place < len(self.lesson.stops):
                await self._go_to(self.lesson, place)

    def action_leave_lesson(self) -> None:
        """Leave the demonstration, and stay with its run."""
        self.told = None

    @work(exclusive=True, group="lessons")
    async def action_begin_live(self) -> None:
        """Begin the run of the demonstration with the models at hand, having asked."""
        from lwd_tui.experiment.files import load_preset

        lesson = self.lesson
        if lesson is None:
            return
        sentence = f"This begins {lesson.live} with the models on this machine: a run of your own."
        with self.telling():
            if await self.ask(sentence, yes="begin it", no="not now"):
                # The demonstration is left with its run, unless another one is to be stayed with.
                with suppress(WorkerError):
                    if await self.start(load_preset(lesson.live)).wait():
                        await self.action_show_page("live")

    async def _go_to(self, lesson: Lesson, place: int) -> None:
        self.told = Told(lesson, place)
        stop = lesson.stops[place]
        await self.action_show_page(stop.page)
        # Help may stand over it.
        page: Any = self.screen_stack[0]
        if stop.t is not None:
            # The mixtures have a clock of their own.
            go_to = getattr(page, "action_go_to", self.action_scrub_to)
            go_to(stop.t)
        if stop.panel:
            page.choose(stop.panel)
        if stop.page == "statistics":
            page.look_for(stop.panel, stop.line)
