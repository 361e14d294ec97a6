"""The app's part that owns a run: it is begun, held, let on, stopped and gone on with."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.timer import Timer
from textual.worker import WorkerError

from lwd_tui.errors import LwdError
from lwd_tui.tui.state import messages
from lwd_tui.tui.state.memory import State
from lwd_tui.tui.state.progress import Progress
from lwd_tui.tui.state.view import View

if TYPE_CHECKING:
    from lwd_tui.experiment.llm import Experiment
    from lwd_tui.experiment.participants import Wishes
    from lwd_tui.sweep.conduct import Conductor
    from lwd_tui.tui.state.controller import RunController

SPEEDS = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between two steps, from the fastest to the slowest."""
GLANCE = 0.25
"""Seconds that a step is shown at least, while others follow it."""
_NOTICES = 4
"""What a run says while it begins is kept together, as far as there is room."""
_QUIET = 0.15
"""Seconds after a key in which all that it asked for is painted."""


class Running(App[None]):
    """Owns the run that is open.

    Attributes
    ----------
    controller : RunController or None
        The run that is open; None until its experiment is there.
    view : View
        The viewed step; shared by all pages.
    progress : Progress
        The run's own clock.
    notice : str
        What the user must see; not cleaned.
    posts : int
        Grows when there are posts that no step brought.
    mixtures : Path or None
        A stored run of mixtures that was opened, until its page takes it.
    sweep : Conductor or None
        What makes the runs of the sweep that was begun last.
    memory : State
        What is remembered from one start to the next.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_run", "run / pause", id="run.toggle"),
        Binding("s", "step", "step", id="run.step"),
        Binding("x", "stop", "stop the run", id="run.stop", show=False),
        Binding("plus,equals_sign", "faster", "faster", id="run.faster", show=False),
        Binding("minus", "slower", "slower", id="run.slower", show=False),
    ]

    controller: var[RunController | None] = var(None, init=False)
    view: var[View] = var(View(), init=False)
    progress: var[Progress] = var(Progress("stopped"), init=False)
    notice: var[str] = var("", init=False)
    posts: var[int] = var(0, init=False)
    mixtures: var[Path | None] = var(None, init=False)

    def __init__(self) -> None:
        super().__init__()
        self.memory = State.load()
        self.sweep: Conductor | None = None
        self._owned: RunController | None = None
        self._viewed = 0.0
        self._waiting_step: Timer | None = None
        self._turning = asyncio.Lock()
        self._clearing: asyncio.TimerHandle | None = None

    async def ask(self, sentence: str, *, yes: str, no: str) -> bool:
        """Ask the user, from within a worker, and return whether the answer was yes.

        Where `yes` is "", there is nothing to decide, and it is told only.
        """
        from lwd_tui.tui.parts.question import Question

        # Over the page that is about to be shown: it would stay behind, unseen, on the one before.
        async with self._turning:
            answer = self.push_screen(Question(sentence, yes=yes, no=no), wait_for_dismiss=True)
        return await answer

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Show in the notice what goes wrong within."""
        try:
            yield
        except LwdError as error:
            self.notice = str(error)

    # Opening and closing

    @work(exclusive=True, group="open")
    async def start(
        self, experiment: Experiment, wishes: Wishes | None = None, path: Path | None = None
    ) -> bool:
        """Begin a run in place of the one that is open; it is kept in `path`, or by its name.

        Returns whether it is begun, which it isn't if another is stayed with.
        """
        from lwd_tui.experiment.participants import Wishes

        if controller := await self._new_controller():
            controller.start(experiment, wishes or Wishes(), path)
        return controller is not None

    @work(exclusive=True, group="open")
    async def open(self, run: Path, *, go_on: bool = False, **resuming: Any) -> bool:
        """Open a stored run in place of the one that is open, and go on with it if asked to.

        Whenever it goes on, it does so as `Session.resume` is told. One of mixtures is shown beside
        it. Returns whether it is open then.
        """
        if await asyncio.to_thread(_holds_mixtures, run):
            self.mixtures = run
            self._remember(run)
            await self.run_action("show_page('gmm')")
            return True
        if controller := await self._new_controller():
            try:
                await controller.open(run, **resuming)
            except LwdError as error:
                self.notice = str(error)
                await self.close_run()
                return False
            # Who waits for it finds it there, whatever messages come first.
            self._take(controller)
            if go_on:
                controller.run()
        return controller is not None

    async def opened(self, run: Path, **how: Any) -> bool:
        """Open a stored run as `open` does, from within a worker, and return whether it is open."""
        # Another may be opened before it is read.
        with suppress(WorkerError):
            return await self.open(run, **how).wait()
        return False

    async def _new_controller(self) -> RunController | None:
        """Close the run that is open and make place for another; None if the user won't."""
        sentence = "A run is under way. What was computed of it is stored, and it can go on later."
        busy = self._owned is not None and self._owned.busy
        if busy and not await self.ask(sentence, yes="stop it", no="stay with it"):
            return None
        controller_class = await asyncio.to_thread(_controller_class)
        await self.close_run()
        self._owned = controller_class(self.post_message)
        self._owned.wait_between(self.memory.delay)
        return self._owned

    async def close_run(self) -> None:
        """Stop the run that is open, and let go of its file."""
        run = self._owned
        if run is not None:
            await run.aclose()
        # Another may have taken its place meanwhile.
        if self._owned is run:
            self._owned = self.controller = None
            self.view, self.progress = View(), Progress("stopped")

    # What the run tells

    def _told_by(self, message: messages.RunMessage) -> RunController | None:
        """Return the run that tells, or None if another has taken its place."""
        run = self._owned
        return run if run is not None and run.number == message.run else None

    @on(messages.RunOpened)
    def _take_run(self, message: messages.RunOpened) -> None:
        if run := self._told_by(message):
            self._take(run)

    def _take(self, run: RunController) -> None:
        spare_the_collector()
        # It is told more than once, and the memory may have been set right since.
        if run is not self.controller:
            self._remember(run.path)
        self.controller = run
        if self.view.following and self.view.step is not run.latest:
            self.view = View(run.latest)

    def _remember(self, run: Path) -> None:
        self.memory.run = str(run.absolute())

    @on(messages.ProgressChanged)
    def _take_progress(self, message: messages.ProgressChanged) -> None:
        """Show where the run is, and with it all steps that became whole since the last time."""
        if not self._told_by(message):
            return
        self.progress = message.progress
        # Steps that come faster than the eye reads are shown a few times a second.
        wait = self._viewed + GLANCE - time.monotonic()
        if wait <= 0:
            self._view_latest()
        elif self._waiting_step is None:
            self._waiting_step = self.set_timer(wait, self._view_latest)

    def _view_latest(self) -> None:
        self._waiting_step = None
        run = self._owned
        if run is not None and self.view.following and self.view.step is not run.latest:
            self._viewed = time.monotonic()
            self.view = View(run.latest)

    @on(messages.PostsChanged)
    def _take_posts(self) -> None:
        spare_the_collector()
        self.posts += 1

    @on(messages.NoticeGiven)
    def _take_notice(self, message: messages.NoticeGiven) -> None:
        if self._told_by(message):
            said = (
                [*self.notice.split("\n"), message.sentence] if self.notice else [message.sentence]
            )
            self.notice = "\n".join(said[-_NOTICES:])

    @on(messages.RunFailed)
    def _take_failure(self, message: messages.RunFailed) -> None:
        if run := self._told_by(message):
            self.notice = message.sentence
            self._ask_to_retry(run, message)

    @work(exclusive=True, group="failure")
    async def _ask_to_retry(self, run: RunController, failure: messages.RunFailed) -> None:
        again = "go on all the same" if failure.model_changed else "try again"
        again = "" if failure.for_good else again
        wished = await self.ask(failure.sentence, yes=again, no="leave it stopped")
        # Another may have been opened meanwhile.
        if wished and run is self._owned:
            self.notice = ""
            run.retry(allow_changed=failure.model_changed)

    # Keys

    async def on_event(self, event: events.Event) -> None:
        """Let the run wait for what a key asks for, and garbage until that is painted."""
        if isinstance(event, events.Key):
            if self._owned is not None:
                self._owned.give_way()
            if self._clearing is not None:
                self._clearing.cancel()
            self._clearing = asyncio.get_running_loop().call_later(_QUIET, _clear_away)
        await super().on_event(event)

    def action_toggle_run(self) -> None:
        """Pause after the step in progress, or run."""
        if run := self._run_that_can_go_on():
            if run.paused:
                self.notice = ""
                run.run()
            else:
                run.pause()

    def action_step(self) -> None:
        """Take one step."""
        if run := self._run_that_can_go_on():
            self.notice = ""
            run.step()

    def _run_that_can_go_on(self) -> RunController | None:
        if self._owned is None:
            self.notice = "no run is open; begin one, or open a stored one"
        elif self.progress.phase == "done":
            self.notice = "all steps of this run are there; begin another to go on"
        elif self.progress.phase != "stopping":
            return self._owned
        return None

    @work(exclusive=True, group="stop")
    async def action_stop(self) -> None:
        """End the run now; it can go on later."""
        if self._owned is not None:
            await self._owned.stop()

    def action_faster(self) -> None:
        """Wait less between two steps."""
        self._wait_between(max((s for s in SPEEDS if s < self.memory.delay), default=SPEEDS[0]))

    def action_slower(self) -> None:
        """Wait more between two steps."""
        self._wait_between(min((s for s in SPEEDS if s > self.memory.delay), default=SPEEDS[-1]))

    def _wait_between(self, seconds: float) -> None:
        self.memory.delay = seconds
        if self._owned is not None:
            self._owned.wait_between(seconds)


def spare_the_collector() -> None:
    """Take all that is there now out of Python's garbage collection, for it stays.

    Going through it takes longer than a frame. To paint makes so many small objects that Python
    would also look for young garbage in the midst of each frame: it is left to do so after a key,
    once that is painted, and on its own only where keys are held down or a run paints.
    """
    gc.enable()
    gc.set_threshold(50_000, 5, 400)
    gc.freeze()


def _clear_away() -> None:
    """Look for young garbage, and every 400th time for all."""
    _, _, old = gc.get_count()
    gc.collect(2 if old > gc.get_threshold()[2] else 1)


def _controller_class() -> type[RunController]:
    """Import what a run needs, which takes longer than a frame."""
    from lwd_tui.tui.state.controller import RunController

    return RunController


def _holds_mixtures(run: Path) -> bool:
    from lwd_tui.store.run import RunStore

    # What can't be read is complained of where it is opened.
    with suppress(LwdError), RunStore.open(run) as store:
        return store.kind == "gmm"
    return False
