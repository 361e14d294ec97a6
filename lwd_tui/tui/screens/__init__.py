"""The screens of the explorer, one a file, each a `Page`.

To add a screen, write ``lwd_tui/tui/screens/NAME.py`` with a `lwd_tui.tui.screens.page.Page`, and
add one line to `PAGES`, in the order of the tabs. Nothing else knows of it: the tab, its digit
key, its command in the palette and its import on first use follow from that line.

A page is given what it shows and never asks for it:

- ``compose_page()`` yields its widgets into ``#body``, between the frame that all pages share
  (status line, tabs, notice; scrubber, key bar);
- ``show_run(run)``: another run is open (`lwd_tui.tui.run.RunController`), or none: None;
- ``show_view(view)``: another step is viewed (`lwd_tui.tui.view.View`, with the whole Step);
- ``show_progress(progress)``: the run's own clock moved, at most eight times a second;
- ``show_posts()``: a post was put in by hand.

They are called only while the page can be seen, and, for all that changed meanwhile, when it is
seen again. What must be read from the run's file is asked of ``run.archive`` in a worker
(``await run.archive.ask(lambda store: store.search_posts(words))``).

A page asks the app (``self.explorer``) for what it may change: ``start(experiment, wishes)`` and
``open(path)`` put a run in place of the one that is open (asking first while that one is under
way), ``action_show_page(name)``, ``action_scrub_to(t)``, ``inspect(post_or_response)``,
``notice = sentence`` for what the user must see, and, in a worker, ``await ask(sentence, yes=...,
no=...)``. What it wants to remember is a field of `lwd_tui.tui.state.State`.

A page whose panels become tabs on a small terminal is a
`lwd_tui.tui.screens.panelled.PanelledPage`; lists of any length are
`lwd_tui.tui.widgets.rows.Rows`.

A page's keys are its ``BINDINGS``; each has an id such as ``"inspect.search"``, so that users can
move it, and a description, which is also its command in the palette. ``GLOSSARY`` names the
numbers that ``?`` explains there (`lwd_tui.glossary`). Widgets live in ``lwd_tui/tui/widgets``,
are given Steps or plain values, and post messages of their own; each stands alone in a small host
app in its tests (``tests/support/tui.py``). Text that others wrote is shown through `excerpt`,
`shorten` or `clean`, in a `Content` in a `Words`, never as markup; what is pasted goes through
`Editor`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lwd_tui.tui.screens.page import Page


class PageEntry(NamedTuple):
    """A page that can be opened: its name, the words on its tab, and where its class is."""

    name: str
    title: str
    where: str

    def load(self) -> type[Page]:
        """Import the page."""
        module, _, name = self.where.partition(":")
        page: type[Page] = getattr(import_module(f"lwd_tui.tui.screens.{module}"), name)
        return page


PAGES: tuple[PageEntry, ...] = (
    PageEntry("setup", "Set up", "setup:SetupPage"),
    PageEntry("live", "Live", "live:LivePage"),
    PageEntry("inspect", "Inspect", "inspect:InspectPage"),
    PageEntry("statistics", "Statistics", "statistics:StatisticsPage"),
    PageEntry("gmm", "GMM", "gmm:GmmPage"),
    PageEntry("runs", "Runs", "runs:RunsPage"),
)  # fmt: skip
