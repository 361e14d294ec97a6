"""Servers at which three requests of ten meet a fault, asked for thousands of answers."""

from __future__ import annotations

import json
import random
import re
import signal
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

from lwd_tui.experiment.llm import Experiment
from lwd_tui.store.files import save_preset
from lwd_tui.store.lock import is_locked
from lwd_tui.store.run import RunStore
from torture.runs import ROOT, Broken, Trial, experiment, nothing_lost
from torture.weighed import WEIGHED

SHARE = 0.3
_PAUSES = 20
_GROWTH = (10_000, 20.0, 5.0, 5.0)
"""What may be more at the end of a process than after a third of it: answers, then MiB that it has
of the machine's memory, that Python holds, and that malloc gave.
"""
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
    """Ask an Ollama server and an OpenAI-compatible one, each of which fails at every third.

    One run asks both, so that one process has all the answers.
    """
    models = [StandInModel("ada:1b"), StandInModel("emb:1b", embeds=True)]
    ollama = OllamaStandIn(models=models, slots=4)
    openai = Compatible("someone", max_model_len=8192)
    chances = [Chance(random.Random(trial.rng.random()), kinds) for kinds in (_OLLAMA, _OPENAI)]
    ollama.faults, openai.faults = chances  # type: ignore[assignment]
    asked = (("ollama", "ada:1b", ollama), ("openai", "m", openai))
    with in_thread(ollama), in_thread(openai):
        sampling = {"max_tokens": 32, "top_k": 0, "min_p": 0.0}
        spec = experiment(
            participants=[
                {"name": backend, "backend": backend, "model": model, "host": server.url}
                | {"sampling": sampling}
                for backend, model, server in asked
            ],
            embedder={"backend": "ollama", "model": "emb:1b", "normalise": True}
            | {"host": ollama.url},
            responses=5 if trial.short else 20,
            steps=3 if trial.short else 249,
            beta=0.05,
        )
        _soak(trial, spec, [ollama, openai], chances)


def _soak(trial: Trial, spec: Experiment, servers: list[WireServer], chances: list[Chance]) -> None:
    preset, path = trial.folder / "faults.toml", trial.folder / "faults.sqlite"
    save_preset(spec, preset)

    def begin() -> None:
        for chance in chances:
            chance.share = SHARE

    pauses, figures = 0, list[str]()
    while True:
        words = ("resume", path) if path.exists() else ("--preset", preset, "--out", path)
        process = trial.start(*words, "--headless", module="torture.weighed")
        scales = _Scales(process, path, trial.folder / WEIGHED)
        watched(process, path, servers, begin, scales.look)
        trial.ended(process, 0, 4)
        figures += scales.told()
        for chance in chances:
            chance.share = 0.0
        if process.returncode == 0:
            break
        pauses += 1
        if pauses > _PAUSES:
            raise Broken(f"{path} was paused {pauses} times and isn't whole")
    trial.counts["pauses"] += pauses
    trial.figures += ["; after a pause ".join(figures)] if figures else []
    nothing_lost(path, {})
    _recorded(trial, path, chances, pauses)


class _Scales:
    """Weigh the process of a run after each thousand of its answers."""

    def __init__(self, process: subprocess.Popen[str], path: Path, lines: Path) -> None:
        self._process, self._path, self._lines = process, path, lines
        self._looks = 0
        self._answers: list[int] = []
        self._resident: list[float] = []
        lines.unlink(missing_ok=True)

    def look(self, mib: float) -> None:
        """Weigh it if another thousand have come; `mib` is what it has of the machine's memory."""
        self._looks += 1
        # Once it holds its run it has heard what a signal means.
        if self._looks % 5 or not self._path.exists() or not is_locked(self._path):
            return
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as file:
            (count,) = file.execute("SELECT count(*) FROM attempts WHERE final").fetchone()
        if not self._answers or count // 1000 > self._answers[-1] // 1000:
            self._process.send_signal(signal.SIGUSR1)
            self._answers.append(count)
            self._resident.append(mib)

    def told(self) -> list[str]:
        """Return what it weighed, as a line; raise Broken if it grew after its first third."""
        lines = self._lines.read_text().splitlines() if self._lines.exists() else []
        held = [[int(number) / 2**20 for number in line.split()] for line in lines]
        weights = [
            (answers, resident, *each)
            for answers, resident, each in zip(self._answers, self._resident, held, strict=False)
        ]
        if len(weights) < 2:
            return []
        figures = "; ".join(
            f"{answers} answers: {resident:.0f} MiB, Python's {python:.1f}, malloc's {malloc:.1f}"
            for answers, resident, python, malloc in weights
        )
        third, last = weights[len(weights) // 3], weights[-1]
        for (before, after), most in zip(zip(third, last, strict=True), _GROWTH, strict=True):
            if after - before > most:
                raise Broken(f"memory grows: {figures}")
        return [figures]


def watched(
    process: subprocess.Popen[str],
    path: Path,
    servers: list[WireServer],
    begin: Callable[[], None],
    look: Callable[[float], None],
) -> None:
    """Call `begin` once the run is begun, and `look` again and again with the MiB it has."""
    while process.poll() is None:
        if path.exists() and is_locked(path):
            begin()
        # They hold every prompt.
        for server in servers:
            server.requests.clear()
        status = Path(f"/proc/{process.pid}/status").read_text()
        if "VmRSS" in status:
            look(int(status.partition("VmRSS:")[2].split()[0]) / 1024)
        time.sleep(0.2)


def _recorded(trial: Trial, path: Path, chances: list[Chance], pauses: int) -> None:
    """See that every answer is there once, and every fault in the record, server by server."""
    with RunStore.open(path) as store:
        if store.status != "done":
            raise Broken(f"{path} is {store.status}")
        spec = store.experiment
        told = sum(event.kind == "embedding retried" for event in store.events())
    recorded: Counter[int] = Counter()
    with closing(sqlite3.connect(path)) as file:
        (final,) = file.execute("SELECT count(*) FROM responses").fetchone()
        for who, retries in file.execute("SELECT participant, retries FROM attempts"):
            recorded[who] += len(json.loads(retries))
    if final != (spec.steps + 1) * len(spec.cast) * spec.responses:
        raise Broken(f"{path} has {final} answers")
    trial.counts["answers"] += final
    trial.counts["faults recorded"] += recorded.total() + told
    for who, chance in enumerate(chances):
        embedding = sum(count for path, count in chance.dealt.items() if "embed" in path)
        answering = chance.dealt.total() - embedding
        trial.counts["faults"] += answering + embedding
        # What was in flight when a run was paused is asked for again, and its faults are gone.
        if not pauses and (recorded[who] < answering or told < embedding):
            raise Broken(
                f"{path}: of {answering} faults of answers {recorded[who]} are recorded, and of "
                f"{embedding} of vectors {told}"
            )
