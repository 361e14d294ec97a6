"""The app's part that shows a page, imported when it is first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from textual import on
from textual.reactive import var
from textual.screen import Screen

from lwd_tui.tui.parts.tabs import TabLine
from lwd_tui.tui.running import spare_the_collector
from lwd_tui.tui.travelling import Travelling

if TYPE_CHECKING:
    from lwd_tui.types import Post, Response


class PageEntry(NamedTuple):
    """A page that can be opened: its name, the words on its tab, and where its class is."""

    name: str
    title: str
    where: str

    def load(self) -> type[Screen[None]]:
        """Import the page."""
        module, _, name = self.where.partition(":")
        page: type[Screen[None]] = getattr(import_module(f"lwd_tui.tui.pages.{module}"), name)
        return page


class Paging(Travelling):
    """Shows pages.

    Attributes
    ----------
    pages : dict of str to PageEntry
        By their names, in the order of the tabs.
    subject : Post, Response or None
        What the user asked to look at closely; None for the viewed step as a whole.
    keymap : dict of str to str
        The user's own keys, by the ids of actions.
    """

    subject: var[Post | Response | None] = var(None, init=False)

    def __init__(self, pages: Iterable[PageEntry]) -> None:
        super().__init__()
        self.pages = {entry.name: entry for entry in pages}
        self.keymap: dict[str, str] = {}
        self._page_is_whole = False

    @property
    def tabs(self) -> list[tuple[str, str]]:
        """Names and titles of the pages."""
        return [(entry.name, entry.title) for entry in self.pages.values()]

    async def action_show_page(self, name: str) -> None:
        """Show a page, importing it on first use."""
        async with self._turning:
            if name not in self._modes:
                # The first opening takes a while; the page that is left marks its own tab again.
                for tabs in self.screen.query("#pages").results(TabLine):
                    tabs.mark(name)
                page = await asyncio.to_thread(self.pages[name].load)
                self.add_mode(name, partial(page, name))
                spare_the_collector()
            self.memory.page = name
            self._page_is_whole = name in self._screen_stacks
            await self.switch_mode(name)

    def delay_update(self, delay: float = 0.05) -> None:
        """Paint a page at once that was seen before: there is nothing of it to wait for."""
        super().delay_update(0.001 if self._page_is_whole else delay)

    @on(TabLine.Chosen, "#pages")
    async def _choose_tab(self, event: TabLine.Chosen) -> None:
        await self.action_show_page(event.tab)

    async def inspect(self, subject: Post | Response | None) -> None:
        """Look closely at a post, a response, or the viewed step as a whole."""
        self.subject = subject
        await self.action_show_page("inspect")
