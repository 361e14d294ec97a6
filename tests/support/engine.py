"""What generates and embeds behind the stand-in for Ollama."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class StandInModel:
    name: str
    family: str = "llama"
    parameters: str = "135M"
    quantisation: str = "Q4_1"
    size: int = 98_000_000
    context_length: int = 8192
    embeds: bool = False
    template: str = "{{ .Messages }}"
    thinks: bool = False
    renderer: str = ""
    remote: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()


class Engine(Protocol):
    """What really generates and embeds behind the stand-in."""

    async def load(self, model: StandInModel, context: int, slots: int) -> None: ...

    async def unload(self, model: StandInModel) -> None: ...

    async def tokens(self, model: StandInModel, body: dict[str, Any]) -> int: ...

    def generate(
        self, model: StandInModel, body: dict[str, Any], limit: int
    ) -> AsyncIterator[tuple[str, str]]:
        """Yield (text, finish reason), the reason "" but for the last."""
        ...

    async def embed(self, model: StandInModel, text: str) -> list[float]: ...


class WordEngine:
    """Speaks seeded words at a pace; a word is a token, and a chat has eight more."""

    WORDS = ("bitcoin", "will", "rise", "fall", "slowly", "soon", "again", "perhaps")

    def __init__(self, token_seconds: float = 0.0, words: int = 6) -> None:
        self.token_seconds = token_seconds
        self.words = words

    async def load(self, model: StandInModel, context: int, slots: int) -> None: ...

    async def unload(self, model: StandInModel) -> None: ...

    async def tokens(self, model: StandInModel, body: dict[str, Any]) -> int:
        if "messages" in body:
            return 8 + sum(len(turn["content"].split()) for turn in body["messages"])
        return len(body["prompt"].split())

    async def generate(
        self, model: StandInModel, body: dict[str, Any], limit: int
    ) -> AsyncIterator[tuple[str, str]]:
        rng = random.Random(f"{model.name} {body['options'].get('seed')}")  # noqa: S311 (words)
        for number in range(min(self.words, limit)):
            await asyncio.sleep(self.token_seconds)
            yield (" " if number else "") + rng.choice(self.WORDS), ""
        yield ("." if limit >= self.words else ""), ("stop" if limit >= self.words else "length")

    async def embed(self, model: StandInModel, text: str) -> list[float]:
        rng = random.Random(text)  # noqa: S311 (a vector, no secret)
        return [rng.gauss(0, 3) for _ in range(16)]
