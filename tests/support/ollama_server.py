"""A stand-in for an Ollama server: its interface as recorded, over an engine of the test's choice.

It loads and swaps models, queues, cuts prompts, forgets models after keep_alive and fails on
demand. What it imitates was recorded from Ollama 0.32.15 (tests/data/ollama-wire); it is no proof
of how any other version behaves.

    python -m support.ollama_server --port 11500     (in tests/; needs xllamacpp and the weights)
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import sys
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.engine import Engine, StandInModel, WordEngine
from support.http import Reply, Request, WireServer
from support.ollama_wire import answer_line, filed, refusal, seconds_of, unit_vector

Fault = Callable[["OllamaStandIn", Request, Reply], Awaitable[None]]


@dataclass
class _Loaded:
    context: int
    shifts: bool
    slots: asyncio.Semaphore
    expires: float
    users: int = 0


@dataclass
class OllamaStandIn(WireServer):
    """The server.

    Attributes
    ----------
    models : list of StandInModel
    room : int
        Models that fit into its memory at once.
    slots, queue : int
        OLLAMA_NUM_PARALLEL and OLLAMA_MAX_QUEUE.
    refuses : bool
        Whether it honours ``truncate: false``; if not, it cuts to `cut_to` of the context.
    faults : deque
        Taken one by one by the next requests for an answer.
    loads : list of str
        Every load, in order: the swaps.
    most_active : dict of str to int
        The most requests that were in the server at once, by model.
    quiet : asyncio.Event
        Set while no request is in the server.
    """

    handler: Any = None
    models: list[StandInModel] = field(default_factory=list)
    engine: Engine = field(default_factory=WordEngine)
    version: str = "0.32.15"
    room: int = 3
    slots: int = 1
    queue: int = 512
    load_seconds: float = 0.0
    refuses: bool = True
    cut_to: float = 0.5
    gpu_share: float = 1.0
    raw_length: bool = True
    faults: deque[Fault] = field(default_factory=deque)
    loads: list[str] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    most_active: dict[str, int] = field(default_factory=dict)
    cancelled: int = 0
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    loaded: dict[str, _Loaded] = field(default_factory=dict)
    _memory: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.handler = self._answer

    def hold(self, name: str, context: int) -> None:
        """Have a model in memory from the start, as one that its owner keeps there."""
        slots = asyncio.Semaphore(self.slots)
        self.loaded[name] = _Loaded(context, False, slots, time.monotonic() + 1e6)

    async def stop(self) -> None:
        await super().stop()
        for name in list(self.loaded):
            await self.engine.unload(self._model(name))
        self.loaded.clear()

    def _model(self, name: str) -> StandInModel:
        return next(model for model in self.models if model.name == filed(name))

    async def _answer(self, request: Request, reply: Reply) -> None:
        await self._expire()
        routes = {
            "/": self._root,
            "/api/version": self._version,
            "/api/tags": self._tags,
            "/api/ps": self._ps,
            "/api/show": self._show,
            "/api/chat": self._generate,
            "/api/generate": self._generate,
            "/api/embed": self._embed,
            "/api/embeddings": self._embeddings,
            "/api/pull": self._pull,
        }
        if request.path not in routes:
            await reply.send(404, "404 page not found", "text/plain")
            return
        name = (request.body or {}).get("model") if request.method == "POST" else None
        known = name is None or any(model.name == filed(name) for model in self.models)
        if not known and request.path != "/api/pull":
            await reply.send(404, {"error": f"model '{name}' not found"})
            return
        await routes[request.path](request, reply)

    async def _root(self, request: Request, reply: Reply) -> None:
        await reply.send(200, "Ollama is running", "text/plain")

    async def _version(self, request: Request, reply: Reply) -> None:
        await reply.send(200, {"version": self.version})

    async def _tags(self, request: Request, reply: Reply) -> None:
        # As the real one does, this calls an embedding model able to complete.
        listed = [
            self._listed(model)
            | {"capabilities": ["completion", *(["tools", "thinking"] if model.remote else [])]}
            | ({"remote_model": model.name, "remote_host": model.remote} if model.remote else {})
            for model in self.models
        ]
        await reply.send(200, {"models": listed})

    async def _ps(self, request: Request, reply: Reply) -> None:
        rows = []
        for name, loaded in self.loaded.items():
            model = self._model(name)
            size = model.size * 2
            expires = datetime.now(UTC) + timedelta(seconds=loaded.expires - time.monotonic())
            rows.append(
                self._listed(model)
                | {
                    "size": size,
                    "size_vram": int(size * self.gpu_share),
                    "expires_at": expires.isoformat(),
                    "context_length": loaded.context,
                }
            )
        await reply.send(200, {"models": rows})

    def _listed(self, model: StandInModel) -> dict[str, Any]:
        return {
            "name": model.name,
            "model": model.name,
            "modified_at": "2026-11-22T05:59:36.39667845Z",
            "size": model.size,
            "digest": model.digest,
            "details": {
                "parent_model": "",
                "format": "gguf",
                "family": model.family,
                "families": [model.family],
                "parameter_size": model.parameters,
                "quantization_level": model.quantisation,
            },
        }

    async def _show(self, request: Request, reply: Reply) -> None:
        model = self._model(request.body["model"])
        if model.remote:
            told = "ollama cloud is disabled: remote model details are unavailable"
            await reply.send(403, {"error": told})
            return
        capabilities = ["embedding"] if model.embeds else ["completion"]
        if model.thinks:
            capabilities.append("thinking")
        info = {
            "general.architecture": model.family,
            f"{model.family}.context_length": model.context_length,
        }
        if model.embeds:
            info[f"{model.family}.pooling_type"] = 1
        await reply.send(
            200,
            {
                "modelfile": f"FROM {model.name}\n"
                + (f"RENDERER {model.renderer}\n" if model.renderer else ""),
                "parameters": 'stop                           "<|im_end|>"',
                "template": model.template,
                "details": self._listed(model)["details"],
                "model_info": info,
                "capabilities": capabilities,
                "modified_at": "2026-11-22T05:59:36.39667845Z",
            },
        )

    async def _pull(self, request: Request, reply: Reply) -> None:
        name = request.body["model"]
        await reply.stream()
        await reply.chunk({"status": "pulling manifest"})
        if "nope" in name:
            await reply.chunk({"error": "pull model manifest: file does not exist"})
            await reply.end()
            return
        for completed in (0, 50, 100):
            await reply.chunk(
                {"status": "pulling 0a1b", "digest": "0a1b", "total": 100, "completed": completed}
            )
        self.models.append(StandInModel(filed(name)))
        await reply.chunk({"status": "success"})
        await reply.end()

    async def _generate(self, request: Request, reply: Reply) -> None:
        body = request.body
        model = self._model(body["model"])
        chat = request.path == "/api/chat"
        empty = not body.get("messages") if chat else not body.get("prompt")
        if empty and body.get("keep_alive") == 0:
            if model.name in self.loaded:
                # As the real one does, it lets those finish that are using it.
                self.loaded[model.name].expires = 0.0
                await self._expire()
            await reply.send(200, answer_line(body, chat, "", done_reason="unload"))
            return
        if model.embeds:
            what = "chat" if chat else "generate"
            await reply.send(400, {"error": f'"{model.name}" does not support {what}'})
            return
        if body.get("think") is not None and not model.thinks:
            await reply.send(400, {"error": f'"{model.name}" does not support thinking'})
            return
        if self.faults and not empty and not body.get("prompt", "").startswith("a a a a"):
            await self.faults.popleft()(self, request, reply)
            return
        if sum(self.waiting.values()) >= self.queue + self.slots:
            await reply.send(
                503,
                {"error": "server busy, please try again.  maximum pending requests exceeded"},
            )
            return
        self.quiet.clear()
        self.waiting[model.name] = self.waiting.get(model.name, 0) + 1
        most = max(self.most_active.get(model.name, 0), self.waiting[model.name])
        self.most_active[model.name] = most
        work = asyncio.create_task(self._work(model, body, chat, empty, reply))
        gone = asyncio.create_task(reply.gone.wait())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self.cancelled += 1
            elif (error := work.exception()) is not None and not reply.gone.is_set():
                await self._failed(error, reply)
        finally:
            self.waiting[model.name] -= 1
            gone.cancel()
            work.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)
            if not any(self.waiting.values()):
                self.quiet.set()

    async def _failed(self, error: BaseException, reply: Reply) -> None:
        traceback.print_exception(error)
        if reply.started:
            await reply.reset()
        else:
            await reply.send(500, {"error": f"the engine failed: {error!r}"})

    async def _work(
        self, model: StandInModel, body: dict[str, Any], chat: bool, empty: bool, reply: Reply
    ) -> None:
        options = body.setdefault("options", {})
        context = min(options.get("num_ctx", 4096), model.context_length)
        # Newer ones fix whether a context may be shifted when they load a model.
        shifts = body.get("shift") is not False
        loaded = await self._use(model, context, body.get("keep_alive", "5m"), shifts)
        try:
            if empty:
                await reply.send(200, answer_line(body, chat, "", done_reason="load"))
                return
            counted = await self.engine.tokens(model, body)
            if counted >= context:
                if self.refuses and body.get("truncate") is False:
                    await reply.send(400, {"error": refusal(counted, context)})
                    return
                counted = int(context * self.cut_to)
            async with loaded.slots:
                await self._speak(model, body, chat, counted, context, reply)
        finally:
            loaded.users -= 1
            await self._expire()
            async with self._memory:
                self._memory.notify_all()

    async def _speak(
        self,
        model: StandInModel,
        body: dict[str, Any],
        chat: bool,
        counted: int,
        context: int,
        reply: Reply,
    ) -> None:
        limit = body["options"].get("num_predict", 128)
        if body.get("shift") is False:
            limit = min(limit, context - counted)
        streamed = body.get("stream", True)
        if streamed:
            await reply.stream()
        pieces, reason = [], "stop"
        async for text, finish in self.engine.generate(model, body, limit):
            reason = finish or reason
            if text:
                pieces.append(text)
            if streamed and text:
                await reply.chunk(answer_line(body, chat, text))
        last = answer_line(
            body,
            chat,
            "" if streamed else "".join(pieces),
            done_reason=reason,
            total_duration=1,
            load_duration=1,
            prompt_eval_count=counted,
            prompt_eval_duration=1,
            eval_count=len(pieces),
            eval_duration=1,
        )
        if streamed:
            await reply.chunk(last)
            await reply.end()
        else:
            await reply.send(200, last)

    async def _embed(self, request: Request, reply: Reply) -> None:
        body = request.body
        model = self._model(body["model"])
        if not model.embeds:
            await reply.send(
                501,
                {"error": "This server does not support embeddings. Start it with `--embeddings`"},
            )
            return
        if self.faults:
            await self.faults.popleft()(self, request, reply)
            return
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        texts = texts if any(texts) else []
        cut = [" ".join(text.split()[: model.context_length]) for text in texts]
        if body.get("truncate") is False and cut != [" ".join(text.split()) for text in texts]:
            await reply.send(400, {"error": "the input length exceeds the context length"})
            return
        loaded = await self._use(model, model.context_length, body.get("keep_alive", "5m"))
        vectors = [unit_vector(await self.engine.embed(model, text)) for text in cut]
        loaded.users -= 1
        answer = {"model": body["model"], "embeddings": vectors, "prompt_eval_count": len(cut)}
        await reply.send(200, answer)

    async def _embeddings(self, request: Request, reply: Reply) -> None:
        body = request.body
        model = self._model(body["model"])
        loaded = await self._use(model, model.context_length, body.get("keep_alive", "5m"))
        text = " ".join(body["prompt"].split()[: model.context_length])
        vector = await self.engine.embed(model, text)
        loaded.users -= 1
        await reply.send(200, {"embedding": vector if self.raw_length else unit_vector(vector)})

    async def _use(
        self, model: StandInModel, context: int, keep_alive: Any, shifts: bool = True
    ) -> _Loaded:
        """Load a model as asked, once there is room for it, and count a user of it."""
        async with self._memory:
            while True:
                loaded = self.loaded.get(model.name)
                if loaded is not None and (loaded.context, loaded.shifts) == (context, shifts):
                    break
                idle = [name for name, other in self.loaded.items() if not other.users]
                if loaded is not None:
                    if loaded.users:
                        await self._memory.wait()
                    else:
                        await self._unload(model.name)
                elif len(self.loaded) < self.room:
                    self.loads.append(model.name)
                    await asyncio.sleep(self.load_seconds)
                    await self.engine.load(model, context, self.slots)
                    slots = asyncio.Semaphore(self.slots)
                    self.loaded[model.name] = _Loaded(context, shifts, slots, math.inf)
                elif idle:
                    await self._unload(idle[0])
                else:
                    await self._memory.wait()
            loaded = self.loaded[model.name]
            loaded.users += 1
            loaded.expires = time.monotonic() + seconds_of(keep_alive)
            return loaded

    async def _unload(self, name: str) -> None:
        if self.loaded.pop(name, None) is not None:
            await self.engine.unload(self._model(name))

    async def _expire(self) -> None:
        now = time.monotonic()
        for name, loaded in list(self.loaded.items()):
            if loaded.expires < now and not loaded.users:
                await self._unload(name)


async def serve(server: OllamaStandIn) -> None:
    async with server:
        sys.stdout.write(f"stand-in for Ollama at {server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def paced(port: int, slots: int, room: int) -> OllamaStandIn:
    """Return a stand-in that speaks at a fixed pace, whatever else the machine has to do."""
    names = ("ada:1b", "ben:1b", "cleo:1b")
    models = [StandInModel(name) for name in names]
    engine = WordEngine(token_seconds=0.02, words=32)
    return OllamaStandIn(port=port, models=models, engine=engine, slots=slots, room=room)


def main() -> None:
    parser = argparse.ArgumentParser(description="a stand-in for an Ollama server")
    parser.add_argument("--port", type=int, default=11500)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--room", type=int, default=3)
    parser.add_argument("--paced", action="store_true", help="words at a fixed pace, no models")
    given = parser.parse_args()
    if given.paced:
        server = paced(given.port, given.slots, given.room)
    else:
        from support.llama_engine import stand_in

        server = stand_in(given.port, given.slots, given.room)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(server))


if __name__ == "__main__":
    main()
