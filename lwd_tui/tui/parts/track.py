"""A line with a knob on a track of steps, and words behind it.

Our own, because Textual has no slider, and its `ProgressBar` can't be dragged.
"""

from __future__ import annotations

from textual import events
from textual.content import Content

from lwd_tui.tui.parts.words import Words

_DONE, _LEFT, _KNOB = "━", "─", "●"
_SHORTEST = 10


class Track(Words):
    """The base of the lines over t: subclasses draw themselves by `lay`, and hear `put_knob`."""

    DEFAULT_CSS = "Track { height: 1; padding: 0 1; }"
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._steps = 0
        self._place = (0, 0)

    def draw(self) -> None:
        """Draw the line for the room there is."""

    def put_knob(self, t: int) -> None:
        """Take the step, from 0 to T, that the knob was put at."""

    def on_resize(self, _: events.Resize) -> None:
        """Fit the track to its new width."""
        self.draw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the knob where the pointer is, and let it be dragged."""
        self.capture_mouse()
        self._point(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the knob."""
        if self.app.mouse_captured is self:
            self._point(event.x)

    def on_mouse_up(self, _: events.MouseUp) -> None:
        """Let the knob go."""
        self.release_mouse()

    def behind(self, x: int) -> bool:
        """Whether a column of the widget is among the words."""
        start, width = self._place
        return x - 1 >= start + width + 2

    def _point(self, x: int) -> None:
        start, width = self._place
        share = (x - 1 - start) / max(width - 1, 1)
        self.put_knob(min(max(round(share * self._steps), 0), self._steps))

    def lay(self, t: int, reached: int, steps: int, words: str, *, apart: bool) -> None:
        """Lay out the line: the knob at t, and the steps, of T, up to the last one that is there.

        Where there is no room for a track, the words are alone. The knob is `apart` where it stands
        somewhere else than what it would follow.
        """
        self._steps = steps
        width = self.content_size.width - len(words) - 6
        style = "bold $accent" if apart else "$foreground"
        if width < _SHORTEST:
            self._place = (0, 0)
            self.put(Content.styled(words, style))
            return
        knob = round(t / max(steps, 1) * (width - 1))
        filled = round(reached / max(steps, 1) * (width - 1)) + 1
        self._place = (2, width)
        self.put(
            Content.assemble(
                ("◂ ", "$quiet"),
                (_DONE * knob, "$primary"),
                (_KNOB, f"bold {'$accent' if apart else '$primary'}"),
                (_DONE * (filled - knob - 1), "$primary"),
                (_LEFT * (width - max(filled, knob + 1)), "$line"),
                (" ▸  ", "$quiet"),
                (words, style),
            )
        )
