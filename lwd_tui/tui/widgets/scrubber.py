"""The scrubber over t: which step is viewed, and how far the run is."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message

from lwd_tui.tui.progress import Progress
from lwd_tui.tui.view import View
from lwd_tui.tui.widgets.words import Words

_DONE, _LEFT, _KNOB = "━", "─", "●"


class Scrubber(Words):
    """One line: a track of T + 1 steps with a knob at the viewed one, and the same in words."""

    DEFAULT_CSS = "Scrubber { height: 1; padding: 0 1; }"
    ALLOW_SELECT = False

    class Moved(Message):
        """The knob was put at a step."""

        def __init__(self, t: int) -> None:
            super().__init__()
            self.t = t

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[int | None, bool, bool, int, int, bool] | None = None
        self._track = (0, 1)

    def show(self, progress: Progress, view: View) -> None:
        """Show the viewed step and the steps that are whole."""
        shown = (
            view.t, view.following, view.playing, progress.done, progress.steps, progress.busy
        )  # fmt: skip
        if shown != self._shown:
            self._shown = shown
            self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Fit the track to its new width."""
        self._draw()

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

    def _point(self, x: int) -> None:
        if self._shown is None:
            return
        start, width = self._track
        done, steps = self._shown[3:5]
        if done:
            share = (x - 1 - start) / max(width - 1, 1)
            self.post_message(self.Moved(min(max(round(share * (steps - 1)), 0), done - 1)))

    def _draw(self) -> None:
        if self._shown is None:
            return
        t, following, playing, done, steps, busy = self._shown
        if t is None:
            self.put(Content.styled("no step is whole yet" if busy else "", "$quiet"))
            return
        if playing:
            words = f"playing back t {t}"
        elif following:
            words = f"viewing t {t} (live)" if busy else f"viewing t {t} (the last)"
        else:
            words = f"viewing t {t}, the run is at t {done - 1}"
        width = self.content_size.width - len(words) - 6
        if width < 10:
            self.put(Content(words))
            return
        knob = round(t / max(steps - 1, 1) * (width - 1))
        filled = round(max(done - 1, 0) / max(steps - 1, 1) * (width - 1)) + 1
        track = [
            (_DONE * knob, "$primary"),
            (_KNOB, "bold $accent" if not following else "bold $primary"),
            (_DONE * (filled - knob - 1), "$primary"),
            (_LEFT * (width - max(filled, knob + 1)), "$line"),
        ]
        self._track = (2, width)
        style = "$foreground" if following else "bold $accent"
        self.put(Content.assemble(("◂ ", "$quiet"), *track, (" ▸  ", "$quiet"), (words, style)))
