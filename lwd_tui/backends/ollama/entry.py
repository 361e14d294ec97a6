"""Ollama as a backend. Imports its client only when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from importlib import import_module

from lwd_tui.backends.hosts import ollama_hosts
from lwd_tui.experiment.backend import (
    Backend,
    Embedder,
    Generator,
    Offer,
    Opening,
    Progress,
    counted,
)
from lwd_tui.experiment.doctor import HostReport
from lwd_tui.experiment.llm import EmbedderSpec
from lwd_tui.types import ModelInfo


def _generator(opening: Opening) -> Generator:
    from lwd_tui.backends.ollama.generator import OllamaGenerator

    return OllamaGenerator(opening.hosts, opening.notice)


def _embedder(spec: EmbedderSpec, opening: Opening) -> Embedder:
    from lwd_tui.backends.ollama.embedder import OllamaEmbedder

    return OllamaEmbedder(spec.model, spec.prefix, spec.normalise, opening.hosts)


async def _choose(host: str, count: int) -> Sequence[str]:
    from lwd_tui.backends.ollama.models import choose_models

    return await choose_models(host, count)


async def _look(host: str) -> Offer:
    # A client takes half a second to import, which must not hold up who waits here.
    await asyncio.to_thread(import_module, "lwd_tui.backends.ollama.models")
    from lwd_tui.backends.ollama.models import list_models

    url = ollama_hosts([host])[0]
    found = await list_models(host)
    models = tuple(model for model in found if "generate" in model.capabilities)
    if not models:
        words = "no model here generates text; get one with: lwd-tui models pull llama3.2"
        return Offer("ollama", url, True, words, complete=True)
    loaded = ", ".join(_in_memory(model) for model in found if model.loaded)
    words = f"{models[0].server}, {counted(models)}, in memory: {loaded or 'none'}"
    return Offer("ollama", url, True, words, models, complete=True)


async def _models(host: str) -> Sequence[ModelInfo]:
    from lwd_tui.backends.ollama.models import list_models

    return await list_models(host)


async def _doctor(host: str, contexts: Mapping[str, int] | None) -> HostReport:
    from lwd_tui.backends.ollama.doctor import doctor

    (report,) = await doctor([host], contexts)
    return report


async def _pull(host: str, name: str, progress: Progress) -> None:
    from lwd_tui.backends.ollama.models import pull_model

    await pull_model(host, name, progress)


def _in_memory(model: ModelInfo) -> str:
    share = "" if model.gpu_share is None else f" ({model.gpu_share:.0%} on the GPU)"
    return f"{model.name}{share}"


BACKEND = Backend(
    generator=_generator,
    embedder=_embedder,
    look=_look,
    choose=_choose,
    models=_models,
    doctor=_doctor,
    pull=_pull,
    hosts="OLLAMA_HOST or this machine",
    embedding_model="nomic-embed-text",
)
