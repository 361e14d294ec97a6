"""The one reader of what OpenAI-compatible servers stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lwd_tui.backends.retry import Transient
from lwd_tui.backends.wire import WireReader, counted, joined, told_in

Hear = Callable[[int, str], None]


@dataclass(slots=True)
class Answer:
    """One choice of a response, as far as it has come."""

    pieces: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    finish_reason: str = ""
    completion_tokens: int | None = None

    @property
    def text(self) -> str:
        """What was said; halves of a letter that came in two parts are joined."""
        return joined(self.pieces)

    @property
    def thinking(self) -> str:
        """What was thought before it, where the server keeps that apart."""
        return joined(self.thoughts)


@dataclass(slots=True)
class Reader(WireReader):
    """Puts the answers of one request together from the lines of its stream.

    Parameters
    ----------
    count : int
        Answers that were asked for.
    hear : callable
        Called with (answer, new text).
    counts_each : bool
        Whether a count of new tokens is of the answer that ended last, and not of all together.

    Attributes
    ----------
    answers : list of Answer
    prompt_tokens : int or None
        As the server counted them; None where it didn't.
    new_tokens : int or None
        Of all answers together, where they are counted so.
    fingerprint : str
        What the server says of itself.
    done : bool
        Whether it said that nothing more comes.
    heard : int
        Pieces of text and of thinking that have come, of all answers.
    """

    count: int
    hear: Hear
    counts_each: bool = False
    answers: list[Answer] = field(init=False)
    prompt_tokens: int | None = None
    new_tokens: int | None = None
    fingerprint: str = ""
    done: bool = False
    heard: int = 0
    _ended: int = 0
    _refused: set[int] = field(default_factory=set)
    _errs: bool = False
    _whole: str = ""

    def __post_init__(self) -> None:
        self.answers = [Answer() for _ in range(self.count)]

    def take(self, line: str) -> None:
        """Take a line of the stream.

        Raises
        ------
        Transient
            If it can't be understood, or tells an error.
        """
        text = line.strip().removeprefix("\ufeff")
        if text.startswith("event:"):
            self._errs = "error" in text
        if text.startswith("data:"):
            text = text.removeprefix("data:").strip()
        elif self._whole or text.startswith("{"):
            # No stream, but an answer or an error in one piece, perhaps on many lines.
            text = self._whole = f"{self._whole}\n{text}"
            if not _is_json(text):
                return
            self._whole = ""
        else:
            return  # A comment, the name of an event, or the blank between two.
        if not text:
            return
        if text == "[DONE]":
            self.done = True
            return
        part = self.parsed(text)
        if part is None:
            return
        if self._errs or "error" in (part.get("object"), part.get("type")):
            raise Transient(f"an error inside the stream: {told_in(part)}")
        if isinstance(part.get("system_fingerprint"), str):
            self.fingerprint = part["system_fingerprint"]
        for choice in self.items(part.get("choices"), "choices"):
            self._choice(self.mapping(choice, "a choice"))
        self._usage(part.get("usage"))

    def finish(self) -> None:
        """Settle what the end of the stream means for answers that gave no reason for theirs.

        Raises
        ------
        Transient
            If the stream broke off.
        """
        if self._whole:
            self.parsed(self._whole.strip())
        for answer in self.answers:
            whole = answer.finish_reason or (self.done and any(answer.pieces))
            if not whole:
                raise Transient("the stream ended before the answer did")
            answer.finish_reason = answer.finish_reason or "stop"

    @property
    def begun(self) -> bool:
        """Whether any answer has begun, or ended."""
        return any(answer.pieces or answer.thoughts for answer in self.answers)

    @property
    def ended(self) -> bool:
        """Whether each answer has given a reason for its end."""
        return all(answer.finish_reason for answer in self.answers)

    @property
    def partly_ended(self) -> bool:
        """Whether some answers gave a reason for their end and others, that have text, none."""
        silent = [answer for answer in self.answers if not answer.finish_reason]
        return 0 < len(silent) < self.count and all(any(answer.pieces) for answer in silent)

    def _choice(self, choice: dict[str, Any]) -> None:
        index = choice.get("index")
        if index is None:
            index = 0
        elif isinstance(index, str) and index.isdecimal() and len(index) < 10:
            index = int(index)
        if not isinstance(index, int) or isinstance(index, bool):
            raise self.fault("an index that is no number", index)
        if not 0 <= index < self.count:
            raise Transient("it sent more answers than were asked for")
        answer = self.answers[index]
        said = self.mapping(choice.get("delta") or choice.get("message") or {}, "a delta")
        thoughts: list[str] = []
        text = self.content(choice.get("text"), thoughts)
        text += self.content(said.get("content"), thoughts)
        self.thought(said, thoughts)
        if said.get("refusal"):
            self._refused.add(index)
        answer.pieces.append(text)
        answer.thoughts += thoughts
        self.heard += bool(text or any(thoughts))
        if text:
            self.hear(index, text)
        reason = self.reason(choice.get("finish_reason"))
        if reason:
            refused = index in self._refused and not any(answer.pieces)
            answer.finish_reason, self._ended = "refusal" if refused else reason, index

    def _usage(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        # A count of 0 stands for none.
        self.prompt_tokens = counted(usage.get("prompt_tokens")) or self.prompt_tokens
        new = counted(usage.get("completion_tokens"))
        if self.count == 1 or self.counts_each:
            answer = self.answers[self._ended]
            answer.completion_tokens = new or answer.completion_tokens
        else:
            self.new_tokens = new or self.new_tokens


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
