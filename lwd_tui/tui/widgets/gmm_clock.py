"""The mixtures' own clock in one line: a track of T + 1 steps, and the same in words."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message

from lwd_tui.text import shorten
from lwd_tui.tui.widgets.words import Words

_DONE, _LEFT, _KNOB = "━", "─", "●"
_SHORTEST = 10


class GmmClock(Words):
    """Drag the knob to go anywhere; a click on the words ties the clock to that of the models."""

    DEFAULT_CSS = "GmmClock { height: 1; padding: 0 1; }"
    ALLOW_SELECT = False

    class Moved(Message):
        """The knob was put at a step."""

        def __init__(self, t: int) -> None:
            super().__init__()
            self.t = t

    class LockAsked(Message):
        """The words were clicked."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = (0, 0, 1, "", False)
        self._track = (0, 0)

    def show(self, t: int, reached: int, steps: int, state: str, *, locked: bool) -> None:
        """Show the clock.

        Parameters
        ----------
        t, reached, steps : int
            The step that is shown, the last one that was computed, and T.
        state : str
            In words.
        locked : bool
            Whether it follows the clock of the language models.
        """
        if (shown := (t, reached, steps, state, locked)) != self._shown:
            self._shown = shown
            self._draw()

    def on_resize(self) -> None:
        """Fit the track to its new width."""
        self._draw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the knob where the pointer is, and let it be dragged; or tie the clock."""
        start, width = self._track
        if event.x - 1 < start + width + 2:
            self.capture_mouse()
            self._point(event.x)
        else:
            self.post_message(self.LockAsked())

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the knob."""
        if self.app.mouse_captured is self:
            self._point(event.x)

    def on_mouse_up(self, _: events.MouseUp) -> None:
        """Let the knob go."""
        self.release_mouse()

    def _point(self, x: int) -> None:
        start, width = self._track
        steps = self._shown[2]
        share = (x - 1 - start) / max(width - 1, 1)
        self.post_message(self.Moved(min(max(round(share * steps), 0), steps)))

    def _draw(self) -> None:
        t, reached, steps, state, locked = self._shown
        room = self.content_size.width
        words = shorten(f"GMM t {t} / {steps} · {state}", max(room, 1))
        width = room - len(words) - 6
        style = "$foreground" if locked else "bold $accent"
        if width < _SHORTEST:
            self._track = (0, 0)
            self.put(Content.styled(words, style))
            return
        knob = round(t / max(steps, 1) * (width - 1))
        filled = round(reached / max(steps, 1) * (width - 1)) + 1
        self._track = (2, width)
        self.put(
            Content.assemble(
                ("◂ ", "$quiet"),
                (_DONE * knob, "$primary"),
                (_KNOB, f"bold {'$primary' if locked else '$accent'}"),
                (_DONE * (filled - knob - 1), "$primary"),
                (_LEFT * (width - max(filled, knob + 1)), "$line"),
                (" ▸  ", "$quiet"),
                (words, style),
            )
        )
