"""The run's own clock: where the run is now, as far as the screen tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal[
    "opening", "asking", "embedding", "waiting", "paused", "stopping", "stopped", "done", "failed"
]
"""Models are loaded; answers are made; they are embedded; the next step is held by the speed, or
by a pause; the run is being ended; nothing runs but more can; all steps are there; an error."""

BUSY: frozenset[Phase] = frozenset(
    {"opening", "asking", "embedding", "waiting", "paused", "stopping"}
)
"""Phases in which a session holds models and the run's file."""


@dataclass(frozen=True, slots=True)
class ParticipantProgress:
    """What one participant has done of the step in progress.

    Attributes
    ----------
    arrived, rejected : int
        Responses that stand, and answers that were asked for again.
    tokens : int
        New tokens of both.
    text : str
        The end of the text that streams in, or the last response; not cleaned.
    streaming : bool
        Whether `text` is still growing.
    """

    arrived: int = 0
    rejected: int = 0
    tokens: int = 0
    text: str = ""
    streaming: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the run is.

    Attributes
    ----------
    phase : Phase
    pausing : bool
        Whether the run is held after the step in progress.
    t : int or None
        The step in progress, or the last whole one; None before the first.
    done, steps : int
        Whole steps, of T + 1.
    participants : tuple of ParticipantProgress
        Of the step in progress; empty where none is.
    tokens_per_second : float or None
    seconds_left : float or None
        Estimated; None where there is nothing to go by.
    delay : float
        Seconds that are waited between two steps.
    queued : int
        Posts by hand that wait for the step in progress to end.
    """

    phase: Phase
    pausing: bool = False
    t: int | None = None
    done: int = 0
    steps: int = 0
    participants: tuple[ParticipantProgress, ...] = ()
    tokens_per_second: float | None = None
    seconds_left: float | None = None
    delay: float = 0.0
    queued: int = 0

    @property
    def busy(self) -> bool:
        """Whether a session is open."""
        return self.phase in BUSY
