"""Generation and embedding by OpenAI-compatible servers: vLLM, SGLang, llama-server, cloud APIs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

import openai
from openai.types import Completion
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice
from openai.types.completion_choice import CompletionChoice

from lwd_tui.backends.hosts import openai_urls
from lwd_tui.backends.openai.embedder import OpenAIEmbedder
from lwd_tui.backends.openai.server import (
    FAILURES,
    KEY_VARIABLE,
    OPENAI,
    OpenAIServer,
    is_too_long,
    tokens_named,
)
from lwd_tui.backends.pool import Pool
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.scheduler import HostScheduler
from lwd_tui.backends.streams import as_finished, watched
from lwd_tui.backends.truncation import check_room, check_words, too_long
from lwd_tui.experiment.backend import (
    GenerateRequest,
    Generation,
    ModelMissing,
    Preview,
    UnfitRequest,
)
from lwd_tui.types import ModelInfo

__all__ = ["OpenAIEmbedder", "OpenAIGenerator"]

Chunk = ChatCompletionChunk | Completion


@dataclass(slots=True)
class _Answer:
    """One choice of a response, as far as it has come."""

    pieces: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0


class OpenAIGenerator:
    """Answers by the models of some OpenAI-compatible servers, which share the work.

    Several answers to one prompt are one request where the server is known to allow it (`n`), so
    that it reads the prompt once. Such a request has one seed; answer i has that seed plus i.

    Parameters
    ----------
    hosts : sequence of str
        Base URLs; none for OPENAI_BASE_URL, else OpenAI's own.
    key_variable : str
        The environment variable that holds the key; the key is never kept, shown or stored.
    first_seconds, idle_seconds : float
        Limits on the wait for the first token and between two; see `watched`.
    attempts, first_delay
        See `Pool`.
    """

    def __init__(
        self,
        hosts: Sequence[str] = (),
        *,
        key_variable: str = KEY_VARIABLE,
        first_seconds: float = 600.0,
        idle_seconds: float = 60.0,
        attempts: int = 8,
        first_delay: float = 0.5,
    ) -> None:
        self._urls = openai_urls(hosts)
        self._key_variable = key_variable
        self._first_seconds = first_seconds
        self._idle_seconds = idle_seconds
        self._pool = Pool(attempts, first_delay)
        self._servers: dict[str, OpenAIServer] = {}
        self._places: dict[str, tuple[HostScheduler, ...]] = {}
        self._infos: dict[str, ModelInfo] = {}

    async def describe(self, model: str) -> ModelInfo:
        """Say what the servers tell of a model.

        Raises
        ------
        ServerMissing, ModelMissing
        """
        if model not in self._infos:
            for url in self._urls:
                if url not in self._servers:
                    self._servers[url] = OpenAIServer(url, self._key_variable)
            found: list[tuple[OpenAIServer, ModelInfo]] = []
            absent: list[ModelMissing] = []
            for server in self._servers.values():
                try:
                    found.append((server, await server.describe(model)))
                except ModelMissing as error:
                    absent.append(error)
            if not found:
                raise absent[0]
            self._places[model] = tuple(server.scheduler for server, _ in found)
            self._infos[model] = found[0][1]
        return self._infos[model]

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count tokens where the server has a way to; None elsewhere."""
        await self.describe(model)
        return await self._servers[self._places[model][0].url].count_tokens(model, text)

    async def prepare(self, contexts: dict[str, int], answers: int) -> None:  # noqa: ARG002 (L is the caller's)
        """Check that the models have the context that is needed: the server sets it, not we.

        Raises
        ------
        UnfitRequest
        """
        for model, context in contexts.items():
            given = (await self.describe(model)).context_length
            if given is not None and given < context:
                raise UnfitRequest(
                    f"{model} at {self._infos[model].host} has {given} tokens of context, and "
                    f"the run needs {context}; start the server with more (--max-model-len for "
                    "vLLM, -c for llama-server), or lower steps, beta or sampling.max_tokens"
                )

    async def generate(
        self, request: GenerateRequest, preview: Preview | None = None
    ) -> AsyncGenerator[Generation, None]:
        """Ask for one answer a seed, several in one request where the server can do that."""
        await self.describe(request.model)
        if not request.prompt.text.strip():
            raise UnfitRequest(f"{request.model} was asked nothing: the prompt is blank")
        places = self._places[request.model]
        most = min(self._servers[place.url].dialect.batch for place in places)
        for place in places:
            self._servers[place.url].beyond_openai(request.sampling)
        groups = [
            range(start, min(start + most, len(request.seeds)))
            for start in range(0, len(request.seeds), most)
        ]
        asked = (self._group(request, group, preview) for group in groups)
        async with aclosing(as_finished(asked)) as finished:
            async for generations in finished:
                for generation in generations:
                    yield generation

    async def aclose(self) -> None:
        """Close the connections."""
        servers, self._servers = self._servers, {}
        for server in servers.values():
            await server.aclose()

    async def _group(
        self, request: GenerateRequest, group: range, preview: Preview | None
    ) -> list[Generation]:
        """Get the answers of some positions by one request."""
        seed = request.seeds[group[0]]
        answered_by = ""

        async def work(host: HostScheduler) -> list[_Answer]:
            nonlocal answered_by
            answered_by = host.url
            return await self._ask(self._servers[host.url], request, group, seed, preview)

        answers, faults = await self._pool.run(
            request.model, self._places[request.model], work, str(seed)
        )
        generations = []
        for offset, answer in enumerate(answers):
            generations.append(
                Generation(
                    group[offset],
                    "".join(answer.pieces),
                    (seed + offset) % 2**31,
                    answer.finish_reason,
                    answer.prompt_tokens,
                    answer.completion_tokens,
                    answer.seconds,
                    "".join(answer.thoughts),
                    answered_by,
                    faults,
                )
            )
        return generations

    async def _ask(
        self,
        server: OpenAIServer,
        request: GenerateRequest,
        group: range,
        seed: int,
        preview: Preview | None,
    ) -> list[_Answer]:
        began = time.perf_counter()
        answers = [_Answer() for _ in group]
        last = answers[0]

        def fault(error: Exception) -> Exception:
            return _fault(error, server, request)

        try:
            async with asyncio.timeout(self._first_seconds):
                opened = await _opened(server, request, len(group), seed)
        except TimeoutError:
            raise Transient(f"no answer within {self._first_seconds:g} s") from None
        except FAILURES as error:
            raise fault(error) from None
        parts = cast("AsyncIterator[Chunk]", aiter(opened))
        limits = self._first_seconds, self._idle_seconds
        async with opened, aclosing(watched(parts, *limits, FAILURES, fault)) as chunks:
            async for chunk in chunks:
                _refuse_ollama(chunk, server)
                for choice in chunk.choices:
                    if choice.index >= len(answers):
                        raise Transient("it sent more answers than were asked for")
                    answer = answers[choice.index]
                    text, thought = _content(choice)
                    answer.pieces.append(text)
                    answer.thoughts.append(thought)
                    if preview and text:
                        preview(group[choice.index], text)
                    if choice.finish_reason:
                        answer.finish_reason = str(choice.finish_reason)
                        answer.seconds = time.perf_counter() - began
                        last = answer
                if chunk.usage:
                    last.prompt_tokens = chunk.usage.prompt_tokens
                    # A sum over all answers says nothing of one; llama-server counts each.
                    if len(group) == 1 or server.dialect.name == "llama-server":
                        last.completion_tokens = chunk.usage.completion_tokens
        if not all(answer.finish_reason for answer in answers):
            raise Transient("the stream ended before the answer did")
        counted = last.prompt_tokens
        check_words(request, counted)
        for answer in answers:
            answer.prompt_tokens = counted
            check_room(request, counted, answer.completion_tokens, answer.finish_reason)
        return answers


async def _opened(
    server: OpenAIServer, request: GenerateRequest, count: int, seed: int
) -> openai.AsyncStream[ChatCompletionChunk] | openai.AsyncStream[Completion]:
    """Send the request; what comes is a stream of chunks, of a chat or of a completion."""
    sampling = request.sampling
    limit = "max_completion_tokens" if server.dialect is OPENAI else "max_tokens"
    fields: dict[str, Any] = {
        "model": request.model,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if count > 1:
        fields["n"] = count
    if sampling.stop:
        fields["stop"] = list(sampling.stop)
    extra = server.beyond_openai(sampling)
    if request.prompt.style == "completion":
        fields |= {"prompt": request.prompt.text, "max_tokens": request.new_tokens}
        answer = await server.client.completions.create(**fields, extra_body=extra)
        return cast("openai.AsyncStream[Completion]", answer)
    if server.dialect.template_options:
        # Templates of models that can think have this switch; others ignore it.
        extra["chat_template_kwargs"] = {"enable_thinking": False}
    turns = [{"role": turn.role, "content": turn.content} for turn in request.prompt.messages]
    fields |= {"messages": turns, limit: request.new_tokens}
    answer = await server.client.chat.completions.create(**fields, extra_body=extra)
    return cast("openai.AsyncStream[ChatCompletionChunk]", answer)


def _content(choice: ChunkChoice | CompletionChoice) -> tuple[str, str]:
    """Return the new text of an answer, and of the thinking before it."""
    if isinstance(choice, CompletionChoice):
        return choice.text or "", ""
    told = choice.delta.model_extra or {}
    thought = told.get("reasoning_content") or told.get("reasoning")
    return choice.delta.content or "", thought if isinstance(thought, str) else ""


def _fault(error: Exception, server: OpenAIServer, request: GenerateRequest) -> Exception:
    if isinstance(error, openai.APIStatusError) and is_too_long(error):
        tokens = tokens_named(error)
        if tokens is None:
            return too_long(request, "the server refused the prompt")
        needed = tokens + request.new_tokens
        return too_long(request, f"the prompt has {tokens} tokens", needed)
    return server.explained(error, request.model)


def _refuse_ollama(chunk: Chunk, server: OpenAIServer) -> None:
    """Refuse Ollama's imitation of this interface: it takes no num_ctx and cuts silently."""
    if chunk.system_fingerprint == "fp_ollama":
        raise UnfitRequest(
            f"{server.url} is an Ollama server, which by this interface cuts long prompts "
            "without a word; use the ollama backend for it"
        )
