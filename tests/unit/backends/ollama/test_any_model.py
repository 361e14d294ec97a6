"""The README's command, on a server with a chat model, a base, a thinking and a remote one."""

import asyncio
import json
import threading

import pytest
from support.engine import StandInModel, WordEngine
from support.ollama_server import OllamaStandIn

MODELS = [
    StandInModel("chat:1b", family="llama"),
    StandInModel("base:1b", family="gemma3", template="{{ .Prompt }}"),
    StandInModel(
        "thinker:1b", family="qwen3", template="{{ .Prompt }}", renderer="qwen3.5", thinks=True
    ),
    StandInModel("away:1t-cloud", family="gptoss", remote="https://far.example"),
]


class Speaking(WordEngine):
    """Thinks aloud where it is told to, by marks in the answer as some servers leave them."""

    async def generate(self, model, body, limit):
        if model.thinks and body.get("think"):
            yield "<think>It could rise.</think>", ""
        async for part in super().generate(model, body, limit):
            yield part


@pytest.fixture
def host():
    """A server in a thread of its own, for the command line has its own event loop."""
    ready, end = threading.Event(), threading.Event()
    found = {}

    async def serve():
        async with OllamaStandIn(models=MODELS, engine=Speaking()) as server:
            found["server"] = server
            ready.set()
            await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait(10)
    yield found["server"]
    end.set()
    thread.join(10)


def run(lwd, host, tmp_path, *words):
    return lwd(
        *("--preset", "bitcoin", "--headless", "--json", "--host", host.url, "--steps", 1),
        *(
            "--responses",
            2,
            "--set",
            "embedder.backend=scripted",
            "--set",
            "embedder.model=words-16",
        ),
        *("--out", tmp_path / "run.sqlite", *words),
    )


def test_models_are_chosen_that_run_there_and_chat_before_base(lwd, host, tmp_path):
    code, out, err = run(lwd, host, tmp_path)
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["models"] == ["chat:1b", "thinker:1b", "base:1b"]
    assert "base:1b (base:1b) is a base model without a chat template" in err.replace("\n", " ")
    asked = host.asked("/api/chat")
    assert {body["model"] for body in asked} == {"chat:1b", "thinker:1b"}
    assert all(body["think"] is False for body in asked if body["model"] == "thinker:1b")
    completions = [body for body in host.asked("/api/generate") if body.get("stream")]
    assert {body["model"] for body in completions} == {"base:1b"}
    assert all(body["raw"] and body["options"]["stop"][-1] == "\n" for body in completions)


def test_what_is_thought_is_stored_apart_and_never_posted(lwd, host, tmp_path):
    words = ("--model", "thinker:1b", "--set", "participants.0.think=on")
    code, _, err = run(lwd, host, tmp_path, *words)
    assert code == 0, err
    lwd("runs", "export", tmp_path / "run.sqlite", "--format", "jsonl", "--out", tmp_path / "x")
    text = next(path for path in tmp_path.glob("x*") if path.is_file()).read_text()
    assert "It could rise." in text
    assert "<think>" not in text
    posts = [json.loads(line) for line in text.splitlines() if '"table": "posts"' in line]
    assert not any("It could rise." in str(post) for post in posts)
    body = host.asked("/api/chat")[0]
    assert body["think"] is True
    assert body["options"]["num_predict"] == 96 + 1024


def test_a_remote_model_that_is_named_is_said(lwd, host, tmp_path):
    code, _, err = run(lwd, host, tmp_path, "--model", "away:1t-cloud")
    # This server has remote models switched off.
    assert code == 3
    assert "ollama cloud is disabled" in err
    code, out, _ = lwd("models", "list", "--host", host.url)
    assert code == 0
    assert "away:1t-cloud" in out
