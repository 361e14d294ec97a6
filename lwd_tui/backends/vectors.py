"""Vectors from servers: asked for in batches, checked before anything is computed with them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from lwd_tui.backends.retry import Transient
from lwd_tui.experiment.backend import BackendError, Embeddings, UnfitRequest
from lwd_tui.types import Vectors

UNIT_TOLERANCE = 1e-3
BATCH = 32


async def in_batches(
    model: str, texts: Sequence[str], embed: Callable[[Sequence[str]], Awaitable[Embeddings]]
) -> Embeddings:
    """Embed texts, as many at a time as servers take at once; the answers keep their order.

    Raises
    ------
    UnfitRequest
        If a text is blank.
    """
    if any(not text.strip() for text in texts):
        raise UnfitRequest(f"{model}: a blank text has no embedding")
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    done = await asyncio.gather(*(embed(batch) for batch in batches))
    if not done:
        return Embeddings(np.empty((0, 0), dtype=np.float32), ())
    return Embeddings(
        np.concatenate([part.vectors for part in done]),
        tuple(cut for part in done for cut in part.truncated),
    )


def checked(rows: Sequence[Sequence[float]], count: int) -> Vectors:
    """Return vectors as an array of shape (count, p), float32.

    Raises
    ------
    Transient
        If there are more or fewer than texts, or of different lengths.
    BackendError
        If a number is not finite, or a vector is zero.
    """
    if len(rows) != count or len({len(row) for row in rows}) != 1:
        raise Transient(f"it sent {len(rows)} vectors for {count} texts, or of different lengths")
    vectors = np.asarray(rows, dtype=np.float32)
    if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
        raise BackendError("the embedding server sent a vector that is zero or not finite")
    return vectors


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors at length 1."""
    exact = vectors.astype(np.float64)
    scaled: Vectors = (exact / np.linalg.norm(exact, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def refuse_unit(vectors: Vectors, model: str, url: str) -> None:
    """Raise if vectors that were asked for raw have length 1, so that no run calls them raw.

    Raises
    ------
    UnfitRequest
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if (np.abs(lengths - 1) < UNIT_TOLERANCE).all():
        raise UnfitRequest(
            f"{model} at {url} gives vectors of length 1 where raw ones are asked for; set "
            "embedder.normalise = true, so that the run says what it holds"
        )
