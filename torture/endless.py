"""Servers that never come to an end: a byte a second, or as much as the wire takes."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from support.compatible import Compatible, stream_part
from support.engine import StandInModel
from support.http import Reply, Request, in_thread
from support.ollama_server import OllamaStandIn
from support.ollama_wire import answer_line

from lwd_tui.store.files import save_preset
from lwd_tui.store.run import RunStore
from torture.runs import Broken, Trial, experiment, nothing_lost
from torture.soak import watched

_MOST = 250
"""MiB that a run may take whatever its server sends: it begins with some 100."""


async def _drips(request: Request, reply: Reply) -> None:
    """Send a byte a second, of what may become a line."""
    await reply.stream("text/event-stream")
    while True:
        await reply.chunk(" ")
        await asyncio.sleep(1)


async def _one_line(request: Request, reply: Reply) -> None:
    """Send a line that never ends."""
    await reply.stream("text/event-stream")
    await reply.chunk('{"message": {"content": "')
    while True:
        await reply.chunk("and " * 4096)


async def _answers_on(request: Request, reply: Reply) -> None:
    """Send tokens for ever."""
    await reply.stream("text/event-stream")
    if request.path.startswith("/v1"):
        said = {"index": 0, "delta": {"content": "and "}, "finish_reason": None}
        part = f"data: {json.dumps(stream_part(request, [said]))}\n\n"
    else:
        part = json.dumps(answer_line(request.body, request.path == "/api/chat", "and ")) + "\n"
    while True:
        await reply.chunk(part * 64)


class _Always:
    """Stands in for the faults of a server: each request meets this one, until it is mended."""

    def __init__(self, kind: Callable[[Request, Reply], Awaitable[None]]) -> None:
        self._kind = kind
        self.share = 1.0

    def __bool__(self) -> bool:
        return self.share > 0

    def popleft(self) -> Callable[..., Awaitable[None]]:
        async def fault(*given: Any) -> None:
            await self._kind(*given[-2:])

        return fault


def endless(trial: Trial) -> None:
    """Ask servers that don't end: the run is paused, in little memory, and goes on once they do."""
    for kind in (_one_line, _answers_on) if trial.short else (_drips, _one_line, _answers_on):
        for backend in ("ollama", "openai"):
            _paused(trial, kind, backend)


def _paused(trial: Trial, kind: Callable[[Request, Reply], Awaitable[None]], backend: str) -> None:
    models = [StandInModel("ada:1b"), StandInModel("ben:1b")]
    names = ["ada:1b", "ben:1b"] if backend == "ollama" else ["m", "m"]
    server: Any = OllamaStandIn(models=models)
    if backend == "openai":
        server = Compatible("someone", max_model_len=8192)
    with in_thread(server):
        sampling = {"max_tokens": 32, "top_k": 0, "min_p": 0.0}
        people = [
            {"name": f"p{n}", "backend": backend, "model": name, "host": server.url}
            | {"sampling": sampling}
            for n, name in enumerate(names)
        ]
        spec = experiment(participants=people, responses=4, steps=60)
        stem = f"{backend}{kind.__name__}"
        preset, path = trial.folder / f"{stem}.toml", trial.folder / f"{stem}.sqlite"
        save_preset(spec, preset)
        always = _Always(kind)
        words = ("--preset", preset, "--headless", "--out", path)
        process = trial.start(*words, module="torture.hurried")
        sizes: list[float] = []
        begin = functools.partial(setattr, server, "faults", always)
        watched(process, path, [server], begin, sizes.append)
        told = trial.ended(process, 4)
        if not ("within" in told or "MiB" in told):
            raise Broken(f"{kind.__name__} was told as {told}")
        if max(sizes) > _MOST:
            raise Broken(f"{kind.__name__}: {max(sizes):.0f} MiB")
        trial.counts["endless servers"] += 1
        trial.counts["most MiB"] = max(trial.counts["most MiB"], round(max(sizes)))
        always.share = 0.0
        trial.sees_through("resume", path, "--headless")
        nothing_lost(path, {})
        with RunStore.open(path) as store:
            assert store.status == "done", store.status
