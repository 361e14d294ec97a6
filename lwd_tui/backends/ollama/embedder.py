"""Embedding by Ollama servers.

`/api/embed` gives vectors of length 1, the older `/api/embeddings` raw ones, unless the model has
its own normalisation. One run uses one of them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from ollama import ResponseError

from lwd_tui.backends.hosts import ollama_hosts
from lwd_tui.backends.ollama.client import FAILURES, explained, is_too_long, told
from lwd_tui.backends.ollama.models import canonical
from lwd_tui.backends.ollama.request import KEEP_ALIVE
from lwd_tui.backends.ollama.server import OllamaServer, locate
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.scheduler import HostScheduler
from lwd_tui.backends.vectors import NoVector, ServerEmbedder, checked, refuse_unit, unit
from lwd_tui.experiment.backend import Embeddings, UnfitRequest, close_all
from lwd_tui.types import ModelInfo, Vectors

# By which a server says that it can't write a vector down.
_NO_NUMBER = re.compile(r"unsupported value: [-+]?(?:NaN|Inf)", re.IGNORECASE)


class _TooLong(Exception):
    """A text is longer than the model's window."""


class OllamaEmbedder(ServerEmbedder):
    """Maps texts to vectors by a model of some Ollama servers, which share the work.

    Parameters
    ----------
    model, prefix, seconds, attempts, first_delay
        See `ServerEmbedder`; a batch waits for the loading of the model too.
    normalise : bool
        True: vectors of length 1, from /api/embed. False: raw ones, from /api/embeddings.
    hosts
        See `OllamaGenerator`.
    """

    def __init__(
        self,
        model: str,
        prefix: str,
        normalise: bool,
        hosts: Sequence[str] = (),
        *,
        seconds: float = 600.0,
        attempts: int = 8,
        first_delay: float = 0.5,
    ) -> None:
        super().__init__(model, prefix, normalise, seconds, attempts, first_delay)
        self._urls = ollama_hosts(hosts)
        self._servers: list[OllamaServer] = []
        self._holders: tuple[OllamaServer, ...] = ()

    async def aclose(self) -> None:
        """Unload the model unless it was loaded before, and close the connections."""
        servers, self._servers = self._servers, []
        await close_all(servers)

    async def _find(self) -> ModelInfo:
        self._servers = [OllamaServer(url) for url in self._urls]
        facts, self._holders = await locate(self._servers, self._model)
        for server in self._holders:
            await server.look()
        return facts.info

    async def _batch(self, texts: Sequence[str]) -> Embeddings:
        by_url = {server.url: server for server in self._holders}

        async def work(host: HostScheduler) -> Embeddings:
            server = by_url[host.url]
            vectors, truncated = await self._unit(server, list(texts))
            if not self._normalise:
                vectors = await self._raw(server, texts, vectors)
            if canonical(self._model) not in host.loaded:
                await server.look()
            return Embeddings(vectors, truncated)

        hosts = [server.scheduler for server in self._holders]
        result, faults = await self._pool.run(canonical(self._model), hosts, work, "embed")
        return replace(result, faults=faults)

    async def _unit(
        self, server: OllamaServer, texts: list[str]
    ) -> tuple[Vectors, tuple[bool, ...]]:
        """Embed a batch; if one text is too long, one by one, to learn which."""
        with suppress(_TooLong):
            return await self._embed(server, texts, truncate=False), (False,) * len(texts)
        rows: list[Vectors] = []
        truncated: list[bool] = []
        for text in texts:
            try:
                rows.append(await self._embed(server, [text], truncate=False))
                truncated.append(False)
            except _TooLong:
                rows.append(await self._embed(server, [text], truncate=True))
                truncated.append(True)
        return np.concatenate(rows), tuple(truncated)

    async def _embed(self, server: OllamaServer, texts: list[str], truncate: bool) -> Vectors:
        body = {"model": self._model, "input": texts, "truncate": truncate}
        return unit(checked(await self._asked(server, server.client.vectors, body), len(texts)))

    async def _raw(self, server: OllamaServer, texts: Sequence[str], units: Vectors) -> Vectors:
        """Ask for the raw vectors, which must point where the unit vectors point."""
        bodies = [{"model": self._model, "prompt": text} for text in texts]
        rows = [await self._asked(server, server.client.raw_vector, body) for body in bodies]
        vectors = checked(rows, len(texts))
        refuse_unit(vectors, self._model, server.url)
        if (np.sum(unit(vectors) * units, axis=1) < 0.999).any():
            raise UnfitRequest(
                f"{self._model} at {server.url}: /api/embeddings and /api/embed disagree about a "
                "text, so raw vectors can't be trusted there; set embedder.normalise = true"
            )
        return vectors

    async def _asked(
        self,
        server: OllamaServer,
        ask: Callable[[dict[str, Any]], Awaitable[Any]],
        body: dict[str, Any],
    ) -> Any:
        server.touch(self._model)
        try:
            async with asyncio.timeout(self._seconds):
                return await ask({**body, "keep_alive": KEEP_ALIVE})
        except TimeoutError:
            raise Transient(f"no vectors within {self._seconds:g} s") from None
        except FAILURES as error:
            if isinstance(error, ResponseError) and is_too_long(error):
                raise _TooLong from None
            if isinstance(error, ResponseError) and _NO_NUMBER.search(str(error.error)):
                raise NoVector(told(str(error.error))) from None
            raise explained(error, server.url, self._model) from None
