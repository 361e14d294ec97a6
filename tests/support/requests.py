"""Requests, generators and answers, made short."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from lwd_tui.backends.ollama.generator import OllamaGenerator
from lwd_tui.backends.openai.generator import OpenAIGenerator
from lwd_tui.experiment.backend import GenerateRequest, Generation, Generator, Preview
from lwd_tui.experiment.llm import Sampling
from lwd_tui.types import Message, Prompt

CHAT = Prompt("chat", (Message("system", "You are concise."), Message("user", "Name a colour.")))


def wish(
    model: str = "smollm2:135m",
    seeds: tuple[int, ...] = (1,),
    prompt: Prompt = CHAT,
    context: int = 512,
    **sampling: Any,
) -> GenerateRequest:
    return GenerateRequest(model, prompt, seeds, Sampling(**sampling), context)


async def answers(
    generator: Generator, request: GenerateRequest, preview: Preview | None = None
) -> list[Generation]:
    """Return all answers, by position."""
    async with aclosing(generator.generate(request, preview)) as stream:
        found = [answer async for answer in stream]
    return sorted(found, key=lambda answer: answer.position)


def ollama(*urls: str, **settings: Any) -> OllamaGenerator:
    """Return a generator that is quick to give up and to try again."""
    quick = {"first_seconds": 5.0, "idle_seconds": 0.3, "attempts": 4, "first_delay": 0.01}
    return OllamaGenerator(urls, **(quick | settings))


def openai(*urls: str, **settings: Any) -> OpenAIGenerator:
    """Return a generator that is quick to give up and to try again."""
    quick = {"first_seconds": 2.0, "idle_seconds": 0.3, "attempts": 4, "first_delay": 0.01}
    return OpenAIGenerator(urls, **(quick | settings))
