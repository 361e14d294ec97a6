"""One request for answers: sent, read to its end, and checked to be of the whole prompt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import openai

from lwd_tui.backends.openai.chunks import Answer, Hear, Reader
from lwd_tui.backends.openai.client import FAILURES
from lwd_tui.backends.openai.refusals import (
    context_named,
    has_no_chat,
    is_too_long,
    message_of,
    says_too_long,
    tokens_named,
)
from lwd_tui.backends.openai.server import Alone, OpenAIServer, ollama_refused
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.streams import watched
from lwd_tui.backends.truncation import check_room, check_words, too_long
from lwd_tui.backends.wire import counted, lines_of
from lwd_tui.experiment.backend import GenerateRequest, NoChatFormat, PromptTooLong


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers of one request, which are whole.

    Attributes
    ----------
    answers : sequence of Answer
    prompt_tokens : int or None
    seconds : float
    notes : tuple of str
        What was left out of the request.
    """

    answers: Sequence[Answer]
    prompt_tokens: int | None
    seconds: float
    notes: tuple[str, ...]


class Asking:
    """Asks servers for answers.

    Parameters
    ----------
    first_seconds, idle_seconds : float
        Limits on the wait for the first token and between two; see `watched`.
    counted : callable
        Given a request and the tokens of its prompt by the server's count, gives those to go by.
    """

    def __init__(
        self,
        first_seconds: float,
        idle_seconds: float,
        counted: Callable[[GenerateRequest, int | None], int | None],
    ) -> None:
        self._limits = first_seconds, idle_seconds
        self._counted = counted

    async def ask(
        self, server: OpenAIServer, request: GenerateRequest, count: int, seed: int, hear: Hear
    ) -> Asked:
        """Get `count` answers by one request.

        Raises
        ------
        Alone
            If the server gives one answer a request only.
        Transient
        BackendError
        """
        began = time.perf_counter()
        reader = Reader(count, hear, server.dialect.name == "llama-server")
        notes = await self._read(server, request, count, seed, reader)
        if reader.partly_ended and reader.done:
            # A gateway tells the reason of the first answer only.
            server.ask_alone(request)
            raise Alone((*notes, "asked again for each answer alone: only one of several ended"))
        try:
            reader.finish()
        except Transient as error:
            raise _hidden(error, server) from None
        tokens = self._counted(request, reader.prompt_tokens)
        _check(server, request, reader, tokens)
        return Asked(reader.answers, tokens, time.perf_counter() - began, notes)

    async def try_out(
        self, server: OpenAIServer, request: GenerateRequest, count: int, seed: int
    ) -> tuple[str, ...]:
        """Ask as `ask` does, hang up at the first word, and return what was left out."""
        reader = Reader(count, lambda *_: None)
        return await self._read(server, request, count, seed, reader, first_only=True)

    async def _read(
        self,
        server: OpenAIServer,
        request: GenerateRequest,
        count: int,
        seed: int,
        reader: Reader,
        *,
        first_only: bool = False,
    ) -> tuple[str, ...]:
        def fault(error: Exception) -> Exception:
            return _fault(error, server, request)

        first_seconds = self._limits[0]
        try:
            async with asyncio.timeout(first_seconds):
                opened, notes = await server.open(request, count, seed)
        except TimeoutError:
            raise Transient(f"no answer within {first_seconds:g} s") from None
        except FAILURES as error:
            raise fault(error) from None
        tokens = count * request.new_tokens
        parts = lines_of(opened.iter_bytes(), tokens)
        async with aclosing(
            watched(parts, *self._limits, FAILURES, fault, tokens, lambda: reader.heard)
        ) as lines:
            try:
                async for line in lines:
                    reader.take(line)
                    if reader.fingerprint == "fp_ollama":
                        raise ollama_refused(server.url)
                    if reader.done or (first_only and reader.begun):
                        break
            except Transient as error:
                if reader.ended:
                    return notes  # All that was asked for has come.
                if says_too_long(error.fault):
                    raise _too_long(error.fault, server, request) from None
                raise _hidden(error, server) from None
            finally:
                await opened.close()
        return notes


def _check(
    server: OpenAIServer, request: GenerateRequest, reader: Reader, tokens: int | None
) -> None:
    """Raise PromptTooLong unless prompt and answers had room."""
    limit = server.limit(request)
    check_words(request, tokens, limit)
    known = server.context(request.model)
    left = known - tokens if known and tokens else None
    cut = [answer for answer in reader.answers if answer.finish_reason == "length"]
    if len(cut) == reader.count and reader.new_tokens is not None:
        # All of them together were counted; vLLM shortens them alike.
        left = left or -(-reader.new_tokens // reader.count)
    for answer in cut:
        made = answer.completion_tokens
        check_room(request, tokens, left if made is None else made, "length", limit)


def _fault(error: Exception, server: OpenAIServer, request: GenerateRequest) -> Exception:
    if isinstance(error, openai.APIStatusError) and is_too_long(error):
        return _too_long(message_of(error), server, request, error.body)
    told = server.client.explained(error, request.model)
    if request.prompt.style == "chat" and (
        isinstance(error, openai.APIStatusError) and has_no_chat(error)
    ):
        return NoChatFormat(f'{told}; set style = "completion" for a base model')
    return told


def _too_long(
    told: str, server: OpenAIServer, request: GenerateRequest, body: object = None
) -> PromptTooLong:
    """Say that a server refused a prompt, and what it needs as far as that is known."""
    given = body.get("n_prompt_tokens") if isinstance(body, dict) else None
    tokens = counted(given) or tokens_named(told)
    limit = server.limit(request, context_named(told))
    if tokens is None:
        return too_long(request, "the server refused the prompt", limit=limit)
    needed = tokens + request.new_tokens
    return too_long(request, f"the prompt has {tokens} tokens", needed, limit)


def _hidden(error: Transient, server: OpenAIServer) -> Transient:
    """Return a fault without the key, should the server have repeated it."""
    return Transient(server.client.key.hidden(error.fault), error.after)
