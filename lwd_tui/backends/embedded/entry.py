"""llama.cpp in this process as a backend. Imports it, and what reads weights, only when asked."""

from __future__ import annotations

import asyncio

from lwd_tui.experiment.backend import Backend, Embedder, Generator, Offer, Opening, counted
from lwd_tui.experiment.llm import EmbedderSpec
from lwd_tui.types import ModelInfo


def _generator(opening: Opening) -> Generator:
    from lwd_tui.backends.embedded.generator import LlamaCppGenerator

    return LlamaCppGenerator(opening.notice, opening.fetching)


def _embedder(spec: EmbedderSpec, opening: Opening) -> Embedder:
    from lwd_tui.backends.embedded.embedder import LlamaCppEmbedder

    return LlamaCppEmbedder(
        spec.model, spec.prefix, spec.normalise, opening.notice, opening.fetching
    )


async def _look(_: str) -> Offer:
    models, absent = await asyncio.to_thread(_packaged)
    words = f"in this process, {counted(models)}"
    if absent:
        words += f", {len(absent)} of them to be fetched when they are first used"
    return Offer("embedded", "", True, words, models, absent)


def _packaged() -> tuple[tuple[ModelInfo, ...], frozenset[str]]:
    from lwd_tui.backends.embedded.gguf import read_metadata
    from lwd_tui.backends.embedded.model_files import ModelFile, library_version
    from lwd_tui.backends.embedded.packaged import CATALOGUE, is_present, path_of

    library_version()
    models, absent = [], set()
    for name, weights in CATALOGUE.items():
        if weights.purpose != "generate":
            continue
        if is_present(name):
            path = path_of(name)
            file = ModelFile(name, path, "", read_metadata(path), weights.licence)
            models.append(file.info(loaded=False))
        else:
            absent.add(name)
            models.append(
                ModelInfo(
                    name, "embedded", size=weights.size, licence=weights.licence, loaded=False
                )
            )
    return tuple(models), frozenset(absent)


BACKEND = Backend(
    generator=_generator,
    embedder=_embedder,
    look=_look,
    embedding_model="all-minilm-l6-v2",
    module="xllamacpp",
    extra="embedded",
    title="the embedded models",
)
