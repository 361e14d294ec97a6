"""One Ollama server as a run sees it: which models it holds, made ready, looked at, released."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ollama import ResponseError

from lwd_tui.backends.ollama.client import (
    FAILURES,
    OllamaClient,
    explained,
    is_too_long,
    missing,
    told,
)
from lwd_tui.backends.ollama.models import ModelFacts, canonical, loaded_models, read_facts
from lwd_tui.backends.ollama.request import KEEP_ALIVE, loaded_with
from lwd_tui.backends.pool import holders_of
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.scheduler import scheduler_of
from lwd_tui.backends.truncation import largest_whole, overlong_prompt
from lwd_tui.backends.wire import counted
from lwd_tui.experiment.backend import BackendError, UnfitRequest

_RELEASE_SECONDS = 5.0
# Another run that begins at the same server may load the model with less before we look.
_LOADS = 4
# What makes a run surer, and can be done without where a server won't have it.
_EXTRAS = {
    "think": re.compile(r"\bthink(?:ing)?\b", re.IGNORECASE),
    "truncate": re.compile(r"\btruncate\b", re.IGNORECASE),
    "shift": re.compile(r"\bshift\b", re.IGNORECASE),
}


async def locate(
    servers: Iterable[OllamaServer], model: str
) -> tuple[ModelFacts, tuple[OllamaServer, ...]]:
    """Find out which servers have a model, and that it is the same one everywhere.

    Raises
    ------
    ServerMissing
        If one of them doesn't answer as an Ollama server.
    ModelMissing
        If none of them has it.
    BackendError
        If they have different models under that name.
    """
    found = await holders_of(servers, lambda server: server.facts(model))
    if len({facts.info.digest for _, facts in found}) > 1:
        seen = ", ".join(f"{facts.info.digest[:12]} at {server.url}" for server, facts in found)
        raise BackendError(
            f"{model} is not the same model on all hosts ({seen}); pull it anew on each"
        )
    return found[0][1], tuple(server for server, _ in found)


class OllamaServer:
    """A server and what has been learnt of it.

    Make it inside a running event loop.

    Parameters
    ----------
    url : str
        As `parse_host` gives it.
    parallel : int or None
        Requests in flight per model; None finds out what helps.

    Attributes
    ----------
    client : OllamaClient
    scheduler : HostScheduler
        Shared with all that use the same URL.
    """

    def __init__(self, url: str, parallel: int | None = None) -> None:
        self.url = url
        self.client = OllamaClient(url)
        self.scheduler = scheduler_of(url, parallel)
        self._proven: dict[tuple[str, int], int] = {}
        self._digests: dict[str, str] = {}
        self._without: set[str] = set()
        self._found: frozenset[str] | None = None
        self._touched: set[str] = set()
        self._loading = asyncio.Lock()

    async def facts(self, model: str) -> ModelFacts:
        """Return what the server knows about a model; raise ServerMissing or ModelMissing."""
        try:
            return await read_facts(self.client, model)
        except Transient as fault:
            raise missing(fault, self.url) from None

    async def look(self) -> dict[str, int | None]:
        """Return the models in memory by canonical name, with the context each is loaded with."""
        try:
            loaded = loaded_models(await self.client.ps())
        except FAILURES as error:
            raise explained(error, self.url) from None
        self.scheduler.observe(loaded)
        if self._found is None:
            self._found = frozenset(loaded)
        return {name: model.context_length for name, model in loaded.items()}

    async def ready(self, model: str, context: int, seconds: float) -> int:
        """Load a model with its context, once, and find out how the server treats long prompts.

        Parameters
        ----------
        model : str
        context : int
            num_ctx.
        seconds : float
            Limit on the loading.

        Returns
        -------
        int
            The largest prompt token count that proves a prompt whole; see `truncation`.

        Raises
        ------
        UnfitRequest
            If the server gives the model less context than asked for.
        BackendError
            If the model isn't the one that it was.
        """
        key = canonical(model), context
        async with self._loading:
            if key not in self._proven:
                await self._same_model(model)
                await self._load(model, context, seconds)
                self._proven[key] = await self._probe(model, context, seconds)
        return self._proven[key]

    def accepted(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request without what the server has refused."""
        return {name: value for name, value in body.items() if name not in self._without}

    def refused(
        self, error: ResponseError, body: Mapping[str, Any], think: bool = False
    ) -> Transient | None:
        """Return the fault that makes us ask again, if a server refuses what can be left out.

        Parameters
        ----------
        error : ResponseError
        body : mapping
            What was sent.
        think : bool
            Whether the user wishes thinking, which then isn't left out.
        """
        if error.status_code not in (400, 422) or is_too_long(error):
            return None
        said = told(str(error.error))
        for name, pattern in _EXTRAS.items():
            if name in body and not (think and name == "think") and pattern.search(said):
                self._without.add(name)
                return Transient(f"asked again without {name}: {said}")
        return None

    def forget(self) -> None:
        """Make everything ready anew: the server may have been started again."""
        self._proven.clear()

    async def whole(self, body: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request to /api/generate that isn't streamed."""
        self.touch(str(body["model"]))
        try:
            async with asyncio.timeout(seconds):
                sent = self.accepted({"keep_alive": KEEP_ALIVE, **body})
                return await self.client.generate_whole(sent)
        except ResponseError as error:
            raise self.refused(error, body) or error from None
        except TimeoutError:
            raise Transient(f"no answer within {seconds:g} s") from None

    async def count(
        self, model: str, prompt: str, context: int, seconds: float, **options: float
    ) -> int | None:
        """Return the tokens of a prompt by the server's count, having told it to cut nothing.

        Raises
        ------
        ResponseError
            If the server refuses the prompt because it is too long.
        """
        body = {
            "model": model,
            "prompt": prompt,
            "raw": True,
            "truncate": False,
            **loaded_with(context, num_predict=1, **options),
        }
        try:
            answer = await self.whole(body, seconds)
        except FAILURES as error:
            if isinstance(error, ResponseError) and is_too_long(error):
                raise
            raise explained(error, self.url, model) from None
        return counted(answer.get("prompt_eval_count"))

    def touch(self, model: str) -> None:
        """Note that a model is used; if it wasn't loaded before, it is unloaded at the end."""
        self._touched.add(canonical(model))

    async def aclose(self) -> None:
        """Unload what wasn't loaded when this began, and close the connections."""
        # Nothing is left to be told to anyone, and the server may be gone.
        try:
            with suppress(TimeoutError, Transient, *FAILURES):
                async with asyncio.timeout(_RELEASE_SECONDS):
                    ours = self._touched - (self._found or frozenset())
                    for model in sorted(ours & set(await self.look()) if ours else ours):
                        await self.client.generate_whole({"model": model, "keep_alive": 0})
        finally:
            await self.client.aclose()

    async def _same_model(self, model: str) -> None:
        digest = (await read_facts(self.client, model)).info.digest
        known = self._digests.setdefault(canonical(model), digest)
        if known != digest:
            raise BackendError(
                f"{model} at {self.url} was changed while the run was on: it was {known[:12]} and "
                f"is {digest[:12]}"
            )

    async def _load(self, model: str, context: int, seconds: float) -> None:
        if self._found is None:
            await self.look()
        for _ in range(_LOADS):
            began = time.perf_counter()
            try:
                await self.whole({"model": model, **loaded_with(context)}, seconds)
            except FAILURES as error:
                raise explained(error, self.url, model) from None
            self.scheduler.load_seconds[canonical(model)] = time.perf_counter() - began
            given = (await self.look()).get(canonical(model))
            # Servers from before 0.9 don't tell.
            if given is None or given >= context:
                return
        raise UnfitRequest(
            f"{model} at {self.url} was loaded with {given} tokens of context, and the run "
            f"needs {context}; lower steps, beta or sampling.max_tokens, or use a model made "
            "for more"
        )

    async def _probe(self, model: str, context: int, seconds: float) -> int:
        prompt = overlong_prompt(context)
        try:
            tokens = await self.count(model, prompt, context, seconds, temperature=0)
        except ResponseError:
            return context
        return largest_whole(context, tokens)
