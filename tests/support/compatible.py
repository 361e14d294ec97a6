"""A server with the OpenAI-compatible interface, as vLLM, llama-server and others have it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from support.http import Reply, Request, WireServer

Fault = Callable[[Request, Reply], Awaitable[None]]


class Compatible(WireServer):
    """Answers chats word by word, each seed with its own words."""

    def __init__(self, owner: str = "vllm", slots: int = 4, **model: Any) -> None:
        super().__init__(self._answer)
        self.owner = owner
        self.slots = slots
        self.model = model
        self.faults: deque[Fault] = deque()
        self.active = self.most_active = 0
        self.length = 3.0
        # The n-th word of an answer to a request, by its seed.
        self.word: Callable[[dict[str, Any], int, int], str] = lambda _, seed, n: f"{seed}.{n} "
        # Whether it has a way to count tokens, which gateways often don't pass on.
        self.counts = True
        # What it says against a request, if anything.
        self.objection: Callable[[dict[str, Any]], str | None] = lambda _: None

    async def _answer(self, request: Request, reply: Reply) -> None:
        match request.path:
            case "/v1/models":
                row = {"id": "m", "object": "model", "owned_by": self.owner, **self.model}
                await reply.send(200, {"object": "list", "data": [row]})
            case "/props":
                await reply.send(200, {"total_slots": self.slots})
            case "/tokenize" if self.counts:
                text = request.body.get("prompt") or request.body["content"]
                await reply.send(200, {"tokens": text.split(), "count": len(text.split())})
            case "/v1/chat/completions" | "/v1/completions":
                if self.faults:
                    await self.faults.popleft()(request, reply)
                    return
                if message := self.objection(request.body):
                    await reply.send(400, {"error": {"message": message}})
                    return
                self.active += 1
                self.most_active = max(self.active, self.most_active)
                try:
                    await self._speak(request, reply)
                finally:
                    self.active -= 1
            case "/v1/embeddings":
                if self.faults:
                    await self.faults.popleft()(request, reply)
                    return
                rows = [
                    {"object": "embedding", "index": number, "embedding": self._vector(text)}
                    for number, text in enumerate(request.body["input"])
                ]
                # The order in which they come is no promise.
                await reply.send(200, {"object": "list", "data": rows[::-1], "model": "m"})
            case _:
                await reply.send(404, {"detail": "Not Found"})

    def _vector(self, text: str) -> list[float]:
        return [self.length * value for value in (0.6, 0.8 if len(text) % 2 else -0.8)]

    async def _speak(self, request: Request, reply: Reply) -> None:
        body = request.body
        await reply.stream("text/event-stream")
        count = body.get("n", 1)
        for word in range(3):
            for index in range(count):
                text = self.word(body, body.get("seed", 0) + index, word)
                await self.chunk(request, reply, index, text)
            await asyncio.sleep(0.005)
        for index in range(count):
            await self.chunk(request, reply, index, "", "stop")
        words = sum(len(turn["content"].split()) for turn in body.get("messages", []))
        words = words or len(body.get("prompt", "").split())
        usage = {"prompt_tokens": words + 5, "completion_tokens": 3 * count, "total_tokens": 0}
        await reply.chunk(f"data: {json.dumps(stream_part(request, [], usage=usage))}\n\n")
        await reply.chunk("data: [DONE]\n\n")
        await reply.end()

    async def chunk(
        self, request: Request, reply: Reply, index: int, text: str, finish: str | None = None
    ) -> None:
        chat = request.path == "/v1/chat/completions"
        content = {"delta": {"content": text}} if chat else {"text": text}
        choice = {"index": index, "finish_reason": finish, **content}
        await reply.chunk(f"data: {json.dumps(stream_part(request, [choice]))}\n\n")


def unknown_fields(*names: str) -> Callable[[dict[str, Any]], str | None]:
    """Return the objection of a server that doesn't know some fields."""

    def objection(body: dict[str, Any]) -> str | None:
        unknown = next((name for name in names if name in body), None)
        return unknown and f"Unrecognized request argument supplied: {unknown}"

    return objection


def stream_part(request: Request, choices: list[Any], **more: Any) -> dict[str, Any]:
    kind = "chat.completion.chunk" if "chat" in request.path else "text_completion"
    return {"id": "c", "object": kind, "created": 1, "model": "m", "choices": choices, **more}
