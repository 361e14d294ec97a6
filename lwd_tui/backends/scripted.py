"""Scripted models: deterministic answers and embeddings, for tests, teaching and rehearsals.

A scripted model speaks sentences of six words from a shared vocabulary. Its name decides which
words it likes. The stronger its attraction, the more often it takes a word from what it read
instead, each in proportion to how often it stood there: a Pólya urn over words, which collapses
as the network does.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import time
from bisect import bisect
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from functools import lru_cache
from itertools import accumulate, chain

import numpy as np

from lwd_tui.experiment.backend import (
    Backend,
    Embeddings,
    GenerateRequest,
    Generation,
    Offer,
    Preview,
    UnfitRequest,
)
from lwd_tui.experiment.llm import Scripted
from lwd_tui.types import ModelInfo, Vectors

SLOTS: tuple[tuple[str, ...], ...] = (
    ("steady", "bold", "fragile", "patient", "hidden", "crowded", "early", "quiet"),
    ("builders", "traders", "savers", "miners", "teachers", "critics", "states", "banks"),
    ("will shape", "may slow", "can double", "should test", "will calm", "may split",
     "can outlast", "should free"),
    ("open", "scarce", "cheap", "shared", "strict", "distant", "local", "digital"),
    ("markets", "networks", "ledgers", "rules", "prices", "habits", "savings", "machines"),
    ("this year", "over a decade", "after the crash", "before long", "in small towns",
     "against all odds", "by slow degrees", "at great cost"),
)  # fmt: skip
_WORDS = {phrase: slot for slot, phrases in enumerate(SLOTS) for phrase in phrases}
_FIND = re.compile(r"\b(" + "|".join(sorted(_WORDS, key=len, reverse=True)) + r")\b")
_BLANK = "Here is one sentence:"


class ScriptedGenerator:
    """Answers at once, or at a set pace, from the seeds of the request alone."""

    def __init__(self, settings: Scripted) -> None:
        self._settings = settings

    async def describe(self, model: str) -> ModelInfo:
        """Say that any name is a model."""
        digest = hashlib.sha256(
            f"scripted {model} {self._settings.model_dump_json()}".encode()
        ).hexdigest()
        return ModelInfo(
            model, "scripted", digest, "scripted", capabilities=("generate", "chat"), loaded=True
        )

    async def count_tokens(self, model: str, text: str) -> int:  # noqa: ARG002 (the protocol's)
        """Count words: a scripted model's tokens."""
        return len(text.split())

    async def prepare(self, contexts: dict[str, int], answers: int) -> None:
        """Do nothing: there is nothing to load."""

    async def generate(
        self, request: GenerateRequest, preview: Preview | None = None
    ) -> AsyncGenerator[Generation, None]:
        """Answer seed by seed, in order."""
        text = request.prompt.text
        read = Counter(chain.from_iterable(map(_phrases, text.splitlines())))
        prompt_tokens = len(text.split())
        for position, seed in enumerate(request.seeds):
            began = time.perf_counter()
            answer = self._answer(request.model, seed, read)
            words = answer.split()
            for word in words if self._settings.tokens_per_second or preview else ():
                if self._settings.tokens_per_second:
                    await asyncio.sleep(1 / self._settings.tokens_per_second)
                if preview:
                    preview(position, f"{word} ")
            seconds = time.perf_counter() - began
            yield Generation(position, answer, seed, "stop", prompt_tokens, len(words), seconds)

    async def aclose(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _answer(self, model: str, seed: int, read: Counter[str]) -> str:
        rng = random.Random(seed)  # noqa: S311 (a simulation, not a secret)
        if rng.random() < self._settings.failures:
            return _BLANK
        words = [self._word(model, slot, rng, read) for slot in range(len(SLOTS))]
        sentence = f"{' '.join(words)}."
        return sentence[0].upper() + sentence[1:]

    def _word(self, model: str, slot: int, rng: random.Random, read: Counter[str]) -> str:
        # Always two numbers a word, so that one choice never shifts the next.
        heeds, place = rng.random(), rng.random()
        phrases = SLOTS[slot]
        counts = [read[phrase] for phrase in phrases]
        if heeds < self._settings.attraction and any(counts):
            weights: Sequence[float] = counts
        else:
            weights = _liking(model, slot, self._settings.spread)
        cumulative = list(accumulate(weights))
        return phrases[min(bisect(cumulative, place * cumulative[-1]), len(phrases) - 1)]


@lru_cache(maxsize=65536)
def _phrases(line: str) -> tuple[str, ...]:
    """Find the vocabulary in a line; a post is read many times over."""
    return tuple(_FIND.findall(line.lower()))


@lru_cache(maxsize=4096)
def _liking(model: str, slot: int, spread: float) -> tuple[float, ...]:
    """How much a model likes each word of a slot: most its own favourite, the rest by spread."""
    digest = hashlib.sha256(f"{model}/{slot}".encode()).digest()
    favourite = digest[0] % len(SLOTS[slot])
    return tuple(
        1.0 if position == favourite else spread * (1 + digest[position + 1] / 255) / 4
        for position in range(len(SLOTS[slot]))
    )


class ScriptedEmbedder:
    """Sums a fixed random vector for each word of a text.

    Parameters
    ----------
    model : str
        Such as "words-64": the number is the dimension, p.
    prefix : str
    normalise : bool

    Raises
    ------
    UnfitRequest
        If the name gives no dimension from 2 to 4096.
    """

    def __init__(self, model: str, prefix: str, normalise: bool) -> None:
        size = re.fullmatch(r"words-(\d{1,4})", model)
        if size is None or not 2 <= int(size[1]) <= 4096:
            raise UnfitRequest(
                f"the scripted embedder has no model {model!r}; name it words-P with a "
                "dimension P from 2 to 4096, such as words-64"
            )
        self._model = model
        self._dimension = int(size[1])
        self._prefix = prefix
        self._normalise = normalise
        self._known: dict[str, Vectors] = {}

    async def describe(self) -> ModelInfo:
        """Say what the embedder is."""
        digest = hashlib.sha256(f"scripted {self._model}".encode()).hexdigest()
        return ModelInfo(
            self._model, "scripted", digest, "scripted", capabilities=("embed",), loaded=True
        )

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts; nothing is ever cut."""
        vectors = np.stack([self._vector(self._prefix + text) for text in texts])
        return Embeddings(vectors, (False,) * len(texts))

    async def aclose(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _vector(self, text: str) -> Vectors:
        words = re.findall(r"\w+", text.lower()) or [text]
        total = np.zeros(self._dimension, dtype=np.float32)
        for word in words:
            total += self._word(word)
        if self._normalise:
            total /= np.linalg.norm(total)
        return total

    def _word(self, word: str) -> Vectors:
        if word not in self._known:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
            rng = np.random.default_rng(seed)
            self._known[word] = rng.standard_normal(self._dimension).astype(np.float32)
        return self._known[word]


_NAMES = ("ada", "ben", "cleo", "dora", "emil", "fay")


async def _look(_: str) -> Offer:
    generator = ScriptedGenerator(Scripted())
    models = tuple([await generator.describe(name) for name in _NAMES])
    words = "no models, but rules that answer at once: for tests, teaching and rehearsals"
    return Offer("scripted", "", True, words, models)


BACKEND = Backend(
    generator=lambda opening: ScriptedGenerator(opening.scripted),
    embedder=lambda spec, _: ScriptedEmbedder(spec.model, spec.prefix, spec.normalise),
    look=_look,
    embedding_model="words-64",
)
