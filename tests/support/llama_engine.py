"""Real models behind the stand-in for Ollama: each in a llama-server of xllamacpp's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx

from lwd_tui.backends.embedded.packaged import path_of
from support.engine import StandInModel
from support.llama_server import llama_server
from support.ollama_server import OllamaStandIn

SMOLLM2 = StandInModel("smollm2:135m")
TWIN = StandInModel("smollm2-twin:135m", family="twin")
MINILM = StandInModel("all-minilm:l6", "bert", "22.6M", "F16", 45_000_000, 256, embeds=True)
# A server closes idle connections, and not when we expect it.
_FRESH = httpx.Limits(max_keepalive_connections=0)
_FILES = {
    SMOLLM2.name: "smollm2-135m",
    TWIN.name: "smollm2-135m",
    MINILM.name: "all-minilm-l6-v2",
}


class LlamaEngine:
    """Answers and embeds with the packaged weights, as Ollama's own runner does."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[AbstractContextManager[str], httpx.AsyncClient]] = {}

    async def load(self, model: StandInModel, context: int, slots: int) -> None:
        path = await asyncio.to_thread(path_of, _FILES[model.name])
        server = llama_server(Path(path), slots=slots, context=context, embedding=model.embeds)
        url = await asyncio.to_thread(server.__enter__)
        self._running[model.name] = (
            server,
            httpx.AsyncClient(base_url=url, timeout=600, trust_env=False, limits=_FRESH),
        )

    async def unload(self, model: StandInModel) -> None:
        server, client = self._running.pop(model.name)
        await client.aclose()
        await asyncio.to_thread(server.__exit__, None, None, None)

    async def tokens(self, model: StandInModel, body: dict[str, Any]) -> int:
        client = self._running[model.name][1]
        text = await self._prompt(client, body)
        answer = await client.post("/tokenize", json={"content": text, "parse_special": True})
        return len(answer.json()["tokens"])

    async def generate(
        self, model: StandInModel, body: dict[str, Any], limit: int
    ) -> AsyncIterator[tuple[str, str]]:
        client = self._running[model.name][1]
        asked = {
            "prompt": await self._prompt(client, body),
            "n_predict": limit,
            "stream": True,
            "cache_prompt": True,
        }
        for name in ("temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed", "stop"):
            if name in body["options"]:
                asked[name] = body["options"][name]
        async with client.stream("POST", "/completion", json=asked) as answer:
            async for line in answer.aiter_lines():
                if not line.startswith("data: "):
                    continue
                part = json.loads(line.removeprefix("data: "))
                reason = ""
                if part["stop"]:
                    reason = "length" if part.get("stop_type") == "limit" else "stop"
                yield part["content"], reason

    async def embed(self, model: StandInModel, text: str) -> list[float]:
        client = self._running[model.name][1]
        asked = {"content": text, "embd_normalize": -1}
        answer = (await client.post("/embedding", json=asked)).json()
        vector: list[float] = answer[0]["embedding"][0]
        return vector

    async def _prompt(self, client: httpx.AsyncClient, body: dict[str, Any]) -> str:
        if "messages" not in body:
            return str(body["prompt"])
        answer = await client.post("/apply-template", json={"messages": body["messages"]})
        return str(answer.json()["prompt"])


def stand_in(port: int = 0, slots: int = 2, room: int = 3) -> OllamaStandIn:
    """Return a stand-in with three real models: two that generate, one that embeds."""
    return OllamaStandIn(
        port=port,
        models=[SMOLLM2, TWIN, MINILM],
        engine=LlamaEngine(),
        slots=slots,
        room=room,
    )
