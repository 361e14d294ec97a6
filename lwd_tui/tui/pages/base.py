"""What every page has: the status line, the tabs, the notice, the scrubber and the key bar.

To add a page, write ``lwd_tui/tui/pages/NAME/page.py`` with a `Page`, and
add one line to `lwd_tui.tui.app.PAGES`, in the order of the tabs. Nothing else knows of it: the
tab, its digit key, its command in the palette and its import on first use follow from that line.

A page is given what it shows and never asks for it:

- ``compose_page()`` yields its widgets into ``#body``, between the frame that all pages share
  (status line, tabs, notice; scrubber, key bar);
- ``show_run(run)``: another run is open (a `RunController`), or none: None; or another query of it
  is looked at;
- ``show_view(view)``: another step is viewed (a `View`, with the whole Step);
- ``show_progress(progress)``: the run's own clock moved, at most eight times a second;
- ``show_posts()``: a post was put in by hand.

They are called only while the page can be seen, and, for all that changed meanwhile, when it is
seen again. What must be read from the run's file is asked of ``run.archive`` in a worker
(``await run.archive.ask(lambda store: store.search_posts(words))``).

A page asks the app (``self.explorer``) for what it may change: ``start(experiment, wishes)`` and
``open(path)`` put a run in place of the one that is open (asking first while that one is under
way), ``action_show_page(name)``, ``action_scrub_to(t)``, ``inspect(post_or_response)``,
``notice = sentence`` for what the user must see, and, in a worker, ``await ask(sentence, yes=...,
no=...)``. What it wants to remember is a field of `lwd_tui.tui.state.memory.State`.

A page whose panels become tabs on a small terminal is a
`lwd_tui.tui.pages.panelled.PanelledPage`; lists of any length are
`lwd_tui.tui.parts.rows.Rows`.

A page's keys are its ``BINDINGS``; each has an id such as ``"inspect.search"``, so that users can
move it, and a description, which is also its command in the palette. ``GLOSSARY`` names the
numbers that ``?`` explains there (`lwd_tui.glossary`). Widgets
are given Steps or plain values, and post messages of their own; each stands alone in a small host
app in its tests (``tests/support/tui.py``). Text that others wrote is shown through `excerpt`,
`shorten` or `clean`, in a `Content` in a `Words`, never as markup; what is pasted goes through
`Editor`.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.timer import Timer

from lwd_tui.errors import LwdError
from lwd_tui.text import clean_line, suggestion
from lwd_tui.tui.parts.guide import Guide
from lwd_tui.tui.parts.key_bar import KeyBar
from lwd_tui.tui.parts.notice import Notice
from lwd_tui.tui.parts.scrubber import Scrubber
from lwd_tui.tui.parts.status import StatusLine
from lwd_tui.tui.parts.tabs import TabLine
from lwd_tui.tui.parts.window import KeptScreen
from lwd_tui.tui.state.progress import Progress
from lwd_tui.tui.state.view import View
from lwd_tui.tui.teaching import Teaching

if TYPE_CHECKING:
    from lwd_tui.tui.state.controller import RunController

T = TypeVar("T")
_GLANCE = 1.0
"""Seconds between two paintings of a page that stands behind a dialog."""


class Page(KeptScreen[None]):
    """A screen of the explorer; see the module for how one is written.

    Attributes
    ----------
    GLOSSARY : tuple of str
        Terms of `lwd_tui.glossary` that the help of this page explains.
    FOLLOWS : bool
        Whether the page shows the viewed step, and so has a scrubber.
    """

    GLOSSARY: ClassVar[tuple[str, ...]] = ()
    FOLLOWS: ClassVar[bool] = True
    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self._shown_run: RunController | None = None
        self._shown_query = 0
        self._shown_view: View | None = None
        self._shown_groups = ""
        self._shown_posts = -1
        self._shown_progress: Progress | None = None
        self._glance: Timer | None = None

    @property
    def explorer(self) -> Teaching:
        """The app, by its own type."""
        return cast(Teaching, self.app)

    @property
    def run(self) -> RunController | None:
        """The run that is open."""
        return self.explorer.controller

    @property
    def view(self) -> View:
        """What is viewed."""
        return self.explorer.view

    async def asked(self, question: Awaitable[T]) -> T | None:
        """Return what a question comes to; None if something goes wrong, which is told then."""
        try:
            return await question
        except LwdError as error:
            self.explorer.notice = str(error)
            return None

    def compose(self) -> ComposeResult:
        """Put the page's own widgets into the frame that all pages share."""
        yield StatusLine()
        yield TabLine(self.explorer.tabs, self.name or "", numbered=True, id="pages")
        yield Notice()
        with Vertical(id="body"):
            yield from self.compose_page()
        if self.FOLLOWS:
            yield Scrubber()
        yield Guide()
        yield KeyBar()

    def compose_page(self) -> ComposeResult:
        """Yield the page's own widgets."""
        yield from ()

    def show_run(self, run: RunController | None) -> None:
        """Show another run, or that there is none."""

    def show_view(self, view: View) -> None:
        """Show another step."""

    def show_progress(self, progress: Progress) -> None:
        """Show where the run is."""

    def show_posts(self) -> None:
        """Show posts that no step brought: put in by hand, or those of a stored run."""

    def on_mount(self) -> None:
        """Watch what the app knows."""
        for name in ("controller", "view", "progress", "notice", "posts", "told"):
            self.watch(self.app, name, self.catch_up, init=False)
        self._complain_of_keys()

    def _complain_of_keys(self) -> None:
        """Say which of the user's keys are for an action that this page doesn't have."""
        bindings = (binding for part in (self, *self.query("*")) for _, binding in part._bindings)
        known = dict.fromkeys(binding.id for binding in bindings if binding.id)
        mine = [name for name in known if name.startswith(f"{self.name}.")]
        for name in self.explorer.keymap:
            if name.startswith(f"{self.name}.") and name not in known:
                sentence = f"keys.toml: no action is called {name!r}; {suggestion(name, mine)}"
                self.explorer.notice = clean_line(sentence)

    def on_screen_resume(self) -> None:
        """Show what changed while another page was seen."""
        if self.is_mounted:
            self.query_one("#pages", TabLine).mark(self.name or "")
        self.catch_up()

    def catch_up(self) -> None:
        """Show all that isn't shown yet, if the page can be seen; now and then under a dialog."""
        if not self.is_current or not self.is_mounted:
            return
        if self.is_active:
            self._show_all()
        elif self._glance is None:
            # Painting what shines through a dialog takes three times as long.
            self._glance = self.set_timer(_GLANCE, self._show_behind)

    def _show_behind(self) -> None:
        self._glance = None
        if self.is_current:
            self._show_all()

    def _show_all(self) -> None:
        explorer = self.explorer
        with self.app.batch_update():
            self.query_one(Notice).show(explorer.notice)
            query = explorer.controller.query if explorer.controller else 0
            if self._shown_run is not explorer.controller or self._shown_query != query:
                self._shown_run, self._shown_view = explorer.controller, None
                self._shown_query = query
                self.show_run(explorer.controller)
                # Which keys there are depends on the run.
                self.refresh_bindings()
            if self._shown_posts != explorer.posts:
                self._shown_posts = explorer.posts
                self.show_posts()
            groups = explorer.memory.groups
            if self._shown_view is not explorer.view or self._shown_groups != groups:
                self._shown_view, self._shown_groups = explorer.view, groups
                self.show_view(explorer.view)
            if self._shown_progress != explorer.progress:
                self._shown_progress = explorer.progress
                self.show_progress(explorer.progress)
            self._show_frame()

    def _show_frame(self) -> None:
        explorer = self.explorer
        run, progress, view = explorer.controller, explorer.progress, explorer.view
        self.query_one(Guide).show(explorer.told)
        self.query_one(StatusLine).show(run.experiment if run else None, progress)
        if self.FOLLOWS:
            self.query_one(Scrubber).show(progress, view)
