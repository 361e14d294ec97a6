"""Generation by Ollama servers, one or several."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any

from ollama import ResponseError

from lwd_tui.backends.hosts import ollama_hosts
from lwd_tui.backends.ollama.chunks import Reader
from lwd_tui.backends.ollama.client import FAILURES, explained, is_too_long, tokens_named, told
from lwd_tui.backends.ollama.models import ModelFacts, canonical
from lwd_tui.backends.ollama.request import body_of
from lwd_tui.backends.ollama.server import OllamaServer, locate
from lwd_tui.backends.pool import FailsAlone, Pool, failed_alone
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.scheduler import HostScheduler
from lwd_tui.backends.streams import as_finished, watched
from lwd_tui.backends.truncation import check_whole, check_words, too_long
from lwd_tui.experiment.backend import (
    GenerateRequest,
    Generation,
    Preview,
    UnfitRequest,
    close_all,
)
from lwd_tui.types import ModelInfo, Notice

# Counting tokens happens before the context of the run is known.
COUNTING_CONTEXT = 2048


class OllamaGenerator:
    """Answers by the models of some Ollama servers, which share the work.

    Parameters
    ----------
    hosts : sequence of str
        Addresses as Ollama reads them; none for OLLAMA_HOST, else this machine.
    notice : callable
        Told, a sentence at a time, of a server in trouble.
    first_seconds : float
        Limit on the wait for an answer's first token, with the server's queue, the loading of
        the model and the reading of the prompt.
    idle_seconds : float
        Limit on the wait for each further token.
    attempts : int
        Tries for an answer, and failures in a row until a host counts as lost.
    first_delay : float
        Seconds before the second try; later ones wait longer, up to half a minute.
    parallel : int or None
        Requests in flight per host and model; None finds out what helps.
    """

    def __init__(
        self,
        hosts: Sequence[str] = (),
        notice: Notice = lambda _: None,
        *,
        first_seconds: float = 600.0,
        idle_seconds: float = 60.0,
        attempts: int = 8,
        first_delay: float = 0.5,
        parallel: int | None = None,
    ) -> None:
        self._urls = ollama_hosts(hosts)
        self._first_seconds = first_seconds
        self._idle_seconds = idle_seconds
        self._parallel = parallel
        self._pool = Pool(attempts, first_delay, notice)
        self._servers: dict[str, OllamaServer] = {}
        self._facts: dict[str, ModelFacts] = {}
        self._places: dict[str, tuple[HostScheduler, ...]] = {}
        self._special: dict[str, int] = {}

    async def describe(self, model: str) -> ModelInfo:
        """Say what the servers know about a model.

        Raises
        ------
        ServerMissing
            If one of the hosts doesn't answer as an Ollama server.
        ModelMissing
            If none of them has it.
        BackendError
            If they have different models under that name.
        """
        await self._know(model, afresh=True)
        return self._facts[model].info

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count tokens by having the server read the text; None where its count can't be used."""
        if not text:
            return 0
        await self._know(model)
        if self._is_remote(model):
            return None
        if model not in self._special:
            one = await self._count(model, "a")
            self._special[model] = 0 if one is None else one - 1
        count = await self._count(model, text)
        return None if count is None else max(1, count - self._special[model])

    async def prepare(self, contexts: dict[str, int], answers: int) -> None:  # noqa: ARG002 (L is the caller's)
        """Load each model with its context, on each host that has it, and see what fits together.

        Raises
        ------
        BackendError
            If a model can't be loaded, or not with that context.
        """
        for model in contexts:
            await self._know(model)
            if "generate" not in self._facts[model].info.capabilities:
                raise UnfitRequest(f"{model} embeds texts and can't generate any")
        servers = self._servers.values()
        await asyncio.gather(*(self._prepare(server, contexts) for server in servers))

    async def generate(
        self, request: GenerateRequest, preview: Preview | None = None
    ) -> AsyncGenerator[Generation, None]:
        """Ask for one answer a seed, all at once; the scheduler says how many are under way."""
        await self._know(request.model)
        self._check(request)
        positions = range(len(request.seeds))
        asked = (self._generate(request, position, preview) for position in positions)
        async with aclosing(as_finished(asked)) as finished:
            async for generation in finished:
                yield generation

    async def aclose(self) -> None:
        """Unload what this generator loaded, and close the connections."""
        servers, self._servers = self._servers, {}
        await close_all(servers.values())

    async def _know(self, model: str, *, afresh: bool = False) -> None:
        if model in self._facts and not afresh:
            return
        for url in self._urls:
            if url not in self._servers:
                self._servers[url] = OllamaServer(url, self._parallel)
        self._facts[model], holders = await locate(self._servers.values(), model)
        self._places[model] = tuple(server.scheduler for server in holders)

    def _check(self, request: GenerateRequest) -> None:
        model, style = request.model, request.prompt.style
        capabilities = self._facts[model].info.capabilities
        if "generate" not in capabilities:
            raise UnfitRequest(f"{model} embeds texts and can't generate any")
        if style == "chat" and "chat" not in capabilities:
            raise UnfitRequest(
                f'{model} is a base model without a chat template; set style = "completion" for it'
            )
        if not request.prompt.text.strip():
            raise UnfitRequest(f"{model} was asked nothing: the prompt is blank")

    def _is_remote(self, model: str) -> bool:
        """Whether the server only passes requests for a model on."""
        return "remote" in self._facts[model].info.capabilities

    async def _prepare(self, server: OllamaServer, contexts: Mapping[str, int]) -> None:
        for model, context in contexts.items():
            if server.scheduler not in self._places[model] or self._is_remote(model):
                continue

            async def load(_: HostScheduler, model: str = model, context: int = context) -> None:
                await server.ready(model, context, self._first_seconds)

            await self._pool.run(canonical(model), [server.scheduler], load, "prepare")

    async def _count(self, model: str, text: str) -> int | None:
        async def work(host: HostScheduler) -> int | None:
            server = self._servers[host.url]
            loaded = await server.look()
            context = loaded.get(canonical(model)) or COUNTING_CONTEXT
            try:
                tokens = await server.count(model, text, context, self._first_seconds)
            except ResponseError as error:
                return tokens_named(error)
            # A server that cuts silently leaves half the context at least.
            return tokens if tokens is not None and tokens < context // 2 else None

        count, _ = await self._pool.run(canonical(model), self._places[model], work, "count")
        return count

    async def _generate(
        self, request: GenerateRequest, position: int, preview: Preview | None
    ) -> Generation:
        name, seed = canonical(request.model), request.seeds[position]
        answered_by, seconds = "", 0.0

        async def work(host: HostScheduler) -> Reader:
            nonlocal answered_by, seconds
            answered_by = host.url
            server = self._servers[host.url]
            remote = self._is_remote(request.model)
            # Nothing is tried out on another machine: no context is promised there.
            proven = (
                0
                if remote
                else await server.ready(request.model, request.context, self._first_seconds)
            )
            began = time.perf_counter()
            answer = await self._stream(server, request, position, preview)
            seconds = time.perf_counter() - began
            if remote:
                check_words(request, answer.prompt_tokens)
                return answer
            check_whole(
                request,
                answer.prompt_tokens,
                answer.completion_tokens,
                answer.finish_reason,
                proven,
            )
            host.answer_seconds[name] = seconds
            if name not in host.loaded:
                # What the server had to unload for it matters to the next step's order.
                with suppress(Transient):
                    await server.look()
            return answer

        try:
            answer, faults = await self._pool.run(
                name, self._places[request.model], work, str(seed)
            )
        except FailsAlone as error:
            return failed_alone(position, seed, answered_by, error)
        return Generation(
            position,
            answer.text,
            seed,
            answer.finish_reason,
            answer.prompt_tokens,
            answer.completion_tokens,
            seconds,
            answer.thinking,
            answered_by,
            faults,
        )

    async def _stream(
        self, server: OllamaServer, request: GenerateRequest, position: int, preview: Preview | None
    ) -> Reader:
        name, facts = canonical(request.model), self._facts[request.model]
        body = server.accepted(body_of(request, request.seeds[position], facts))
        reader = Reader()

        def fault(error: Exception) -> Exception:
            return self._fault(error, server, request, body)

        limits = self._first_seconds, self._idle_seconds
        try:
            async with (
                aclosing(server.client.stream(body, request.new_tokens)) as sent,
                aclosing(watched(sent, *limits, FAILURES, fault, request.new_tokens)) as lines,
            ):
                async for line in lines:
                    text = _taken(reader, line, server)
                    # One token may be read late, after another answer ended; two are a stream.
                    if reader.parts == 2:
                        server.scheduler.stream_began(name)
                    if preview and text:
                        preview(position, text)
        finally:
            if reader.parts >= 2:
                server.scheduler.stream_ended(name)
        reader.finish()
        return reader

    def _fault(
        self,
        error: Exception,
        server: OllamaServer,
        request: GenerateRequest,
        body: Mapping[str, Any],
    ) -> Exception:
        if isinstance(error, ResponseError):
            if is_too_long(error):
                tokens = tokens_named(error)
                if tokens is None:
                    return too_long(request, "the server refused the prompt")
                needed = tokens + request.new_tokens
                return too_long(request, f"the prompt has {tokens} tokens", needed)
            wished = request.think not in ("auto", "off")
            if again := server.refused(error, body, wished):
                return again
            if error.status_code == 503:
                server.scheduler.crowded(canonical(request.model))
                return explained(error, server.url, request.model)
        server.forget()
        return explained(error, server.url, request.model)


def _taken(reader: Reader, line: str, server: OllamaServer) -> str:
    try:
        return reader.take(line)
    except Transient as error:
        server.forget()
        raise Transient(told(error.fault), error.after) from None
