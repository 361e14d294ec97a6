"""What became of all answers of a run, counted step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from lwd_tui.store.run import RunStore
from lwd_tui.types import Attempt, Response

MOST_EXAMPLES = 40
"""Unusable attempts that are kept, at most; all are counted."""


@dataclass(slots=True)
class Answers:
    """Of one participant.

    Attributes
    ----------
    total, failed : int
        Responses, and those among them without a usable attempt.
    again : int
        Attempts that were asked for after an unusable one.
    retries : int
        Faults of a server before an answer came.
    longest_prompt, tokens : int or None
        Tokens of the longest prompt, and of all answers; None where the backend doesn't say.
    """

    total: int = 0
    failed: int = 0
    again: int = 0
    retries: int = 0
    longest_prompt: int | None = None
    tokens: int | None = None

    def count(self, response: Response) -> None:
        """Count a response with its attempts."""
        self.total += 1
        self.failed += response.failed
        self.again += len(response.attempts) - 1
        for attempt in response.attempts:
            self.retries += len(attempt.retries)
            if attempt.prompt_tokens is not None:
                self.longest_prompt = max(self.longest_prompt or 0, attempt.prompt_tokens)
            if attempt.completion_tokens is not None:
                self.tokens = (self.tokens or 0) + attempt.completion_tokens


class Unusable(NamedTuple):
    """An attempt that could not be used; `number` is its place among those of the response."""

    response: Response
    number: int
    attempt: Attempt


@dataclass(slots=True)
class Tally:
    """Of all participants.

    Attributes
    ----------
    answers : list of Answers
        One a participant.
    problems, faults : Counter of str
        How often each was met: with an answer, and with a server before an answer came.
    examples : list of Unusable
        The first ones.
    truncated : int
        Texts that the embedder cut.
    """

    answers: list[Answers]
    problems: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[Unusable] = field(default_factory=list)
    truncated: int = 0

    @property
    def unusable(self) -> int:
        """How many attempts could not be used."""
        return self.problems.total()

    def count(self, responses: Iterable[Response]) -> None:
        """Count the responses of a step."""
        for response in responses:
            self.answers[response.participant].count(response)
            for number, attempt in enumerate(response.attempts):
                self.faults.update(attempt.retries)
                if attempt.problem:
                    self.problems[attempt.problem] += 1
                    if len(self.examples) < MOST_EXAMPLES:
                        self.examples.append(Unusable(response, number, attempt))


def tally(store: RunStore) -> Tally:
    """Count all that is stored of a run's answers to all queries, one step in memory at a time.

    The answers to a step that isn't whole are counted too.
    """
    counted = Tally([Answers() for _ in store.experiment.cast])
    done = store.finished()
    for t in range(done):
        counted.count(store.arrived(t))
        counted.truncated += store.step(t).truncated
    counted.count(store.arrived(done))
    return counted
