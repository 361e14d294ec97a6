"""The tabs of the pages: one line, for keys and the mouse."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static


class PageTabs(Static):
    """Names of the pages, the current one marked.

    Parameters
    ----------
    tabs : sequence of (str, str)
        Names and titles.
    current : str
    """

    DEFAULT_CSS = """
    PageTabs { height: 1; padding: 0 1; background: $panel; color: $foreground; }
    """
    ALLOW_SELECT = False

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, tabs: Sequence[tuple[str, str]], current: str) -> None:
        super().__init__(markup=False)
        self._tabs = tabs
        self._current = current
        self._spans: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Draw the tabs; they don't change."""
        parts: list[Content] = []
        x = 1
        for position, (name, title) in enumerate(self._tabs, start=1):
            word = f" {position} {title} "
            here = name == self._current
            parts.append(Content.styled(word, "bold reverse" if here else "$quiet"))
            self._spans.append((x, x + len(word), name))
            x += len(word) + 1
        self.update(Content(" ").join(parts))

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the pointer."""
        for start, end, name in self._spans:
            if start <= event.x < end:
                self.post_message(self.Chosen(name))
