"""A line of tabs, for pages and panels: Textual's own take two, and longer to be painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message

from lwd_tui.tui.parts.words import Words


class TabLine(Words):
    """Titles in a line, by their names, the current one marked; a click chooses.

    Numbered titles bear the digits that are their keys.
    """

    DEFAULT_CSS = """
    TabLine { height: 1; padding: 0 1; color: $foreground; }
    TabLine.-numbered { background: $panel; }
    """
    ALLOW_SELECT = False

    @dataclass(eq=False)
    class Chosen(Message):
        """A tab was clicked."""

        tabs: TabLine
        tab: str

        @property
        def control(self) -> TabLine:
            """The line that was clicked."""
            return self.tabs

    def __init__(
        self,
        tabs: Sequence[tuple[str, str]],
        current: str,
        *,
        numbered: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id, classes="-numbered" if numbered else "")
        self._titles = {
            name: f" {position} {title} " if numbered else f" {title} "
            for position, (name, title) in enumerate(tabs, start=1)
        }
        self._mark = "bold reverse" if numbered else "bold underline $primary"
        self._current = current

    def on_mount(self) -> None:
        """Draw the tabs."""
        self.mark(self._current)

    def mark(self, current: str) -> None:
        """Mark another tab."""
        self._current = current
        self.put(
            Content(" ").join(
                Content.styled(words, self._mark if name == current else "$quiet")
                for name, words in self._titles.items()
            )
        )

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the pointer."""
        end = self.gutter.left - 1
        for name, words in self._titles.items():
            start, end = end + 1, end + 1 + len(words)
            if start <= event.x < end:
                self.post_message(self.Chosen(self, name))
