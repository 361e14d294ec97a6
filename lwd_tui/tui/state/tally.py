"""What has arrived of the step in progress, participant by participant."""

from __future__ import annotations

from dataclasses import dataclass, field

from lwd_tui.llm.network import (
    AttemptRejected,
    Embedding,
    Event,
    ResponseArrived,
    StepCompleted,
    StepStarted,
)
from lwd_tui.llm.reasoning import holds_reasoning, split_reasoning
from lwd_tui.tui.state.progress import ParticipantProgress, Phase

TEXT_KEPT = 400
"""Characters of a text that are kept for the screen; the store keeps all."""


@dataclass(slots=True)
class _Count:
    arrived: int = 0
    rejected: int = 0
    tokens: int = 0
    last: str = ""
    streams: dict[int, str] = field(default_factory=dict)


class Tally:
    """Counts the responses of n participants, and keeps the ends of those that stream in."""

    def __init__(self, n: int) -> None:
        self._counts = [_Count() for _ in range(n)]
        self.where: tuple[Phase, int | None] = ("opening", None)

    def clear(self) -> None:
        """Forget the step in progress."""
        self._counts = [_Count() for _ in self._counts]

    def see(self, event: Event) -> None:
        """Count an event."""
        match event:
            case StepStarted(t):
                self.clear()
                self.where = "asking", t
            case AttemptRejected(_, participant, index, attempt, query):
                count = self._counts[participant]
                count.rejected += 1
                count.tokens += attempt.completion_tokens or 0
                if query == 1:
                    count.streams.pop(index, None)
            case ResponseArrived(response):
                count = self._counts[response.participant]
                count.arrived += 1
                count.tokens += response.final.completion_tokens or 0
                count.last = response.text[-TEXT_KEPT:]
                if response.query == 1:
                    count.streams.pop(response.index, None)
            case Embedding(t):
                self.where = "embedding", t
            case StepCompleted():
                pass

    def preview(self, participant: int, response: int, text: str) -> None:
        """Add new text to a response that streams in."""
        streams = self._counts[participant].streams
        streams[response] = streams.get(response, "") + text

    @property
    def participants(self) -> tuple[ParticipantProgress, ...]:
        """What each participant has done; of several streams the first one is shown."""
        return tuple(
            ParticipantProgress(
                count.arrived,
                count.rejected,
                count.tokens,
                _said(next(iter(count.streams.values()))) if count.streams else count.last,
                bool(count.streams),
            )
            for count in self._counts
        )


def _said(text: str) -> str:
    """Return the end of what is said so far; what is thought before it is no answer."""
    if holds_reasoning(text):
        text = split_reasoning(text)[0] or "(thinking)"
    return text[-TEXT_KEPT:]
