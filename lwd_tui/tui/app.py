"""The explorer: pages, themes, keys, help and commands around a run and the viewed step."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen

from lwd_tui.tui.paging import PageEntry
from lwd_tui.tui.parts.key_bar import KeyBar
from lwd_tui.tui.parts.tabs import TabLine
from lwd_tui.tui.parts.words import Words
from lwd_tui.tui.state.keys import read_keymap
from lwd_tui.tui.state.memory import write_report
from lwd_tui.tui.teaching import Teaching
from lwd_tui.tui.theme import THEMES

if TYPE_CHECKING:
    from lwd_tui.experiment.llm import Experiment
    from lwd_tui.experiment.participants import Wishes
    from lwd_tui.lessons.lesson import Lesson


PAGES: tuple[PageEntry, ...] = (
    PageEntry("setup", "Set up", "setup.page:SetupPage"),
    PageEntry("live", "Live", "live.page:LivePage"),
    PageEntry("inspect", "Inspect", "inspect.page:InspectPage"),
    PageEntry("statistics", "Statistics", "statistics.page:StatisticsPage"),
    PageEntry("gmm", "GMM", "gmm.page:GmmPage"),
    PageEntry("runs", "Runs", "runs.page:RunsPage"),
    PageEntry("sweeps", "Sweeps", "sweeps.page:SweepsPage"),
)
_WELCOME = (
    "New here? D plays recorded runs, stop by stop: no model is needed, nothing is fetched. ? "
    "explains this page."
)
_OF_A_RUN = ("live", "inspect", "statistics")
"""Pages that are empty without a run."""


class Explorer(Teaching):
    """The app.

    Parameters
    ----------
    experiment : Experiment, optional
        Begun at once.
    wishes : Wishes, optional
        What is asked of it beyond the experiment.
    run : Path, optional
        A stored run, opened to be looked at.
    path : Path, optional
        Where the run of `experiment` is kept.
    hosts : sequence of str
        Servers that `run` and its forks go on at; those that it was begun with if none are given.
    allow_changed : bool
        Whether `run` goes on with models that aren't the recorded ones.
    lesson : Lesson, optional
        A demonstration, played at once.
    page : str
        Page to open on; "" for that of the run, or Set up where there is none.
    """

    TITLE = "lwd-tui"
    CSS_PATH = "app.tcss"
    # Textual doesn't declare these two as class variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal"), (160, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-middling"), (50, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", id="app.help", key_display="?"),
        Binding("colon", "command_palette", "commands", id="app.commands", key_display=":"),
        Binding("T", "next_theme", "next theme", id="app.theme", show=False),
        Binding("O", "octants", "finer lines (octants)", id="app.octants", show=False),
        Binding("escape", "dismiss_notice", "dismiss the notice", id="app.dismiss", show=False),
        Binding("q", "quit", "quit", id="app.quit", show=False),
    ]

    def __init__(
        self,
        *,
        experiment: Experiment | None = None,
        wishes: Wishes | None = None,
        run: Path | None = None,
        path: Path | None = None,
        hosts: Sequence[str] = (),
        allow_changed: bool = False,
        lesson: Lesson | None = None,
        page: str = "",
    ) -> None:
        super().__init__(PAGES)
        self._first_lesson = lesson
        if lesson is not None:
            page = "live"
        elif experiment is None and run is None and not page and (run := self._left_open()):
            page = self.memory.page if self.memory.page in _OF_A_RUN else ""
        self._wanted = (experiment, wishes, run, path)
        self._resuming = {"hosts": hosts, "allow_changed": allow_changed}
        self._first_page = page
        self._report: Path | None = None
        names = [theme.name for theme in THEMES]
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.memory.theme if self.memory.theme in names else names[0]

    # Opening and leaving

    def get_default_screen(self) -> Screen[None]:
        """Return what is painted before anything heavy is imported."""
        return Opening(self.tabs, self._page_to_open())

    def on_mount(self) -> None:
        """Take the user's keys, and open the first page once the first frame is out."""
        self.keymap, self.notice = read_keymap(self._bindings, self.pages)
        self.set_keymap(self.keymap)
        for position, name in enumerate(self.pages, start=1):
            self.bind(str(position), f"show_page({name!r})", show=False)
        self.call_after_refresh(self._open_first)

    @work
    async def _open_first(self) -> None:
        _let_processes_start()
        await self.action_show_page(self._page_to_open())
        experiment, wishes, run, path = self._wanted
        if self._first_lesson is not None:
            self.teach(self._first_lesson)
        elif experiment is not None:
            self.start(experiment, wishes, path)
        elif run is not None:
            await self.opened(run, **self._resuming)
            if self._owned is None and self.screen.name in _OF_A_RUN:
                self.memory.run = ""
                await self.action_show_page(self._there("setup"))
        elif not self.notice and await asyncio.to_thread(_is_new_here):
            self.notice = _WELCOME

    def _left_open(self) -> Path | None:
        """Return the run that was open when the explorer was left, if it is still there."""
        run = Path(self.memory.run)
        return run if self.memory.run and run.is_file() else None

    def _page_to_open(self) -> str:
        experiment, _, run, _ = self._wanted
        return self._there(self._first_page or ("live" if experiment or run else "setup"))

    def _there(self, page: str) -> str:
        return page if page in self.pages else next(iter(self.pages))

    @work
    async def action_quit_app(self) -> None:
        """Leave, asking first while a run or a sweep would be ended."""
        sweeping = self.sweep is not None and self.sweep.busy
        what = "sweep" if sweeping else "run"
        sentence = (
            f"A {what} is under way, and ends with lwd-tui. What was computed is stored; "
            f"the {what} can go on later."
        )
        if not (sweeping or self.progress.busy) or await self.ask(sentence, yes="quit", no="stay"):
            self.exit()

    async def action_quit(self) -> None:
        """Leave, by the name that Textual gives it."""
        self.action_quit_app()

    async def on_unmount(self) -> None:
        """Close the run, pause the sweep, and remember how the app was left."""
        if self.sweep is not None:
            self.sweep.pause()
        await self.close_run()
        self.memory.theme = self.theme
        self.memory.save()

    # Help, commands, themes

    def action_help(self) -> None:
        """Explain the keys and the numbers of the page that is seen."""
        from lwd_tui.tui.help import Help

        page = self.screen
        if isinstance(page, Help):
            return
        if page.name not in self.pages:
            self.push_screen(Help(page))
            return
        # Kept, for to lay it out anew takes longer than a frame.
        name = f"help with {page.name}"
        if not self.is_screen_installed(name):
            self.install_screen(Help(page), name)
        self.push_screen(name)

    def action_next_theme(self) -> None:
        """Change to the next theme."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    def action_octants(self) -> None:
        """Draw strong lines in octants, or in quarters of a cell again."""
        self.memory.octants = not self.memory.octants
        finer = (
            "norms are drawn in octants; if boxes are seen or lines shift, the terminal has none: "
            "O again"
        )
        self.notice = finer if self.memory.octants else "norms are drawn in quarters of a cell"
        # Plots hear of it as they hear of colours.
        self.theme_changed_signal.publish(self.current_theme)

    def action_dismiss_notice(self) -> None:
        """Take the notice away."""
        self.notice = ""

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer the pages, and every action that has a key where the palette was opened."""
        for entry in self.pages.values():
            show = partial(self.action_show_page, entry.name)
            yield SystemCommand(f"Show {entry.title}", "another page", show)
        seen: set[str] = set()
        for node, binding, _, _ in screen.active_bindings.values():
            hidden = binding.system or binding.action == "command_palette"
            if binding.description and binding.action not in seen and not hidden:
                seen.add(binding.action)
                key = self.get_key_display(binding)
                run = partial(self.run_action, binding.action, node)
                yield SystemCommand(binding.description.capitalize(), f"key: {key}", run)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], _: DOMNode) -> None:
        """Say which of the user's keys are given twice."""
        ids = ", ".join(sorted(binding.id or binding.action for binding in clashed_bindings))
        self.notice = f"keys.toml: one key is given to more than one action: {ids}"

    # Mistakes of our own

    def _handle_exception(self, error: Exception) -> None:
        """Write a report of what is about to end the app; Textual has no public place for it."""
        if self._report is None:
            self._report = write_report(error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Leave with a sentence instead of the traceback, which is in the report."""
        self.panic(
            Text(
                "lwd-tui made a mistake and had to stop. The run is stored as far as it was "
                f"computed, and can go on. A report is in {self._report}"
            )
        )


def _let_processes_start() -> None:
    """Start what multiprocessing needs before it starts a process.

    It hands its own stderr on, and that of a running app is Textual's, which has no file.
    """
    from multiprocessing import resource_tracker

    with redirect_stderr(sys.__stderr__):
        resource_tracker.ensure_running()


def _is_new_here() -> bool:
    """Whether the user has no run yet."""
    from lwd_tui.store.errors import ENDING
    from lwd_tui.store.folder import runs_folder

    return not any(runs_folder().glob(f"*{ENDING}"))


def run_app(**opening: Any) -> int:
    """Open the explorer as an `Explorer` is told to, and return its exit code."""
    app = Explorer(**opening)
    app.run()
    return app.return_code or 0


class Opening(Screen[None]):
    """Stands until the first page is there; `page` is the one that is about to open."""

    def __init__(self, tabs: Sequence[tuple[str, str]], page: str) -> None:
        super().__init__()
        self._tabs = tabs
        self._page = page

    def compose(self) -> ComposeResult:
        """Yield what stays when the page takes its place."""
        yield Words(Content("lwd-tui"), classes="status")
        yield TabLine(self._tabs, self._page, numbered=True, id="pages")
        yield KeyBar()
