"""The one reader of what OpenAI-compatible servers stream: whatever comes is data, never trusted.

Parts that are null or absent are skipped wherever they stand. What can't be understood is a fault
that names its place in the stream; nothing that a server sends ends in an error of ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lwd_tui.backends.retry import Transient
from lwd_tui.text import clean_line, shorten

Hear = Callable[[int, str], None]
_SENT_LONGEST = 80


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
        return _joined(self.pieces)

    @property
    def thinking(self) -> str:
        """What was thought before it, where the server keeps that apart."""
        return _joined(self.thoughts)


@dataclass(slots=True)
class Reader:
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
    """

    count: int
    hear: Hear
    counts_each: bool = False
    answers: list[Answer] = field(init=False)
    prompt_tokens: int | None = None
    new_tokens: int | None = None
    fingerprint: str = ""
    done: bool = False
    _parts: int = 0
    _ended: int = 0

    def __post_init__(self) -> None:
        self.answers = [Answer() for _ in range(self.count)]

    def take(self, line: str) -> None:
        """Take a line of the stream.

        Raises
        ------
        Transient
            If it can't be understood, or tells an error.
        """
        text = line.strip()
        if text.startswith("data:"):
            text = text.removeprefix("data:").strip()
        elif not text.startswith("{"):
            return  # A comment, the name of an event, or the blank between two.
        if not text:
            return
        if text == "[DONE]":
            self.done = True
            return
        self._parts += 1
        try:
            part = json.loads(text)
        except (ValueError, RecursionError):
            raise self._fault("malformed JSON", text) from None
        if part is None:
            return
        if not isinstance(part, dict):
            raise self._fault("no object", part)
        if part.get("error"):
            raise Transient(f"an error inside the stream: {_message(part['error'])}")
        if isinstance(part.get("system_fingerprint"), str):
            self.fingerprint = part["system_fingerprint"]
        for choice in self._list(part.get("choices"), "choices"):
            self._choice(self._object(choice, "a choice"))
        self._usage(part.get("usage"))

    def finish(self) -> None:
        """Settle what the end of the stream means for answers that gave no reason for theirs.

        Raises
        ------
        Transient
            If the stream broke off.
        """
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
    def partly_ended(self) -> bool:
        """Whether some answers gave a reason for their end and others, that have text, none."""
        silent = [answer for answer in self.answers if not answer.finish_reason]
        return 0 < len(silent) < self.count and all(any(answer.pieces) for answer in silent)

    def _choice(self, choice: dict[str, Any]) -> None:
        index = choice.get("index")
        if index is None:
            index = 0
        if not isinstance(index, int) or isinstance(index, bool):
            raise self._fault("an index that is no number", index)
        if not 0 <= index < self.count:
            raise Transient("it sent more answers than were asked for")
        answer = self.answers[index]
        said = self._object(choice.get("delta") or choice.get("message") or {}, "a delta")
        thoughts: list[str] = []
        text = self._content(choice.get("text"), thoughts)
        text += self._content(said.get("content"), thoughts)
        for name in ("reasoning_content", "reasoning", "thinking"):
            if said.get(name) is not None:
                thoughts.append(self._content(said[name], thoughts))
                break
        answer.pieces.append(text)
        answer.thoughts += thoughts
        if text:
            self.hear(index, text)
        reason = choice.get("finish_reason")
        if reason is not None and not isinstance(reason, str):
            raise self._fault("a reason for the end that is no text", reason)
        if reason:
            answer.finish_reason, self._ended = reason, index

    def _content(self, content: Any, thoughts: list[str]) -> str:
        """Return the text of a content, which may be in parts; put what was thought aside."""
        if content is None or isinstance(content, str):
            return content or ""
        texts = []
        for part in self._list(content, "content"):
            if isinstance(part, str):
                texts.append(part)
                continue
            found = self._object(part, "a part of a content")
            for name in ("thinking", "reasoning"):
                thoughts.append(self._content(found.get(name), thoughts))
            texts.append(self._content(found.get("text"), thoughts))
        return "".join(texts)

    def _usage(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        # A count of 0 stands for none.
        self.prompt_tokens = _count(usage.get("prompt_tokens")) or self.prompt_tokens
        new = _count(usage.get("completion_tokens"))
        if self.count == 1 or self.counts_each:
            answer = self.answers[self._ended]
            answer.completion_tokens = new or answer.completion_tokens
        else:
            self.new_tokens = new or self.new_tokens

    def _list(self, value: Any, what: str) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._fault(f"{what} that is no list", value)
        return [item for item in value if item is not None]

    def _object(self, value: Any, what: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._fault(f"{what} that is no object", value)
        return value

    def _fault(self, what: str, sent: Any) -> Transient:
        shown = shorten(clean_line(str(sent)), _SENT_LONGEST)
        return Transient(f"part {self._parts} of the stream holds {what}: {shown}")


def _count(value: Any) -> int | None:
    known = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if known else None


def _message(error: Any) -> str:
    told = error.get("message") if isinstance(error, dict) else error
    return shorten(clean_line(str(told or error)), 300)


def _joined(pieces: list[str]) -> str:
    text = "".join(pieces)
    # Halves that stand side by side now are one letter; one that stands alone stays as it is.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
