"""The bases of our screens: each lays out what asks for it, and some are kept and seen again."""

from __future__ import annotations

from textual import events, messages, on
from textual.screen import Screen, ScreenResultType


class LaidOut(Screen[ScreenResultType]):
    """A screen in which a widget's size is never that of an older content.

    Textual files sizes under a count of the wishes for a layout, and counts a wish only if no
    earlier one is waiting to be told. A layout for another reason, such as the first one of a page,
    may come before that; the next content would then be given the size of the one before.
    """

    async def _on_layout(self, message: messages.Layout) -> None:
        """Make the sizes that are filed for the widget unfit, before Textual lays it out."""
        message.widget._layout_updates += 1


class KeptScreen(LaidOut[ScreenResultType]):
    """A screen whose styles are looked up again only after the theme has changed.

    Textual matches the whole screen with the style sheet each time that it is seen again, which
    takes as long as to paint it.
    """

    _styled_for = ""

    @on(events.ScreenResume)
    def _spare(self, event: events.ScreenResume) -> None:
        event.refresh_styles = self._styled_for != self.app.theme
        self._styled_for = self.app.theme
