"""OpenAI-compatible servers as a backend. Imports their client only when asked."""

from __future__ import annotations

import asyncio
from importlib import import_module

from lwd_tui.backends.hosts import openai_urls
from lwd_tui.experiment.backend import Backend, Embedder, Generator, Offer, Opening, counted
from lwd_tui.experiment.llm import EmbedderSpec


def _generator(opening: Opening) -> Generator:
    from lwd_tui.backends.openai.generator import OpenAIGenerator

    return OpenAIGenerator(opening.hosts, opening.notice)


def _embedder(spec: EmbedderSpec, opening: Opening) -> Embedder:
    from lwd_tui.backends.openai.embedder import OpenAIEmbedder

    return OpenAIEmbedder(spec.model, spec.prefix, spec.normalise, opening.hosts)


async def _look(host: str) -> Offer:
    url = openai_urls([host])[0]
    await asyncio.to_thread(import_module, "lwd_tui.backends.openai.server")
    from lwd_tui.backends.openai.server import OpenAIServer

    server = OpenAIServer(url)
    try:
        names = sorted(await server.models())
        models = tuple([await server.describe(name) for name in names])
        kind = server.dialect.name
    finally:
        await server.aclose()
    return Offer("openai", url, True, f"OpenAI-compatible ({kind}), {counted(models)}", models)


BACKEND = Backend(
    generator=_generator,
    embedder=_embedder,
    look=_look,
    hosts="OPENAI_BASE_URL",
    tells_thinking=False,
    embedding_model="text-embedding-3-small",
    module="openai",
    extra="openai",
    title="OpenAI-compatible servers",
)
