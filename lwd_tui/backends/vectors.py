"""Vectors from servers: asked for in batches, checked before anything is computed with them."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from lwd_tui.backends.pool import Pool
from lwd_tui.backends.retry import Transient
from lwd_tui.experiment.backend import BackendError, Embeddings, UnfitRequest
from lwd_tui.types import ModelInfo, Vectors

UNIT_TOLERANCE = 1e-3
BATCH = 32
_PROBE = "probe"


class NoVector(Exception):
    """A server gave no vector for a text of a batch, or one that is zero or not finite."""


class ServerEmbedder(ABC):
    """What embedders by servers have in common.

    Parameters
    ----------
    model : str
    prefix : str
        Put before every text.
    normalise : bool
        True: vectors of length 1. False: raw ones.
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
        seconds: float,
        attempts: int,
        first_delay: float,
    ) -> None:
        self._model = model
        self._prefix = prefix
        self._normalise = normalise
        self._seconds = seconds
        self._pool = Pool(attempts, first_delay)
        self._info: ModelInfo | None = None

    async def describe(self) -> ModelInfo:
        """Say what the servers know about the model, having tried that it embeds.

        Raises
        ------
        ServerMissing, ModelMissing
        UnfitRequest
            If it can't embed, or gives vectors of length 1 where raw ones are asked for.
        """
        info = await self._know()
        try:
            await self._batch([self._prefix + _PROBE])
        except NoVector as error:
            raise BackendError(f"{self._model} can't embed the word {_PROBE!r}: {error}") from None
        return info

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts in order; those that have no vector, alone as in a batch, are marked.

        Raises
        ------
        UnfitRequest
            If a text is blank.
        BackendStopped
            If the servers failed and retries did not help.
        """
        await self._know()
        if any(not text.strip() for text in texts):
            raise UnfitRequest(f"{self._model}: a blank text has no embedding")
        prefixed = [self._prefix + text for text in texts]
        batches = [prefixed[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        return _together(await asyncio.gather(*(self._surely(batch) for batch in batches)))

    async def _surely(self, texts: Sequence[str]) -> Embeddings:
        """Embed a batch; if that fails for one of its texts, one by one, to learn which."""
        try:
            return await self._batch(texts)
        except NoVector:
            if len(texts) == 1:
                return Embeddings(np.zeros((1, 0), dtype=np.float32), (False,), (True,))
        return _together([await self._surely([text]) for text in texts])

    async def _know(self) -> ModelInfo:
        if self._info is None:
            self._info = await self._find()
        return self._info

    @abstractmethod
    async def _find(self) -> ModelInfo:
        """Find out which servers have the model, and what they know about it."""

    @abstractmethod
    async def _batch(self, texts: Sequence[str]) -> Embeddings:
        """Embed one batch, prefixed already, on one host; raise NoVector for what has none."""


def _together(parts: Sequence[Embeddings]) -> Embeddings:
    """Put batches together; rows without a vector are zero."""
    width = max((part.vectors.shape[1] for part in parts), default=0)
    rows = [part.vectors if part.vectors.shape[1] else _blank(part, width) for part in parts]
    return Embeddings(
        np.concatenate(rows) if rows else np.empty((0, 0), dtype=np.float32),
        tuple(cut for part in parts for cut in part.truncated),
        tuple(lacks for part in parts for lacks in part.missing or (False,) * len(part.vectors)),
        tuple(fault for part in parts for fault in part.faults),
    )


def _blank(part: Embeddings, width: int) -> Vectors:
    return np.zeros((len(part.vectors), width), dtype=np.float32)


def checked(rows: Any, count: int) -> Vectors:
    """Return what a server sent as vectors as an array of shape (count, p), float32.

    Raises
    ------
    Transient
        If it is no list, or has more than there are texts, or of different lengths.
    NoVector
        If there are fewer, or one is empty, zero, not finite or not of numbers.
    """
    if not isinstance(rows, list):
        raise Transient("it sent no list of vectors")
    if len(rows) < count or not all(rows):
        raise NoVector(f"it sent {len(rows)} vectors for {count} texts, or an empty one")
    if not all(isinstance(row, list) for row in rows):
        raise NoVector("it sent a vector that is no list of numbers")
    if len(rows) != count or len({len(row) for row in rows}) != 1:
        raise Transient(f"it sent {len(rows)} vectors for {count} texts, or of different lengths")
    try:
        with np.errstate(over="ignore"):
            vectors = np.asarray(rows, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise NoVector("it sent a vector that is no list of numbers") from None
    if vectors.ndim != 2 or not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
        raise NoVector("it sent a vector that is zero or not finite")
    return vectors


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors at length 1."""
    exact = vectors.astype(np.float64)
    scaled: Vectors = (exact / np.linalg.norm(exact, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def refuse_unit(vectors: Vectors, model: str, url: str) -> None:
    """Raise UnfitRequest if vectors asked for raw have length 1, so that no run calls them raw."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if (np.abs(lengths - 1) < UNIT_TOLERANCE).all():
        raise UnfitRequest(
            f"{model} at {url} gives vectors of length 1 where raw ones are asked for; set "
            "embedder.normalise = true, so that the run says what it holds"
        )
