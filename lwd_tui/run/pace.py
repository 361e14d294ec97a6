"""How fast a run goes, and how long it will still take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from lwd_tui.llm.network import Event, ResponseArrived, StepCompleted, StepStarted

_STEPS_REMEMBERED = 5


class Pace:
    """Tokens a second, and the time that is left; time between steps doesn't count.

    Parameters
    ----------
    now : callable
        A clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began: float | None = None
        self._tokens = 0
        self._last_rate: float | None = None
        self._recent: deque[tuple[int, float]] = deque(maxlen=_STEPS_REMEMBERED)

    def see(self, event: Event) -> None:
        """Count the tokens and steps of an event."""
        match event:
            case StepStarted():
                self._began, self._tokens = self._now(), 0
            case ResponseArrived(response):
                counts = (attempt.completion_tokens or 0 for attempt in response.attempts)
                self._tokens += sum(counts)
            case StepCompleted(step):
                self._last_rate = self.tokens_per_second
                self._began = None
                self._recent.append((step.k, step.seconds))

    @property
    def tokens_per_second(self) -> float | None:
        """New tokens over the time of the step in progress, or of the last one; None before."""
        if self._began is None or not self._tokens:
            return self._last_rate
        return self._tokens / max(self._now() - self._began, 1e-9)

    def seconds_left(self, steps: int, next_k: int, last_k: int) -> float | None:
        """Estimate the time that some more steps will take; None before the first step is done.

        A step's time grows with what is read: recent steps are taken to cost a constant and a
        share for each post, in equal parts.

        Parameters
        ----------
        steps : int
            That are left.
        next_k, last_k : int
            k_t of the first and the last of them.
        """
        if not self._recent:
            return None
        k = sum(size for size, _ in self._recent) / len(self._recent)
        seconds = sum(cost for _, cost in self._recent) / len(self._recent)
        growth = 0.5 + 0.5 * ((next_k + last_k) / 2 / k if k else 1)
        return steps * seconds * growth
