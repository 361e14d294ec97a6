"""The mixtures' own clock in one line: a track of T + 1 steps, and the same in words."""

from __future__ import annotations

from textual import events
from textual.message import Message

from lwd_tui.text import shorten
from lwd_tui.tui.parts.track import Track


class GmmClock(Track):
    """Drag the knob to go anywhere; a click on the words ties the clock to that of the models."""

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
            self.draw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Tie the clock by a click on the words."""
        if self.behind(event.x):
            event.prevent_default()
            self.post_message(self.LockAsked())

    def put_knob(self, t: int) -> None:
        """Ask for a step."""
        self.post_message(self.Moved(t))

    def draw(self) -> None:
        """Draw the line for the room there is."""
        t, reached, steps, state, locked = self._shown
        words = shorten(f"GMM t {t} / {steps} · {state}", max(self.content_size.width, 1))
        self.lay(t, reached, steps, words, apart=not locked)
