"""The one reader of what Ollama servers stream, by /api/chat and by /api/generate."""

from __future__ import annotations

from dataclasses import dataclass, field

from lwd_tui.backends.retry import Transient
from lwd_tui.backends.wire import WireReader, counted, joined

_REPEATED = 20
"""Equal tokens in a row after which a stream that just stops was stopped for them.

Ollama does so after 31, some of which it may hold back, and sends no last line. A request with the
same seed would end the same way each time.
"""


@dataclass(slots=True)
class Reader(WireReader):
    """Puts an answer together from the lines of its stream.

    Attributes
    ----------
    finish_reason : str
        "" until it has ended.
    prompt_tokens, completion_tokens : int or None
        As the server counted them; None where it didn't.
    """

    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    _pieces: list[str] = field(default_factory=list)
    _thoughts: list[str] = field(default_factory=list)
    _token: str = ""
    _repeats: int = 0

    @property
    def text(self) -> str:
        """What was said."""
        return joined(self._pieces)

    @property
    def thinking(self) -> str:
        """What was thought before it."""
        return joined(self._thoughts)

    def take(self, line: str) -> str:
        """Take a line of the stream; return what it adds to the text.

        Raises
        ------
        Transient
            If it can't be understood, or tells an error.
        """
        part = self.parsed(line) if line.strip() else None
        if part is None:
            return ""
        said = self.mapping(part.get("message") or {}, "a message")
        thoughts: list[str] = []
        text = self.content(part.get("response"), thoughts)
        text += self.content(said.get("content"), thoughts)
        for source in (part, said):
            self.thought(source, thoughts)
        self._pieces.append(text)
        self._thoughts += thoughts
        before, self._token = self._token, ("".join(thoughts) + text).strip()
        self._repeats = self._repeats + 1 if self._token == before else 1
        self.prompt_tokens = counted(part.get("prompt_eval_count")) or self.prompt_tokens
        self.completion_tokens = counted(part.get("eval_count")) or self.completion_tokens
        if part.get("done"):
            # Servers from before 0.1.45 give no reason.
            self.finish_reason = self.reason(part.get("done_reason")) or "stop"
        return text

    def finish(self) -> None:
        """Settle that the stream has ended; raise Transient if the answer hasn't."""
        if not self.finish_reason and self._repeats >= _REPEATED:
            self.finish_reason = "repetition"
        if not self.finish_reason:
            raise Transient("the stream ended before the answer did")
