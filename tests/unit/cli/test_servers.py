"""`doctor` and `models list` at servers of several kinds, by the one registry of backends."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from support.compatible import Compatible, unknown_fields
from support.engine import StandInModel, WordEngine
from support.http import in_thread
from support.ollama_server import OllamaStandIn

WORDS = ("Prices ", "will ", "rise ", "and ", "fall ", "again ", "slowly ", "perhaps ")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def drawn(body: dict[str, Any], seed: int, n: int) -> str:
    """Return a word by the seed, unless only the likeliest is let through."""
    narrow = body["top_p"] < 0.01 or body.get("top_k") == 1 or body.get("min_p") == 1
    return WORDS[0] if narrow else random.Random(f"{seed} {n}").choice(WORDS)  # noqa: S311


def served(owner: str = "vllm", **model: Any) -> Compatible:
    server = Compatible(owner, **model)
    server.word = drawn
    return server


def test_models_of_any_server_are_listed(lwd: Any) -> None:
    with in_thread(served("vllm", max_model_len=4096)) as server:
        code, out, err = lwd("models", "list", "--host", server.url)
    assert code == 0, err
    assert f"vLLM at {server.url}/v1" in out
    assert "4096" in out


def test_a_server_that_is_none_is_told(lwd: Any) -> None:
    code, _, err = lwd("models", "list", "--host", "http://127.0.0.1:1")
    assert code == 3
    assert "no Ollama server answers at http://127.0.0.1:1" in err
    code, out, _ = lwd("models", "list")
    assert code == 0
    assert "No server: " in out


def test_the_server_of_the_environment_is_listed_and_examined(
    lwd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_thread(served()) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        assert f"vLLM at {server.url}/v1" in lwd("models", "list")[1]
        code, out, _ = lwd("doctor")
    assert code == 0
    assert f"{server.url}/v1, vLLM" in out
    assert "no Ollama server answers" in out


def test_the_doctor_tells_what_a_server_heeds(lwd: Any) -> None:
    with in_thread(served(max_model_len=8192)) as server:
        code, out, err = lwd("doctor", "--host", server.url, "--model", "m")
    assert code == 0, err
    assert f"{server.url}/v1, vLLM" in out
    assert "1 model: m" in out
    assert "m has 8192 tokens of context" in out
    assert "m answers by chance, and the same to the same seed" in out
    for name in ("top_p", "top_k", "min_p"):
        assert f"ok       m heeds {name}" in out


def test_the_doctor_tells_what_a_server_ignores_refuses_and_lacks(lwd: Any) -> None:
    calls = iter(range(1_000_000))
    server = served("vllm", max_model_len=8192)
    server.word = lambda body, seed, n: f"word{next(calls)} "
    server.objection = unknown_fields("seed", "stream_options")
    with in_thread(server):
        code, out, _ = lwd("doctor", "--host", server.url, "--model", "m")
    assert code == 0
    assert "but not the same to the same seed" in out
    assert "m ignores top_k" in out
    assert "without seed (" in out
    assert "without stream_options (" in out
    with in_thread(served("someone")) as server:
        out = lwd("doctor", "--host", server.url, "--model", "m")[1]
    assert "m can't be given top_k there" in out


@pytest.mark.parametrize(
    ("model", "options", "told"),
    [
        ({}, ("--model", "m"), "doesn't draw its tokens by chance"),
        ({"max_model_len": 1024}, ("--model", "m"), "has 1024 tokens of context"),
        ({}, ("--model", "other"), "has no model 'other'"),
    ],
)
def test_the_doctor_tells_what_a_run_would_end_at(
    lwd: Any, model: dict[str, Any], options: tuple[str, ...], told: str
) -> None:
    server = served(**model)
    server.word = lambda body, seed, n: WORDS[n]
    with in_thread(server):
        code, out, _ = lwd("doctor", "--host", server.url, *options)
    assert code == 3
    assert "problem  " in out
    assert told in out


def test_the_doctor_calls_no_model_greedy_that_said_nothing(lwd: Any) -> None:
    server = served()
    server.word = lambda body, seed, n: ""
    with in_thread(server):
        code, out, _ = lwd("doctor", "--host", server.url, "--model", "m")
    assert code == 0
    assert "m said nothing within 24 tokens" in out


def test_the_doctor_writes_json_for_every_kind(lwd: Any) -> None:
    with in_thread(served()) as server:
        code, out, _ = lwd("doctor", "--json", "--host", server.url, "--host", "http://127.0.0.1:1")
    there, absent = map(json.loads, out.splitlines())
    assert code == 3
    assert (there["server"], there["models"][0]["name"]) == ("vLLM", "m")
    assert (absent["server"], absent["models"]) == ("", [])
    assert absent["findings"]


def test_a_key_that_is_wanted_is_told_by_the_backend_that_takes_it(lwd: Any) -> None:
    class Locked(Compatible):
        async def _answer(self, request: Any, reply: Any) -> None:
            await reply.send(401, {"error": {"message": "no"}})

    with in_thread(Locked()) as server:
        code, out, _ = lwd("doctor", "--host", server.url)
        listed = lwd("models", "list", "--host", server.url)
    assert (code, listed[0]) == (3, 3)
    assert "it takes its key from the variable OPENAI_API_KEY" in listed[2]
    assert "it takes its key from the variable OPENAI_API_KEY" in out


def test_an_ollama_server_is_examined_as_one(lwd: Any) -> None:
    server = OllamaStandIn(models=[StandInModel("chat:1b")], engine=WordEngine())
    with in_thread(server):
        code, out, _ = lwd("doctor", "--host", server.url)
        listed = lwd("models", "list", "--host", server.url)[1]
    assert code == 0
    assert ", Ollama " in out
    assert "1 model: chat:1b" in out
    assert "Ollama " in listed
    assert "chat:1b" in listed
