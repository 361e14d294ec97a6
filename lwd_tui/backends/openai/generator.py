"""Generation and embedding by OpenAI-compatible servers: vLLM, SGLang, llama-server, cloud APIs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import openai

from lwd_tui.backends.hosts import openai_urls
from lwd_tui.backends.openai.chunks import Answer, Reader
from lwd_tui.backends.openai.embedder import OpenAIEmbedder
from lwd_tui.backends.openai.refusals import is_too_long, tokens_named
from lwd_tui.backends.openai.server import FAILURES, KEY_VARIABLE, OPENAI, OpenAIServer
from lwd_tui.backends.pool import Pool
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.scheduler import HostScheduler
from lwd_tui.backends.streams import as_finished, watched
from lwd_tui.backends.truncation import check_room, check_words, too_long
from lwd_tui.backends.wire import lines_of
from lwd_tui.experiment.backend import (
    GenerateRequest,
    Generation,
    ModelMissing,
    Preview,
    UnfitRequest,
)
from lwd_tui.types import ModelInfo

__all__ = ["OpenAIEmbedder", "OpenAIGenerator"]

# A prompt is asked with again while its answers are unusable; longer none is kept in mind.
_PROMPTS_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that is whole."""

    answer: Answer
    prompt_tokens: int | None
    seconds: float
    notes: tuple[str, ...]


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
        self._largest: dict[tuple[str, int], int] = {}

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
            server = self._servers[host.url]
            if len(group) == 1 or "n" not in server.without:
                with suppress(Alone):
                    if found := await self._ask(server, request, group, seed, preview):
                        return found
            alone = [
                self._ask(server, request, group[i : i + 1], seed + i, preview)
                for i in range(len(group))
            ]
            return [answer for asked in alone for answer in await asked]

        found, faults = await self._pool.run(
            request.model, self._places[request.model], work, str(seed)
        )
        return [
            Generation(
                group[offset],
                whole.answer.text,
                seed + offset,
                whole.answer.finish_reason,
                whole.prompt_tokens,
                whole.answer.completion_tokens,
                whole.seconds,
                whole.answer.thinking,
                answered_by,
                (*faults, *whole.notes),
            )
            for offset, whole in enumerate(found)
        ]

    async def _ask(
        self,
        server: OpenAIServer,
        request: GenerateRequest,
        group: range,
        seed: int,
        preview: Preview | None,
    ) -> list[_Answer]:
        began = time.perf_counter()

        def hear(index: int, text: str) -> None:
            if preview:
                preview(group[index], text)

        def fault(error: Exception) -> Exception:
            return _fault(error, server, request)

        reader = Reader(len(group), hear, server.dialect.name == "llama-server")
        try:
            async with asyncio.timeout(self._first_seconds):
                opened, notes = await _opened(server, request, len(group), seed)
        except TimeoutError:
            raise Transient(f"no answer within {self._first_seconds:g} s") from None
        except FAILURES as error:
            raise fault(error) from None
        limits = self._first_seconds, self._idle_seconds
        async with aclosing(
            watched(lines_of(opened.iter_bytes()), *limits, FAILURES, fault)
        ) as lines:
            try:
                async for line in lines:
                    reader.take(line)
                    _refuse_ollama(reader.fingerprint, server)
                    if reader.done:
                        break
            finally:
                await opened.close()
        if reader.partly_ended and reader.done:
            # A gateway tells the reason of the first answer only: each is asked for by itself.
            server.without.add("n")
            return []
        reader.finish()
        counted = self._counted(request, reader.prompt_tokens)
        check_words(request, counted)
        seconds = time.perf_counter() - began
        found = [_Answer(answer, counted, seconds, notes) for answer in reader.answers]
        for answer in reader.answers:
            check_room(request, counted, answer.completion_tokens, answer.finish_reason)
        return found

    def _counted(self, request: GenerateRequest, told: int | None) -> int | None:
        """Return the tokens of a prompt; a later count that is smaller leaves out what was kept."""
        key = request.model, hash(request.prompt)
        most = max(told or 0, self._largest.get(key, 0))
        self._largest = {key: most, **{k: v for k, v in self._largest.items() if k != key}}
        while len(self._largest) > _PROMPTS_REMEMBERED:
            self._largest.popitem()
        return most or None


async def _opened(
    server: OpenAIServer, request: GenerateRequest, count: int, seed: int
) -> tuple[openai.AsyncAPIResponse[Any], tuple[str, ...]]:
    """Send the request, and again without what the server refuses; return it with what was said."""
    notes: list[str] = []
    while True:
        body = body_of(server, request, count, seed)
        try:
            answer = await server.open(body)
        except openai.APIStatusError as error:
            name = server.refused(error, body)
            if name is None:
                raise
            server.without.add(name)
            notes.append(f"asked again without {name}: {server.told(error)}")
            if name == "n":
                raise Alone from None
            continue
        return answer, tuple(notes)


class Alone(Exception):
    """The server gives one answer a request."""


def body_of(
    server: OpenAIServer, request: GenerateRequest, count: int, seed: int
) -> dict[str, Any]:
    """Return the body of a request, without what the server has refused."""
    sampling = request.sampling
    limit = "max_completion_tokens" if server.dialect is OPENAI else "max_tokens"
    if limit in server.without:
        limit = "max_tokens" if limit == "max_completion_tokens" else "max_completion_tokens"
    body: dict[str, Any] = {
        "model": request.model,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if count > 1:
        body["n"] = count
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    body |= server.beyond_openai(sampling)
    if request.prompt.style == "completion":
        body |= {"prompt": request.prompt.text, "max_tokens": request.new_tokens}
    else:
        turns = [{"role": turn.role, "content": turn.content} for turn in request.prompt.messages]
        body |= {"messages": turns, limit: request.new_tokens}
        thinks = request.think not in ("auto", "off")
        if server.dialect.template_options:
            # Templates of models that can think have this switch; others ignore it.
            body["chat_template_kwargs"] = {"enable_thinking": thinks}
        if request.think in ("low", "medium", "high"):
            body["reasoning_effort"] = request.think
    return {name: value for name, value in body.items() if name not in server.without}


def _fault(error: Exception, server: OpenAIServer, request: GenerateRequest) -> Exception:
    if isinstance(error, openai.APIStatusError) and is_too_long(error):
        tokens = tokens_named(error)
        if tokens is None:
            return too_long(request, "the server refused the prompt")
        needed = tokens + request.new_tokens
        return too_long(request, f"the prompt has {tokens} tokens", needed)
    return server.explained(error, request.model)


def _refuse_ollama(fingerprint: str, server: OpenAIServer) -> None:
    """Refuse Ollama's imitation of this interface: it takes no num_ctx and cuts silently."""
    if fingerprint == "fp_ollama":
        raise UnfitRequest(
            f"{server.url} is an Ollama server, which by this interface cuts long prompts "
            "without a word; use the ollama backend for it"
        )
