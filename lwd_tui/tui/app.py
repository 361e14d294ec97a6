"""The explorer: the app that owns the run, the viewed step, the pages and the keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from lwd_tui.errors import LwdError
from lwd_tui.tui import messages
from lwd_tui.tui.crash import write_report
from lwd_tui.tui.keys import read_keymap
from lwd_tui.tui.progress import Progress
from lwd_tui.tui.screens import PAGES, PageEntry
from lwd_tui.tui.screens.help import Help
from lwd_tui.tui.screens.opening import Opening
from lwd_tui.tui.screens.question import Question
from lwd_tui.tui.state import State
from lwd_tui.tui.theme import THEMES
from lwd_tui.tui.view import View
from lwd_tui.tui.widgets.scrubber import Scrubber
from lwd_tui.tui.widgets.tabs import PageTabs

if TYPE_CHECKING:
    from lwd_tui.cast import Wishes
    from lwd_tui.experiment import Experiment
    from lwd_tui.tui.run import RunController
    from lwd_tui.types import Post, Response

SPEEDS = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between two steps, from the fastest to the slowest."""
FRAME = 0.25
"""Seconds that a step stays while the steps are played back."""


class Explorer(App[None]):
    """The app.

    Parameters
    ----------
    experiment : Experiment, optional
        Started at once.
    wishes : Wishes, optional
        What is asked of it beyond the experiment.
    run : Path, optional
        A stored run, opened to be looked at.
    path : Path, optional
        Where the run of `experiment` is kept.
    page : str
        Page to open on; "" for the last one, or the first that has something to show.

    Attributes
    ----------
    controller : RunController or None
        The run that is open.
    view : View
        The viewed step; shared by all pages.
    progress : Progress
        The run's own clock.
    notice : str
        What the user must see; not cleaned.
    posts : int
        Grows with each post that is put in by hand.
    subject : Post, Response or None
        What the user asked to look at closely.
    """

    TITLE = "lwd-tui"
    CSS_PATH = "app.tcss"
    # Not class variables in Textual's own declaration.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-middling"), (50, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_run", "pause / run", id="run.toggle"),
        Binding("s", "step", "step", id="run.step"),
        Binding("comma,h", "scrub(-1)", "back", id="view.back", key_display=","),
        Binding("full_stop,l", "scrub(1)", "forward", id="view.forward", key_display="."),
        Binding("less_than_sign", "scrub(-10)", "ten steps back", id="view.back10", show=False),
        Binding("greater_than_sign", "scrub(10)", "ten forward", id="view.forward10", show=False),
        Binding("home,g", "scrub_to(0)", "first step", id="view.first", show=False),
        Binding("end,G", "follow", "live", id="view.live", key_display="end"),
        Binding("a", "play", "play back", id="view.play"),
        Binding("plus,equals_sign", "faster", "faster", id="run.faster", show=False),
        Binding("minus", "slower", "slower", id="run.slower", show=False),
        Binding("x", "stop", "stop the run", id="run.stop", show=False),
        Binding("question_mark", "help", "what is this", id="app.help", key_display="?"),
        Binding("colon", "command_palette", "commands", id="app.commands", key_display=":"),
        Binding("T", "next_theme", "next theme", id="app.theme", show=False),
        Binding("escape", "dismiss_notice", "dismiss the notice", id="app.dismiss", show=False),
        Binding("q", "quit", "quit", id="app.quit", show=False),
    ]

    controller: reactive[RunController | None] = reactive(None, init=False)
    view: reactive[View] = reactive(View(), init=False)
    progress: reactive[Progress] = reactive(Progress("stopped"), init=False)
    notice: reactive[str] = reactive("", init=False)
    posts: reactive[int] = reactive(0, init=False)
    subject: reactive[Post | Response | None] = reactive(None, init=False)

    def __init__(
        self,
        *,
        experiment: Experiment | None = None,
        wishes: Wishes | None = None,
        run: Path | None = None,
        path: Path | None = None,
        page: str = "",
    ) -> None:
        super().__init__()
        self.memory = State.load()
        self.pages: dict[str, PageEntry] = {entry.name: entry for entry in PAGES}
        self.crash_report: Path | None = None
        self._wanted = (experiment, wishes, run, path)
        self._first_page = page
        self._owned: RunController | None = None
        self._scrubbing_to: int | None = None
        self._playback: Timer | None = None
        names = [theme.name for theme in THEMES]
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.memory.theme if self.memory.theme in names else names[0]

    @property
    def tabs(self) -> list[tuple[str, str]]:
        """Names and titles of the pages."""
        return [(entry.name, entry.title) for entry in self.pages.values()]

    # Opening, pages, leaving

    def get_default_screen(self) -> Screen[None]:
        """Return what is painted before anything heavy is imported."""
        return Opening(self.tabs, self._page_to_open())

    def on_mount(self) -> None:
        """Take the user's keys, and open the first page once the first frame is out."""
        keymap, self.notice = read_keymap(self.BINDINGS, self.pages)
        self.set_keymap(keymap)
        for position, name in enumerate(self.pages, start=1):
            self.bind(str(position), f"show_page({name!r})", show=False)
        self.call_after_refresh(self._open_first)

    @work
    async def _open_first(self) -> None:
        await self.action_show_page(self._page_to_open())
        experiment, wishes, run, path = self._wanted
        if experiment is not None:
            self.start(experiment, wishes, path)
        elif run is not None:
            self.open(run)

    def _page_to_open(self) -> str:
        experiment, _, run, _ = self._wanted
        wanted = [self._first_page]
        wanted += ["live"] if experiment or run else [self.memory.page, "setup", "runs"]
        return next((name for name in wanted if name in self.pages), next(iter(self.pages)))

    async def action_show_page(self, name: str) -> None:
        """Show a page, importing it on first use."""
        if name not in self._modes:
            page = await asyncio.to_thread(self.pages[name].load)
            if name not in self._modes:
                self.add_mode(name, partial(page, name))
        self.memory.page = name
        await self.switch_mode(name)

    @on(PageTabs.Chosen)
    async def _choose_tab(self, event: PageTabs.Chosen) -> None:
        await self.action_show_page(event.name)

    async def inspect(self, subject: Post | Response) -> None:
        """Show a post or response on the page that is made for it."""
        self.subject = subject
        await self.action_show_page("inspect")

    async def on_unmount(self) -> None:
        """Close the run, and remember how the app was left."""
        if self._owned is not None:
            await self._owned.aclose()
        self.memory.theme = self.theme
        self.memory.save()

    @work
    async def action_quit_app(self) -> None:
        """Leave, asking first while a run would be ended."""
        if self.progress.busy and not await self.push_screen_wait(
            Question(
                "A run is under way, and ends with lwd-tui. What was computed is stored; "
                "the run can go on later.",
                yes="quit",
                no="stay",
            )
        ):
            return
        self.exit()

    async def action_quit(self) -> None:
        """Leave; see `action_quit_app`."""
        self.action_quit_app()

    # The run

    @work(exclusive=True, group="open")
    async def start(
        self, experiment: Experiment, wishes: Wishes | None = None, path: Path | None = None
    ) -> None:
        """Begin a run in place of the one that is open; it is kept in `path`, or by its name."""
        from lwd_tui.cast import Wishes

        if controller := await self._new_controller():
            controller.start(experiment, wishes or Wishes(), path)
            await self.action_show_page("live")

    @work(exclusive=True, group="open")
    async def open(self, run: Path, *, go_on: bool = False) -> None:
        """Open a stored run in place of the one that is open, and go on with it if asked to."""
        if controller := await self._new_controller():
            try:
                await controller.open(run)
            except LwdError as error:
                self.notice = str(error)
                return
            if go_on:
                controller.run()
            await self.action_show_page("live")

    async def _new_controller(self) -> RunController | None:
        """Close the run that is open and make place for another; None if the user won't."""
        if self.progress.busy and not await self.push_screen_wait(
            Question(
                "A run is under way. What was computed of it is stored, and it can go on later.",
                yes="stop it and open the other",
                no="stay with it",
            )
        ):
            return None
        controller_class = await asyncio.to_thread(_controller_class)
        if self._owned is not None:
            await self._owned.aclose()
        self.controller, self.view, self.progress = None, View(), Progress("stopped")
        self._owned = controller_class(self.post_message)
        self._owned.wait_between(self.memory.delay)
        return self._owned

    @on(messages.RunOpened)
    def _take_run(self, message: messages.RunOpened) -> None:
        if message.run is self._owned:
            self.controller = message.run
            self.posts += 1
            if self.view.following:
                self.view = View(message.run.latest)

    @on(messages.StepCompleted)
    def _take_step(self, message: messages.StepCompleted) -> None:
        """Leave it to the next progress, which tells of all steps since the last one."""

    @on(messages.ProgressChanged)
    def _take_progress(self, message: messages.ProgressChanged) -> None:
        if message.run is not self._owned:
            return
        self.progress = message.progress
        if self.view.following and self.view.step is not message.run.latest:
            self.view = View(message.run.latest)

    @on(messages.PostsChanged)
    def _take_posts(self) -> None:
        self.posts += 1

    @on(messages.NoticeGiven)
    def _take_notice(self, message: messages.NoticeGiven) -> None:
        if message.run is self._owned:
            self.notice = message.sentence

    @on(messages.RunFailed)
    def _take_failure(self, message: messages.RunFailed) -> None:
        if message.run is self._owned:
            self.notice = message.sentence
            self._ask_to_retry(message.run, message.sentence, message.model_changed)

    @work(exclusive=True, group="failure")
    async def _ask_to_retry(self, run: RunController, sentence: str, changed: bool) -> None:
        again = "go on all the same" if changed else "try again"
        if await self.push_screen_wait(Question(sentence, yes=again, no="leave it stopped")):
            self.notice = ""
            run.retry(allow_changed=changed)

    # Keys of the run

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
        if self._owned is not None and self.progress.busy:
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

    # Time travel

    def action_scrub(self, steps: int) -> None:
        """View an earlier or later step."""
        here = self._scrubbing_to if self._scrubbing_to is not None else self.view.t
        if here is not None:
            self.action_scrub_to(here + steps)

    @on(Scrubber.Moved)
    def _follow_scrubber(self, event: Scrubber.Moved) -> None:
        self.action_scrub_to(event.t)

    def action_scrub_to(self, t: int) -> None:
        """View a step, while the run goes on behind it."""
        self._stop_playback()
        self._look_at(t)

    def _look_at(self, t: int, *, playing: bool = False) -> None:
        if self.controller is None or not self.controller.numbers:
            return
        self._scrubbing_to = min(max(t, 0), len(self.controller.numbers) - 1)
        self._load_view(self.controller, self._scrubbing_to, playing)

    @work(exclusive=True, group="view")
    async def _load_view(self, run: RunController, t: int, playing: bool) -> None:
        try:
            step = await run.archive.step(t)
        except LwdError as error:
            self.notice = str(error)
            return
        finally:
            if self._scrubbing_to == t:
                self._scrubbing_to = None
        self.view = View(step, following=False, playing=playing)

    def action_follow(self) -> None:
        """View the newest step, and each that follows."""
        self._stop_playback()
        if self.controller is not None:
            self.view = View(self.controller.latest)

    def action_play(self) -> None:
        """Play the steps back from the viewed one, or from the first if it is the newest."""
        if self._playback is not None:
            self._stop_playback()
            if self.view.step is not None:
                self.view = View(self.view.step, following=False)
        elif self.controller is not None and self.view.t is not None:
            last = len(self.controller.numbers) - 1
            self._look_at(0 if self.view.t == last else self.view.t, playing=True)
            self._playback = self.set_interval(FRAME, self._next_frame)

    def _next_frame(self) -> None:
        if self.controller is None or self.view.t is None:
            self._stop_playback()
        elif self.view.t >= len(self.controller.numbers) - 1:
            self.action_follow()
        else:
            self._look_at(self.view.t + 1, playing=True)

    def _stop_playback(self) -> None:
        if self._playback is not None:
            self._playback.stop()
            self._playback = None

    # Habits

    def action_help(self) -> None:
        """Explain the keys and the numbers of the page that is seen."""
        self.push_screen(Help(self.screen))

    def action_next_theme(self) -> None:
        """Change to the next theme."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    def action_dismiss_notice(self) -> None:
        """Take the notice away."""
        self.notice = ""

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action that has a key where the palette was opened, and the pages."""
        for entry in self.pages.values():
            show = partial(self.action_show_page, entry.name)
            yield SystemCommand(f"Show {entry.title}", "another page", show)
        seen: set[str] = set()
        for node, binding, _, _ in screen.active_bindings.values():
            if binding.description and binding.action not in seen and not binding.system:
                seen.add(binding.action)
                key = self.get_key_display(binding)
                run = partial(self.run_action, binding.action, node)
                yield SystemCommand(binding.description.capitalize(), f"key: {key}", run)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], _: DOMNode) -> None:
        """Say which of the user's keys are given twice."""
        ids = ", ".join(sorted(binding.id or binding.action for binding in clashed_bindings))
        self.notice = f"keys.toml: the same key is given to more than one action: {ids}"

    def _handle_exception(self, error: Exception) -> None:
        """Write a report of what Textual is about to end the app for.

        Textual has no public place for this.
        """
        if self.crash_report is None:
            self.crash_report = write_report(error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Leave with a sentence instead of a traceback, which is in the report."""
        self.panic(
            Text(
                "lwd-tui made a mistake and had to stop. The run is stored as far as it was "
                f"computed, and can go on. A report is in {self.crash_report}"
            )
        )


def _controller_class() -> type[RunController]:
    """Import what a run needs, which takes longer than a frame."""
    from lwd_tui.tui.run import RunController

    return RunController


def run_app(
    *,
    experiment: Experiment | None = None,
    wishes: Wishes | None = None,
    run: Path | None = None,
    path: Path | None = None,
) -> int:
    """Open the explorer, and return its exit code.

    Parameters
    ----------
    experiment : Experiment, optional
        Begun at once.
    wishes : Wishes, optional
        What is asked of it beyond the experiment.
    run : Path, optional
        A stored run, opened to be looked at and perhaps gone on with.
    path : Path, optional
        Where the run of `experiment` is kept; under a name of its own if not given.
    """
    from multiprocessing import resource_tracker

    # A process that is started later, inside the running app, could not start it any more.
    resource_tracker.ensure_running()
    app = Explorer(experiment=experiment, wishes=wishes, run=run, path=path)
    app.run()
    return app.return_code or 0
