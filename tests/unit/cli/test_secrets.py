"""No message, log, run or report holds a key, however a server throws it back."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.compatible import Compatible
from support.engine import StandInModel
from support.http import Reply, Request, in_thread
from support.ollama_server import OllamaStandIn

KEY = "sk-proj-Tr0ub4dor-and-3-more"
# So much of it, anywhere, would be a part of it.
PARTS = [KEY[i : i + 7] for i in range(len(KEY) - 6)]
WORDS = ("Prices ", "will ", "rise ", "and ", "fall ", "again ", "slowly ", "perhaps ")


@pytest.fixture(autouse=True)
def _home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("lwd_tui.backends.retry.MOST_SECONDS", 0.01)
    caplog.set_level(logging.INFO)
    # As OPENAI_LOG=debug sets it.
    caplog.set_level(logging.DEBUG, "openai")


def preset(tmp_path: Path, url: str) -> str:
    who = f'backend = "openai"\nmodel = "m"\nhost = "{url}"\n'
    path = tmp_path / "secret.toml"
    path.write_text(
        'name = "secret"\nquery = "What next?"\nresponses = 3\nsteps = 1\n'
        '[embedder]\nbackend = "scripted"\nmodel = "words-16"\n'
        f'[[participants]]\nname = "ada"\n{who}[[participants]]\nname = "ben"\n{who}'
        '[[posts]]\ntext = "One."\n[[posts]]\ntext = "Two."\n'
    )
    return str(path)


def drawn(body: dict[str, Any], seed: int, n: int) -> str:
    return random.Random(f"{seed} {n}").choice(WORDS)  # noqa: S311 (words)


def shown(*texts: str, folder: Path, caplog: pytest.LogCaptureFixture) -> str:
    """Return all that was said and written."""
    files = [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]
    assert files
    return "\n".join([*texts, caplog.text, *files])


def status(code: int, message: str, **headers: str) -> Callable[..., Awaitable[None]]:
    async def send(request: Request, reply: Reply) -> None:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        await reply.send(code, {"error": {"message": message}}, **headers)

    return send


def lines(*sent: str) -> Callable[..., Awaitable[None]]:
    async def send(request: Request, reply: Reply) -> None:
        await reply.stream("text/event-stream")
        for line in sent:
            await reply.chunk(line)
        await reply.end()

    return send


PASSING = {
    "500": status(500, f"crashed on Bearer {KEY}"),
    "429": status(429, f"{KEY[:14]}*** is too quick", **{"Retry-After": "0.01"}),
    "error": lines(f'data: {{"error": {{"message": "no quota for {KEY}"}}}}\n\n'),
    "malformed": lines(f"data: {{{KEY}\n\n"),
    "no object": lines(f'data: ["{KEY}"]\n\n'),
    "choices": lines(f'data: {{"choices": "{KEY}"}}\n\n'),
    "page": status(503, f"<html>{KEY}</html>"),
}


def test_a_run_that_met_faults_holds_no_key(
    tmp_path: Path, lwd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = Compatible("vllm")
    server.word = drawn
    told = f"{KEY[3:]} may not ask for repetition_penalty"
    server.objection = lambda body: told if "repetition_penalty" in body else None
    faults = iter(PASSING.values())
    with in_thread(server):
        speak = server._speak

        async def first_a_fault(request: Request, reply: Reply) -> None:
            fault = next(faults, None) if len(server.asked("/v1/chat/completions")) > 4 else None
            await (fault or speak)(request, reply)

        server._speak = first_a_fault  # type: ignore[method-assign]
        path = tmp_path / "run.lwd"
        run = lwd("--preset", preset(tmp_path, server.url), "--headless", "--out", path)
    assert run[0] == 0, run
    assert next(faults, None) is None, "all of them were met"
    told_again = [lwd("runs", "show", path), lwd("runs", "show", path, "--json")]
    exported = lwd("runs", "export", path, "--format", "jsonl", "--out", tmp_path / "run.jsonl")
    report = lwd("report", path, "--out", tmp_path / "run.html")
    done = [run, *told_again, exported, report]
    assert [code for code, _, _ in done] == [0] * 5, done
    everything = shown(
        *(text for _, out, err in done for text in (out, err)), folder=tmp_path, caplog=caplog
    )
    assert "HTTP 500" in everything
    assert "asked again without repetition_penalty" in everything
    assert not [part for part in PARTS if part in everything]


LASTING = (
    status(400, f"header Authorization: Bearer {KEY} is odd"),
    status(401, f"Incorrect API key provided: {KEY[:12]}***{KEY[-4:]}"),
    status(402, f"{KEY} is broke"),
    status(403, f"{KEY} may not"),
    status(404, f"no model for {KEY}"),
    status(418, json.dumps({"you": {"sent": KEY}})),
    status(302, "", Location=f"https://elsewhere.example/?key={KEY}"),
    *PASSING.values(),
)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        *(("/v1/models", fault) for fault in LASTING),
        *(("/v1/chat/completions", fault) for fault in LASTING[::2]),
        *(("/tokenize", fault) for fault in LASTING[::6]),
    ],
)
def test_a_run_that_can_not_be_begun_tells_no_key(
    tmp_path: Path,
    lwd: Any,
    caplog: pytest.LogCaptureFixture,
    path: str,
    fault: Callable[..., Awaitable[None]],
) -> None:
    class Faulty(Compatible):
        async def _answer(self, request: Request, reply: Reply) -> None:
            await (fault if request.path == path else super()._answer)(request, reply)

    server = Faulty("vllm")
    server.word = drawn
    with in_thread(server):
        written = preset(tmp_path, server.url)
        code, out, err = lwd("--preset", written, "--headless", "--out", tmp_path / "run.lwd")
    assert code == 0 if path == "/tokenize" else code in (2, 3, 4), err
    assert "Traceback" not in err
    everything = shown(out, err, folder=tmp_path, caplog=caplog)
    assert not [part for part in PARTS if part in everything], everything


@pytest.mark.parametrize(
    "host",
    [f"http://me:{KEY}@box:8000/v1", f"http://box/v1?api_key={KEY}", f"http://{KEY}/{KEY}@box"],
)
@pytest.mark.parametrize("backend", ["scripted", "openai", "ollama"])
def test_a_key_in_an_address_is_in_no_run(
    tmp_path: Path, lwd: Any, caplog: pytest.LogCaptureFixture, host: str, backend: str
) -> None:
    written = preset(tmp_path, "http://127.0.0.1:1")
    wish = ["--backend", backend, "--host", host, "--out", tmp_path / "run.lwd"]
    code, out, err = lwd("--preset", written, "--headless", "--model", "m", *wish)
    assert code == 2
    assert "leave " in err
    everything = shown(out, err, folder=tmp_path, caplog=caplog)
    assert not [part for part in PARTS if part in everything], everything
    for command in (("doctor",), ("models", "list")):
        code, out, err = lwd(*command, "--host", host)
        assert code in (2, 3)
        assert not [part for part in PARTS if part in out + err], out + err


def ollama_says(code: int, text: str) -> Any:
    async def send(server: OllamaStandIn, request: Request, reply: Reply) -> None:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        if code:
            await reply.send(code, {"error": text})
        else:
            await reply.stream()
            await reply.chunk(text + "\n")
            await reply.end()

    return send


OLLAMA_SAYS = (
    ollama_says(500, f"crashed on Bearer {KEY}"),
    ollama_says(503, f"{KEY[:14]}*** is too quick"),
    ollama_says(400, f"truncate isn't for {KEY}"),
    ollama_says(0, f'{{"error": "no quota for {KEY}"}}'),
    ollama_says(0, f"{{{KEY}"),
    ollama_says(0, f'["{KEY}"]'),
    ollama_says(0, f'{{"message": "{KEY}"}}'),
)


class FaultyOllama(OllamaStandIn):
    """Answers chats by its own faults first."""

    async def _generate(self, request: Request, reply: Reply) -> None:
        if request.path == "/api/chat" and self.first:
            await self.first.pop(0)(self, request, reply)
        else:
            await super()._generate(request, reply)


def test_a_run_on_ollama_that_met_faults_holds_no_key(
    tmp_path: Path, lwd: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_API_KEY")
    server = FaultyOllama(models=[StandInModel("m:latest")])
    server.first = list(OLLAMA_SAYS)
    path = tmp_path / "run.lwd"
    with in_thread(server):
        written = Path(preset(tmp_path, server.url))
        words = written.read_text().replace('"openai"', '"ollama"').replace('"m"', '"m:latest"')
        written.write_text(words)
        done = [lwd("--preset", written, "--headless", "--out", path)]
        assert done[0][0] == 0, done
        assert server.first == [], "all of them were met"
        server.first = [ollama_says(403, f"{KEY} may not")]
        done.append(lwd("--preset", written, "--headless", "--out", tmp_path / "b.lwd"))
        assert done[1][0] == 3
    done.append(lwd("runs", "export", path, "--format", "jsonl", "--out", tmp_path / "run.jsonl"))
    texts = [text for _, out, err in done for text in (out, err)]
    everything = shown(*texts, folder=tmp_path, caplog=caplog)
    assert "HTTP 500" in everything
    assert "asked again without truncate" in everything
    assert not [part for part in PARTS if part in everything]
