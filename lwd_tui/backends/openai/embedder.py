"""Embedding by OpenAI-compatible servers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lwd_tui.backends.hosts import openai_urls
from lwd_tui.backends.keys import KEY_VARIABLE
from lwd_tui.backends.openai.client import FAILURES
from lwd_tui.backends.openai.refusals import is_too_long
from lwd_tui.backends.openai.server import OpenAIServer
from lwd_tui.backends.pool import holders_of
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.scheduler import HostScheduler
from lwd_tui.backends.vectors import ServerEmbedder, checked, refuse_unit, unit
from lwd_tui.experiment.backend import Embeddings, UnfitRequest, close_all
from lwd_tui.types import ModelInfo


class OpenAIEmbedder(ServerEmbedder):
    """Maps texts to vectors by a model of some OpenAI-compatible servers, which share the work.

    Such servers don't cut texts but refuse those over the model's window, so none is ever cut.

    Parameters
    ----------
    model : str
    prefix : str
        Put before every text.
    normalise : bool
        True: vectors of length 1. False: as the server gives them, which must not be of length 1.
    hosts, key_variable
        See `OpenAIGenerator`.
    seconds : float
        Limit on the wait for a batch.
    attempts, first_delay
        See `Pool`.
    """

    def __init__(
        self,
        model: str,
        prefix: str,
        normalise: bool,
        hosts: Sequence[str] = (),
        *,
        key_variable: str = KEY_VARIABLE,
        seconds: float = 600.0,
        attempts: int = 8,
        first_delay: float = 0.5,
    ) -> None:
        super().__init__(model, prefix, normalise, seconds, attempts, first_delay)
        self._urls = openai_urls(hosts)
        self._key_variable = key_variable
        self._servers: dict[str, OpenAIServer] = {}
        self._holders: tuple[HostScheduler, ...] = ()

    async def aclose(self) -> None:
        """Close the connections."""
        servers, self._servers = self._servers, {}
        await close_all(servers.values())

    async def _find(self) -> ModelInfo:
        for url in self._urls:
            self._servers[url] = OpenAIServer(url, self._key_variable)
        servers = self._servers.values()
        found = await holders_of(servers, lambda server: server.describe(self._model))
        self._holders = tuple(server.scheduler for server, _ in found)
        return found[0][1]

    async def _batch(self, texts: Sequence[str]) -> Embeddings:
        async def work(host: HostScheduler) -> Embeddings:
            vectors = checked(await self._ask(self._servers[host.url], list(texts)), len(texts))
            if self._normalise:
                vectors = unit(vectors)
            else:
                refuse_unit(vectors, self._model, host.url)
            return Embeddings(vectors, (False,) * len(texts))

        result, faults = await self._pool.run(self._model, self._holders, work, "embed")
        return replace(result, faults=faults)

    async def _ask(self, server: OpenAIServer, texts: list[str]) -> list[list[float]]:
        # llama-server normalises unless told not to.
        plain = server.dialect.name == "llama-server" and not self._normalise
        extra: dict[str, Any] = {"embd_normalize": -1} if plain else {}
        try:
            async with asyncio.timeout(self._seconds):
                answer = await server.client.api.embeddings.create(
                    model=self._model, input=texts, encoding_format="float", extra_body=extra
                )
            return [row.embedding for row in sorted(answer.data, key=lambda row: row.index)]
        except TimeoutError:
            raise Transient(f"no vectors within {self._seconds:g} s") from None
        except FAILURES as error:
            if is_too_long(error):
                raise UnfitRequest(
                    f"{self._model} at {server.url}: a text is longer than the model's window; "
                    "use a model with a longer one, or lower sampling.max_tokens"
                ) from None
            raise server.client.explained(error, self._model) from None
