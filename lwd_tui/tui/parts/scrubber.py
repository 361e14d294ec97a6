"""The scrubber over t: which step is viewed, and how far the run is."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from lwd_tui.tui.parts.track import Track
from lwd_tui.tui.state.progress import Progress
from lwd_tui.tui.state.view import View


class Scrubber(Track):
    """One line: a track of T + 1 steps with a knob at the viewed one, and the same in words."""

    @dataclass(eq=False)
    class Moved(Message):
        """The knob was put at a step."""

        t: int

    def __init__(self) -> None:
        super().__init__()
        self._progress: Progress | None = None
        self._view = View()

    def show(self, progress: Progress, view: View) -> None:
        """Show the viewed step and the steps that are whole."""
        if progress != self._progress or view is not self._view:
            self._progress, self._view = progress, view
            self.draw()

    def put_knob(self, t: int) -> None:
        """Ask for a step, or for the last one that is whole."""
        if self._progress is not None and self._progress.done:
            self.post_message(self.Moved(min(t, self._progress.done - 1)))

    def draw(self) -> None:
        """Draw the line for the room there is."""
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
        self.lay(t, progress.done - 1, progress.steps - 1, words, apart=not view.following)
