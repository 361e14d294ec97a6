"""What servers stream, read as data: whatever comes is checked, never trusted.

Parts that are null or absent are skipped wherever they stand. What can't be understood is a fault
that names its place in the stream; nothing that a server sends ends in an error of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from lwd_tui.backends.retry import Transient
from lwd_tui.text import clean_line, shorten

_SENT_LONGEST = 80
# No number of tokens is as large, and the store holds none above 2^63.
_NO_COUNT = 10**9
# A server may have its reasons to send a kilobyte a token, and to heed no limit on the tokens.
_TOKEN_BYTES = 2**12
_STREAM_BYTES = 2**22
_RESPONSE_BYTES = 2**28
# What is thought, by the names of a message's fields and of the parts of a content that hold it.
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
_THOUGHT = ("thinking", "reasoning", "reasoning_content", "summary")
_THOUGHT_PARTS = re.compile(r"think|thought|reason|summary")
# Words that say there is no reason yet, and those for a limit that was met.
_NO_REASONS = ("", "null", "none")
_LIMITS = ("length", "max_tokens", "max_output_tokens")


async def lines_of(chunks: AsyncIterator[bytes], tokens: int) -> AsyncGenerator[str, None]:
    """Yield the lines of a stream.

    Only line feeds part them: JSON may hold U+0085 and U+2028 as they are, at which httpx would
    cut an answer in two.

    Parameters
    ----------
    chunks : async iterator of bytes
    tokens : int
        Those that were asked for, by which it is told from a stream without end.

    Raises
    ------
    Transient
        If it is far longer than so many tokens can be.
    """
    most = _STREAM_BYTES + tokens * _TOKEN_BYTES
    rest, came = bytearray(), 0
    async for chunk in chunks:
        came += len(chunk)
        if came > most:
            raise Transient(f"more than {most / 2**20:.0f} MiB came for {tokens} tokens")
        rest += chunk
        if b"\n" not in chunk:
            continue
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


def bounded(kind: type[Any], fault: type[Exception]) -> Callable[[Any], Awaitable[None]]:
    """Return a hook for responses, by which none of them can fill the memory.

    Parameters
    ----------
    kind : type
        Of byte streams, as the library of the client has it.
    fault : type of exception
        Of that library: what is raised when there is more than any answer of a server has.
    """

    class Bounded(kind):  # type: ignore[misc]
        def __init__(self, sent: Any) -> None:
            self._sent = sent

        async def __aiter__(self) -> AsyncGenerator[bytes, None]:
            came = 0
            async for chunk in self._sent:
                came += len(chunk)
                if came > _RESPONSE_BYTES:
                    raise fault(f"more than {_RESPONSE_BYTES / 2**20:.0f} MiB came")
                yield chunk

        async def aclose(self) -> None:
            await self._sent.aclose()

    async def bound(response: Any) -> None:
        response.stream = Bounded(response.stream)

    return bound


@dataclass(slots=True)
class WireReader:
    """Reads the parts of one stream.

    Attributes
    ----------
    parts : int
        Those that have come.
    """

    parts: int = field(default=0, init=False)

    def parsed(self, text: str) -> dict[str, Any] | None:
        """Return the object that a part is; None for null.

        Raises
        ------
        Transient
            If it is none, or tells an error.
        """
        self.parts += 1
        try:
            part = json.loads(text)
        except (ValueError, RecursionError):
            page = text.startswith("<")
            raise self.fault("a web page" if page else "malformed JSON", text) from None
        if part is None:
            return None
        found = self.mapping(part, "a part")
        if found.get("error"):
            raise Transient(f"an error inside the stream: {told_in(found['error'])}")
        return found

    def content(self, content: Any, thoughts: list[str]) -> str:
        """Return the text of a content, which may be in parts; put what was thought aside."""
        if content is None or isinstance(content, str):
            return content or ""
        texts = []
        for part in self.items(content, "content"):
            if isinstance(part, str):
                texts.append(part)
                continue
            found = self.mapping(part, "a part of a content")
            for name in _THOUGHT:
                thoughts.append(self.content(found.get(name), thoughts))
            text = self.content(found.get("text"), thoughts)
            kind = found.get("type")
            aside = isinstance(kind, str) and _THOUGHT_PARTS.search(kind)
            (thoughts if aside else texts).append(text)
        return "".join(texts)

    def thought(self, said: dict[str, Any], thoughts: list[str]) -> None:
        """Put aside what a message says was thought; it may be said again under another name."""
        name = next((name for name in _THOUGHT_FIELDS if said.get(name)), None)
        if name:
            thoughts.append(self.content(said[name], thoughts))

    def reason(self, reason: Any) -> str:
        """Return the reason that is given for an end, in small letters; "" where there is none."""
        if reason is not None and not isinstance(reason, str):
            raise self.fault("a reason for the end that is no text", reason)
        word = (reason or "").strip().lower()
        return "" if word in _NO_REASONS else "length" if word in _LIMITS else word

    def items(self, value: Any, what: str) -> list[Any]:
        """Return what a list holds, without nulls."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fault(f"{what} that is no list", value)
        return [item for item in value if item is not None]

    def mapping(self, value: Any, what: str) -> dict[str, Any]:
        """Return an object."""
        if not isinstance(value, dict):
            raise self.fault(f"{what} that is no object", value)
        return value

    def fault(self, what: str, sent: Any) -> Transient:
        """Return the fault of a part that can't be understood."""
        shown = shorten(clean_line(str(sent)), _SENT_LONGEST)
        return Transient(f"part {self.parts} of the stream holds {what}: {shown}")


def counted(value: Any) -> int | None:
    """Return a count; None for what is none, and for 0, by which servers say that there is none."""
    known = isinstance(value, int) and not isinstance(value, bool) and 0 < value < _NO_COUNT
    return value if known else None


def written(digits: str) -> int | None:
    """Return the count that a server's words have; None for one that is none, however long."""
    return counted(int(digits)) if len(digits) < 10 else None


def joined(pieces: list[str]) -> str:
    """Return the pieces as one text; halves of a letter that came in two of them are joined."""
    # One that stands alone stays as it is.
    text = "".join(pieces)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def told_in(error: Any) -> str:
    """Return what an error says, short."""
    told = error.get("message") if isinstance(error, dict) else error
    return shorten(clean_line(str(told or error)), 300)
