"""The first frame: the frame of a page, empty, painted before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen

from lwd_tui.tui.parts.key_bar import KeyBar
from lwd_tui.tui.parts.tabs import TabLine
from lwd_tui.tui.parts.words import Words


class Opening(Screen[None]):
    """Stands until the first page is there.

    Parameters
    ----------
    tabs : sequence of (str, str)
        Names and titles of the pages.
    page : str
        The page that is about to open.
    """

    def __init__(self, tabs: Sequence[tuple[str, str]], page: str) -> None:
        super().__init__()
        self._tabs = tabs
        self._page = page

    def compose(self) -> ComposeResult:
        """Yield what stays when the page takes its place."""
        yield Words(Content("lwd-tui"), classes="status")
        yield TabLine(self._tabs, self._page, numbered=True, id="pages")
        yield KeyBar()
