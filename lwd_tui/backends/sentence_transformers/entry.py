"""sentence-transformers as a backend: it embeds, and generates nothing."""

from __future__ import annotations

from lwd_tui.experiment.backend import Backend, Embedder, Opening
from lwd_tui.experiment.llm import EmbedderSpec


def _embedder(spec: EmbedderSpec, _: Opening) -> Embedder:
    from lwd_tui.backends.sentence_transformers.embedder import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(spec.model, spec.prefix, spec.normalise)


BACKEND = Backend(
    embedder=_embedder,
    embedding_model="nomic-ai/nomic-embed-text-v1.5",
    module="sentence_transformers",
    extra="sentence-transformers",
    title="the sentence-transformers embedder",
)
