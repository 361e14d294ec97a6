"""Servers at which three requests of ten meet a fault, asked for thousands of answers."""

from __future__ import annotations

import json
import random
import re
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from support import ollama_faults
from support.compatible import Compatible, stream_part
from support.engine import StandInModel
from support.http import Reply, Request, WireServer, in_thread
from support.ollama_server import OllamaStandIn

from lwd_tui.store.files import save_preset
from lwd_tui.store.lock import is_locked
from lwd_tui.store.run import RunStore
from torture.runs import ROOT, Broken, Trial, experiment, nothing_lost

SHARE = 0.3
_PAUSES = 20
_GROWTH = 40
"""MiB that a run may take more at its end than after a third of its answers."""
_OLLAMA = [
    getattr(ollama_faults, name)
    for name in (
        "refuse_busy", "reset", "web_page", "malformed", "not_an_object", "error_body",
        "error_in_stream", "cut_stream", "reset_in_stream", "hang", "hang_in_stream", "runner_died",
    )
]  # fmt: skip
_STREAMS = sorted((ROOT / "tests/data/openai-streams").glob("*.txt"))
_Kind = Callable[..., Awaitable[None]]


class Chance:
    """Stands in for the faults of a server: each request draws whether it meets one, and which.

    Attributes
    ----------
    dealt : Counter of str
        Faults that an answer, or vectors, must tell of, by the path that was asked.
    """

    def __init__(self, rng: random.Random, kinds: list[_Kind]) -> None:
        self._rng = rng
        self._kinds = kinds
        self.share = 0.0
        self.dealt: Counter[str] = Counter()

    def begin(self) -> None:
        """Let faults happen from now on."""
        self.share = SHARE

    def __bool__(self) -> bool:
        return self._rng.random() < self.share

    def popleft(self) -> _Kind:
        """Return the fault that is next."""
        kind = self._rng.choice(self._kinds)

        async def fault(*given: Any) -> None:
            _, request, _ = (None, *given)[-3:]
            if kind not in _ODD:
                self.dealt[request.path] += 1
            await kind(*given)

        return fault


def _answers(stream: str) -> _Kind:
    """Answer in an odd way, which is no fault: null parts, thinking, a cut by a filter."""
    # As recorded it was of a short prompt, and a count that is too small is a prompt that was cut.
    stream = re.sub(r'("prompt_tokens": ?)[1-9]\d*', r"\g<1>4096", stream)

    async def answered(request: Request, reply: Reply) -> None:
        await reply.stream("text/event-stream")
        await reply.chunk(stream)
        await reply.end()

    return answered


def _refuses(status: int) -> _Kind:
    async def refused(request: Request, reply: Reply) -> None:
        await reply.send(status, {"error": {"message": "out of luck"}})

    return refused


async def _reset(request: Request, reply: Reply) -> None:
    await reply.reset()


async def _web_page(request: Request, reply: Reply) -> None:
    await reply.send(200, "<!doctype html><title>Welcome</title>", "text/html")


async def _half(request: Request, reply: Reply) -> None:
    await reply.stream("text/event-stream")
    said = [{"index": 0, "delta": {"content": "Half"}, "finish_reason": None}]
    await reply.chunk(f"data: {json.dumps(stream_part(request, said))}\n\n")


async def _half_then_reset(request: Request, reply: Reply) -> None:
    await _half(request, reply)
    await reply.reset()


async def _half_then_end(request: Request, reply: Reply) -> None:
    await _half(request, reply)
    await reply.end()


async def _half_then_nothing(request: Request, reply: Reply) -> None:
    await _half(request, reply)
    await reply.gone.wait()


async def _half_then_error(request: Request, reply: Reply) -> None:
    await _half(request, reply)
    await reply.chunk('data: {"error": {"message": "out of luck"}}\n\n')
    await reply.end()


async def _malformed(request: Request, reply: Reply) -> None:
    await reply.stream("text/event-stream")
    await reply.chunk('data: {"choices": [{"delta"\n\n')
    await reply.end()


async def _hang(request: Request, reply: Reply) -> None:
    await reply.gone.wait()


_ODD = [_answers(path.read_text()) for path in _STREAMS]
_OPENAI = [
    *_ODD, *map(_refuses, (408, 429, 500, 502, 503, 504)), _reset, _web_page, _half_then_reset,
    _half_then_end, _half_then_nothing, _half_then_error, _malformed, _hang,
]  # fmt: skip


def faults(trial: Trial) -> None:
    """Ask an Ollama server, and an OpenAI-compatible one, each of which fails at every third."""
    models = [StandInModel("ada:1b"), StandInModel("ben:1b"), StandInModel("emb:1b", embeds=True)]
    stand_in = OllamaStandIn(models=models, slots=4)
    embedder = {"backend": "ollama", "model": "emb:1b", "normalise": True}
    chance = Chance(trial.rng, _OLLAMA)
    stand_in.faults = chance  # type: ignore[assignment]
    _soak(trial, stand_in, chance, "ollama", ["ada:1b", "ben:1b"], embedder)
    compatible = Compatible("someone", max_model_len=8192)
    chance = Chance(trial.rng, _OPENAI)
    compatible.faults = chance  # type: ignore[assignment]
    embedder = {"backend": "scripted", "model": "words-16"}
    _soak(trial, compatible, chance, "openai", ["m", "m"], embedder)


def _soak(
    trial: Trial,
    server: WireServer,
    chance: Chance,
    backend: str,
    models: list[str],
    embedder: dict[str, Any],
) -> None:
    sampling = {"max_tokens": 32, "top_k": 0, "min_p": 0.0}
    with in_thread(server):
        host = {"host": server.url}
        spec = experiment(
            participants=[
                {"name": f"p{number}", "backend": backend, "model": model, "sampling": sampling}
                | host
                for number, model in enumerate(models)
            ],
            embedder=embedder | (host if embedder["backend"] == backend else {}),
            responses=5 if trial.short else 20,
            steps=3 if trial.short else 124,
            beta=0.05,
        )
        preset, path = trial.folder / f"{backend}.toml", trial.folder / f"{backend}.sqlite"
        save_preset(spec, preset)
        pauses, sizes = 0, list[float]()
        while True:
            words = ("resume", path) if path.exists() else ("--preset", preset, "--out", path)
            process = trial.start(*words, "--headless", module="torture.hurried")
            sizes = watched(process, path, server, chance.begin)
            trial.ended(process, 0, 4)
            chance.share = 0.0
            if process.returncode == 0:
                break
            pauses += 1
            if pauses > _PAUSES:
                raise Broken(f"{path} was paused {pauses} times and isn't whole")
    nothing_lost(path, {})
    _recorded(trial, path, chance, pauses)
    third = sizes[len(sizes) // 3 :]
    if not trial.short and third and third[-1] - third[0] > _GROWTH:
        raise Broken(f"memory grew from {third[0]:.0f} to {third[-1]:.0f} MiB")
    trial.counts["pauses"] += pauses
    if third and not trial.short:
        trial.counts["MiB more at the end than after a third"] += round(third[-1] - third[0])


def watched(
    process: subprocess.Popen[str], path: Path, server: WireServer, begin: Callable[[], None]
) -> list[float]:
    """Call `begin` once the run is begun; return the MiB that its process had at each second."""
    sizes = []
    while process.poll() is None:
        if path.exists() and is_locked(path):
            begin()
        # They hold every prompt.
        server.requests.clear()
        status = Path(f"/proc/{process.pid}/status").read_text()
        if "VmRSS" in status:
            sizes.append(int(status.partition("VmRSS:")[2].split()[0]) / 1024)
        time.sleep(0.2)
    return sizes


def _recorded(trial: Trial, path: Path, chance: Chance, pauses: int) -> None:
    """See that every answer is there once, and every fault in the record."""
    with RunStore.open(path) as store:
        if store.status != "done":
            raise Broken(f"{path} is {store.status}")
        spec = store.experiment
        told = sum(event.kind == "embedding retried" for event in store.events())
    with closing(sqlite3.connect(path)) as file:
        (final,) = file.execute("SELECT count(*) FROM responses").fetchone()
        retries = [json.loads(text) for (text,) in file.execute("SELECT retries FROM attempts")]
    if final != (spec.steps + 1) * len(spec.cast) * spec.responses:
        raise Broken(f"{path} has {final} answers")
    recorded = sum(map(len, retries))
    embedding = sum(count for path, count in chance.dealt.items() if "embed" in path)
    answering = chance.dealt.total() - embedding
    trial.counts["answers"] += final
    trial.counts["faults"] += answering + embedding
    trial.counts["faults recorded"] += recorded + told
    # What was in flight when a run was paused is asked for again, and its faults are gone.
    if not pauses and (recorded < answering or told < embedding):
        raise Broken(
            f"{path}: of {answering} faults of answers {recorded} are recorded, and of "
            f"{embedding} of vectors {told}"
        )
