"""An embedder whose retries are recorded with the run."""

from __future__ import annotations

from collections.abc import Sequence

from lwd_tui.experiment.backend import Embedder, Embeddings
from lwd_tui.store.run import RunStore
from lwd_tui.types import ModelInfo


class RecordedEmbedder:
    """Embeds by another, and notes each fault that was met as an event of the step under way.

    Those of answers are kept with the answers; a vector has no row of its own.
    """

    def __init__(self, embedder: Embedder, store: RunStore) -> None:
        self._embedder = embedder
        self._store = store

    async def describe(self) -> ModelInfo:
        """Say what is known about the model."""
        return await self._embedder.describe()

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts."""
        found = await self._embedder.embed(texts)
        for fault in found.faults:
            self._store.add_event("embedding retried", fault, self._store.finished())
        return found

    async def aclose(self) -> None:
        """Let go of servers, processes and weights."""
        await self._embedder.aclose()
