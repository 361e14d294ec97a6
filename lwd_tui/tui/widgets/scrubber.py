"""The scrubber over t: which step is viewed, and how far the run is."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message

from lwd_tui.tui.progress import Progress
from lwd_tui.tui.view import View
from lwd_tui.tui.widgets.words import Words

_DONE, _LEFT, _KNOB = "━", "─", "●"
_SHORTEST = 10


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
        self._progress: Progress | None = None
        self._view = View()
        self._track = (0, 1)

    def show(self, progress: Progress, view: View) -> None:
        """Show the viewed step and the steps that are whole."""
        if progress != self._progress or view is not self._view:
            self._progress, self._view = progress, view
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
        progress = self._progress
        if progress is not None and progress.done:
            start, width = self._track
            share = (x - 1 - start) / max(width - 1, 1)
            t = round(share * (progress.steps - 1))
            self.post_message(self.Moved(min(max(t, 0), progress.done - 1)))

    def _draw(self) -> None:
        progress, view, t = self._progress, self._view, self._view.t
        if progress is None:
            return
        if t is None:
            words = "no step is whole yet" if progress.busy else ""
            self.put(Content.styled(words, "$quiet"))
            return
        if view.playing:
            words = f"playing back t {t}"
        elif view.following:
            words = f"viewing t {t} (live)" if progress.busy else f"viewing t {t} (the last)"
        else:
            where = "the run is at" if progress.busy else "the last is"
            words = f"viewing t {t}, {where} t {progress.t}"
        width = self.content_size.width - len(words) - 6
        if width < _SHORTEST:
            self.put(Content(words))
            return
        last = max(progress.steps - 1, 1)
        knob = round(t / last * (width - 1))
        filled = round((progress.done - 1) / last * (width - 1)) + 1
        here = "$primary" if view.following else "$accent"
        self._track = (2, width)
        self.put(
            Content.assemble(
                ("◂ ", "$quiet"),
                (_DONE * knob, "$primary"),
                (_KNOB, f"bold {here}"),
                (_DONE * (filled - knob - 1), "$primary"),
                (_LEFT * (width - max(filled, knob + 1)), "$line"),
                (" ▸  ", "$quiet"),
                (words, "$foreground" if view.following else "bold $accent"),
            )
        )
