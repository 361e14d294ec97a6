"""The bases of our screens: those that are kept, and windows that stand over a darkened page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Generic, TypeVar

from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.color import Color
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen, Screen, ScreenResultType

from lwd_tui.tui.parts.compositor import SparingCompositor

T = TypeVar("T")
_TURNS = 3
"""Of the event loop, in which all widgets that changed together have said so."""


class KeptScreen(Screen[ScreenResultType]):
    """A screen whose styles are looked up again only after the theme has changed.

    Textual matches the whole screen with the style sheet each time that it is seen again, which
    takes as long as to paint it.
    """

    _styled_for = ""

    def __init__(
        self, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name, id, classes)
        self._compositor = SparingCompositor()

    async def on_idle(self) -> None:
        """Hear all that is to be painted before any of it is: the rest would wait two frames."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    @on(events.ScreenResume)
    def _spare(self, event: events.ScreenResume) -> None:
        event.refresh_styles = self._styled_for != self.app.theme
        self._styled_for = self.app.theme


class Window(ModalScreen[T], Generic[T]):
    """A modal screen whose page behind it is darkened style by style, not cell by cell."""

    DEFAULT_CSS = "Window { align: center middle; }"

    def render(self) -> RenderableType:
        """Render what is behind the window."""
        behind = super().render()
        if isinstance(behind, BackgroundScreen):
            return _Darkened(behind.screen, behind.color)
        return behind


class _Darkened(BackgroundScreen):
    """A page as Textual tints it, in half the time: a page has thousands of cells in few styles."""

    @classmethod
    def process_segments(cls, segments: Iterable[Segment], color: Color) -> Iterator[Segment]:
        """Yield segments in the colours that they have behind a window."""
        for text, style, control in segments:
            yield Segment(text, style if control else _darkened(style, color), control)


@lru_cache(maxsize=4096)
def _darkened(style: Style | None, tint: Color) -> Style:
    (segment,) = BackgroundScreen.process_segments([Segment("", style)], tint)
    return segment.style or Style.null()
