"""OpenAI-compatible servers as a backend. Imports their client only when asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from importlib import import_module

from lwd_tui.backends.hosts import openai_urls
from lwd_tui.experiment.backend import Backend, Embedder, Generator, Offer, Opening, counted
from lwd_tui.experiment.doctor import HostReport
from lwd_tui.experiment.llm import EmbedderSpec
from lwd_tui.types import ModelInfo


def _generator(opening: Opening) -> Generator:
    from lwd_tui.backends.openai.generator import OpenAIGenerator

    return OpenAIGenerator(opening.hosts, opening.notice)


def _embedder(spec: EmbedderSpec, opening: Opening) -> Embedder:
    from lwd_tui.backends.openai.embedder import OpenAIEmbedder

    return OpenAIEmbedder(spec.model, spec.prefix, spec.normalise, opening.hosts)


async def _models(host: str) -> tuple[ModelInfo, ...] | None:
    if not host and not os.environ.get("OPENAI_BASE_URL"):
        return None  # OpenAI's own is asked only where it is named.
    # A client takes half a second to import, which must not hold up who waits here.
    await asyncio.to_thread(import_module, "lwd_tui.backends.openai.server")
    from lwd_tui.backends.openai.server import OpenAIServer

    server = OpenAIServer(openai_urls([host])[0])
    try:
        return tuple([await server.describe(name) for name in sorted(await server.models())])
    finally:
        await server.aclose()


async def _look(host: str) -> Offer:
    url = openai_urls([host])[0]
    models = await _models(url) or ()
    kind = models[0].server if models else "OpenAI-compatible"
    return Offer("openai", url, True, f"{kind}, {counted(models)}", models)


async def _doctor(host: str, contexts: Mapping[str, int] | None) -> HostReport | None:
    if not host and not os.environ.get("OPENAI_BASE_URL"):
        return None
    from lwd_tui.backends.openai.doctor import doctor

    return await doctor(openai_urls([host])[0], contexts or {})


BACKEND = Backend(
    generator=_generator,
    embedder=_embedder,
    look=_look,
    models=_models,
    doctor=_doctor,
    hosts="OPENAI_BASE_URL",
    sets_context=False,
    tells_thinking=False,
    embedding_model="text-embedding-3-small",
    module="openai",
    extra="openai",
    title="OpenAI-compatible servers",
)
