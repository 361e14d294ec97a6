"""The first line: what is run, where the run is, and how fast it goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content

from lwd_tui.text import duration, shorten
from lwd_tui.tui.parts.words import Words
from lwd_tui.tui.state.progress import Phase, Progress

if TYPE_CHECKING:
    from lwd_tui.experiment.llm import Experiment

_WORDS: dict[Phase, tuple[str, str]] = {
    "opening": ("getting the models ready", "$warning"),
    "asking": ("running", "$success"),
    "embedding": ("running, embedding", "$success"),
    "waiting": ("running, waiting", "$success"),
    "paused": ("paused", "$warning"),
    "stopping": ("stopping", "$warning"),
    "stopped": ("stopped, can go on", "$warning"),
    "done": ("done", "$primary"),
    "failed": ("stopped by an error", "$error"),
}

_GAP = Content("   ")
SILENCE = 10.0
"""Seconds without a word from the models, after which that is said: a server may be lost."""
# What is left out first where the line is narrow has the highest rank.
_STATE, _NAME, _LAST, _DETAIL = range(4)


def phase_words(progress: Progress) -> tuple[str, str]:
    """Say a phase in words, with the style that goes with it."""
    words, style = _WORDS[progress.phase]
    return (f"{words}, pausing after this step", "$warning") if progress.pausing else (words, style)


class StatusLine(Words):
    """One line; what doesn't fit is left out, but never the state itself."""

    DEFAULT_CSS = "StatusLine { height: 1; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._experiment: Experiment | None = None
        self._progress: Progress | None = None
        self._heard = time.monotonic()

    def on_mount(self) -> None:
        """Look at the clock while nothing is heard."""
        self.set_interval(1, self._listen)

    def show(self, experiment: Experiment | None, progress: Progress) -> None:
        """Show a run's experiment, and where it is."""
        if experiment is self._experiment and progress == self._progress:
            return
        self._experiment, self._progress = experiment, progress
        self._heard = time.monotonic()
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Fit the line to its new width."""
        self._draw()

    def _listen(self) -> None:
        if self._silence >= SILENCE:
            self._draw()

    @property
    def _silence(self) -> float:
        """Seconds since an answer that is being waited for was heard to go on; 0 otherwise."""
        asking = self._progress is not None and self._progress.phase == "asking"
        return time.monotonic() - self._heard if asking else 0.0

    def _draw(self) -> None:
        progress = self._progress
        if progress is None:
            self.put(Content.styled("lwd-tui", "bold"))
            return
        parts: list[tuple[int, Content]] = [(_LAST, Content.styled("lwd-tui", "bold"))]
        if self._experiment is not None:
            parts.append((_NAME, Content(shorten(self._experiment.name, 24))))
        if progress.steps:
            t = 0 if progress.t is None else progress.t
            parts.append((_STATE, Content.styled(f"t {t} / {progress.steps - 1}", "bold")))
        if self._experiment is not None or progress.busy:
            parts.append((_STATE, Content.styled(*phase_words(progress))))
        silence = self._silence
        if silence >= SILENCE:
            words = f"nothing heard for {duration(silence)}"
            parts.append((_STATE, Content.styled(words, "$warning")))
        # What was estimated before the silence is not true any more.
        details = self._details(progress, estimates=silence < SILENCE)
        parts += [(_DETAIL + i, Content.styled(text, "$quiet")) for i, text in enumerate(details)]
        # What matters least goes first; the state never goes.
        while _width(parts) > self.content_size.width and max(rank for rank, _ in parts) > _STATE:
            parts.remove(max(parts, key=lambda part: part[0]))
        self.put(_GAP.join(part for _, part in parts))

    def _details(self, progress: Progress, *, estimates: bool) -> list[str]:
        details = []
        estimates = estimates and progress.busy
        if estimates and progress.seconds_left is not None:
            details.append(f"{duration(progress.seconds_left)} left")
        if estimates and progress.tokens_per_second is not None:
            digits = 0 if progress.tokens_per_second >= 10 else 1
            details.append(f"{progress.tokens_per_second:.{digits}f} tokens/s")
        if progress.delay:
            details.append(f"{progress.delay:g} s between steps")
        if self._experiment is not None:
            backends = dict.fromkeys(who.host or who.backend for who in self._experiment.cast)
            details.append(f"seed {self._experiment.seed}")
            details.append(shorten(", ".join(backends), 30))
        return details


def _width(parts: list[tuple[int, Content]]) -> int:
    return sum(part.cell_length for _, part in parts) + len(_GAP) * (len(parts) - 1)
