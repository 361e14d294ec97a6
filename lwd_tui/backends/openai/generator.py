"""Generation by OpenAI-compatible servers: vLLM, SGLang, llama-server, cloud APIs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from lwd_tui.backends.hosts import openai_urls
from lwd_tui.backends.keys import KEY_VARIABLE
from lwd_tui.backends.openai.asking import Asked, Asking
from lwd_tui.backends.openai.dialects import UNKNOWN, sampling_fields
from lwd_tui.backends.openai.server import Alone, OpenAIServer
from lwd_tui.backends.pool import FailsAlone, Pool, failed_alone, holders_of
from lwd_tui.backends.scheduler import HostScheduler
from lwd_tui.backends.streams import as_finished
from lwd_tui.experiment.backend import (
    GenerateRequest,
    Generation,
    Preview,
    UnfitRequest,
    close_all,
    rounded_context,
)
from lwd_tui.types import ModelInfo, Notice

# A prompt is asked with again while its answers are unusable; longer none is kept in mind.
_PROMPTS_REMEMBERED = 256


class OpenAIGenerator:
    """Answers by the models of some OpenAI-compatible servers, which share the work.

    Several answers to one prompt are one request where the server is known to allow it (`n`), so
    that it reads the prompt once. Such a request has one seed; answer i has that seed plus i.

    Parameters
    ----------
    hosts : sequence of str
        Base URLs; none for OPENAI_BASE_URL, else OpenAI's own.
    notice : callable
        Told, a sentence at a time, what the user should know before a run.
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
        notice: Notice = lambda _: None,
        *,
        key_variable: str = KEY_VARIABLE,
        first_seconds: float = 600.0,
        idle_seconds: float = 60.0,
        attempts: int = 8,
        first_delay: float = 0.5,
    ) -> None:
        self._urls = openai_urls(hosts)
        self._notice = notice
        self._key_variable = key_variable
        self._asking = Asking(first_seconds, idle_seconds, self._counted)
        self._pool = Pool(attempts, first_delay, notice)
        self._servers: dict[str, OpenAIServer] = {}
        self._places: dict[str, tuple[HostScheduler, ...]] = {}
        self._infos: dict[str, ModelInfo] = {}
        self._largest: OrderedDict[tuple[str, int], int] = OrderedDict()

    async def describe(self, model: str) -> ModelInfo:
        """Say what the servers tell of a model; raise ServerMissing or ModelMissing."""
        if model not in self._infos:
            for url in self._urls:
                if url not in self._servers:
                    self._servers[url] = OpenAIServer(url, self._key_variable, self._notice)
            servers = self._servers.values()
            found = await holders_of(servers, lambda server: server.describe(model))
            self._places[model] = tuple(server.scheduler for server, _ in found)
            self._infos[model] = found[0][1]
        return self._infos[model]

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count tokens where the server has a way to; None elsewhere."""
        await self.describe(model)
        return await self._servers[self._places[model][0].url].count_tokens(model, text)

    async def prepare(self, contexts: dict[str, int], answers: int) -> None:  # noqa: ARG002 (L is the caller's)
        """Raise UnfitRequest unless the models have the context needed: the server sets it."""
        for model, context in contexts.items():
            await self.describe(model)
            for server in self._holders(model):
                given = server.context(model)
                if given is not None and given < context:
                    remedy = server.dialect.remedy.format(needed=rounded_context(context))
                    raise UnfitRequest(
                        f"{model} at {server.url} has {given} tokens of context, and the run "
                        f"may need {context}; {remedy}, or lower steps, beta or "
                        "sampling.max_tokens; a context that is set for the participant is tried "
                        "as it is"
                    )

    async def try_out(self, request: GenerateRequest) -> bool:
        """Send a request as the run will, to each server, and say what they refuse of it.

        Returns
        -------
        bool
            Whether all of them are of a known kind.

        Raises
        ------
        BackendError
            If one of them can't serve such a request.
        """
        await self.describe(request.model)
        self._check(request)
        seed = request.seeds[0]
        for place in self._places[request.model]:
            server = self._servers[place.url]

            async def work(_: HostScheduler, server: OpenAIServer = server) -> list[str]:
                notes: list[str] = []
                count = min(server.batch(request), len(request.seeds))
                try:
                    notes += await self._asking.try_out(server, request, count, seed)
                except Alone as refused:
                    notes += refused.notes
                    notes += await self._asking.try_out(server, request, 1, seed)
                return notes

            notes, _ = await self._pool.run(request.model, [place], work, "try")
            for note in notes:
                self._notice(f"{request.model} at {server.url}: {note}")
        return all(server.dialect is not UNKNOWN for server in self._holders(request.model))

    async def generate(
        self, request: GenerateRequest, preview: Preview | None = None
    ) -> AsyncGenerator[Generation, None]:
        """Ask for one answer a seed, several in one request where the server can do that."""
        await self.describe(request.model)
        self._check(request)
        most = min(server.batch(request) for server in self._holders(request.model))
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
        await close_all(servers.values())

    def _holders(self, model: str) -> list[OpenAIServer]:
        return [self._servers[place.url] for place in self._places[model]]

    def _check(self, request: GenerateRequest) -> None:
        if not request.prompt.text.strip():
            raise UnfitRequest(f"{request.model} was asked nothing: the prompt is blank")
        for server in self._holders(request.model):
            sampling_fields(server.dialect, request.sampling, server.url)

    async def _group(
        self,
        request: GenerateRequest,
        group: range,
        preview: Preview | None,
        before: tuple[str, ...] = (),
    ) -> list[Generation]:
        """Get the answers of some positions: by one request, or where that is refused by many."""
        seed = request.seeds[group[0]]
        answered_by = ""

        def hear(index: int, text: str) -> None:
            if preview:
                preview(group[index], text)

        async def work(host: HostScheduler) -> Asked | Alone:
            nonlocal answered_by
            answered_by = host.url
            server = self._servers[host.url]
            if len(group) > server.batch(request):
                return Alone(())
            try:
                return await self._asking.ask(server, request, len(group), seed, hear)
            except Alone as refused:
                return refused

        try:
            asked, faults = await self._pool.run(
                request.model, self._places[request.model], work, str(seed)
            )
        except FailsAlone as error:
            return [
                failed_alone(position, seed + offset, answered_by, error, before)
                for offset, position in enumerate(group)
            ]
        if isinstance(asked, Alone):
            noted = (*before, *faults, *asked.notes)
            alone = (
                self._group(request, group[i : i + 1], preview, noted) for i in range(len(group))
            )
            found: list[Generation] = []
            async with aclosing(as_finished(alone)) as finished:
                async for generations in finished:
                    found += generations
            return found
        return [
            Generation(
                position,
                answer.text,
                seed + offset,
                answer.finish_reason,
                asked.prompt_tokens,
                answer.completion_tokens,
                asked.seconds,
                answer.thinking,
                answered_by,
                (*before, *faults, *asked.notes),
            )
            for offset, (position, answer) in enumerate(zip(group, asked.answers, strict=True))
        ]

    def _counted(self, request: GenerateRequest, told: int | None) -> int | None:
        """Return the tokens of a prompt; a later count that is smaller leaves out what was kept."""
        key = request.model, hash(request.prompt)
        most = max(told or 0, self._largest.get(key, 0))
        self._largest[key] = most
        self._largest.move_to_end(key)
        if len(self._largest) > _PROMPTS_REMEMBERED:
            self._largest.popitem(last=False)
        return most or None
