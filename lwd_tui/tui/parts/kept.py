"""The base of our screens that are kept and seen again."""

from __future__ import annotations

from textual import events, on
from textual.screen import Screen, ScreenResultType


class KeptScreen(Screen[ScreenResultType]):
    """A screen whose styles are looked up again only after the theme has changed.

    Textual matches the whole screen with the style sheet each time that it is seen again, which
    takes as long as to paint it.
    """

    _styled_for = ""

    @on(events.ScreenResume)
    def _spare(self, event: events.ScreenResume) -> None:
        event.refresh_styles = self._styled_for != self.app.theme
        self._styled_for = self.app.theme
