"""Whatever an Ollama server streams is an answer, an unusable answer or a fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.engine import StandInModel
from support.http import Reply, Request
from support.odd_parts import made_odd
from support.ollama_server import Fault, OllamaStandIn
from support.recorded import exchange
from support.requests import answers, ollama, wish

from lwd_tui.backends.ollama.chunks import Reader
from lwd_tui.backends.ollama.embedder import OllamaEmbedder
from lwd_tui.backends.retry import Transient
from lwd_tui.llm.answers import problem_of

MODEL = StandInModel("smollm2:135m")
EMBEDS = StandInModel("minilm:l6", embeds=True)


def streams(*parts: Any, ascii_only: bool = True) -> Fault:
    """A fault that streams these parts."""

    async def send(server: OllamaStandIn, request: Request, reply: Reply) -> None:
        await reply.stream()
        for part in parts:
            await reply.chunk(json.dumps(part, ensure_ascii=ascii_only) + "\n")
        await reply.end()

    return send


def refuses(status: int, error: str) -> Fault:
    async def send(server: OllamaStandIn, request: Request, reply: Reply) -> None:
        await reply.send(status, {"error": error})

    return send


END = {"done": True, "done_reason": "stop", "prompt_eval_count": 12, "eval_count": 3}


def said(content: Any, **more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": content, **more}, "done": False}


@pytest.mark.parametrize(
    ("parts", "text", "thinking"),
    [
        ((said("Yes."), {**END, "message": None}), "Yes.", ""),
        ((said("Yes."), END), "Yes.", ""),
        ((said("", reasoning="hm"), said("Yes."), END), "Yes.", "hm"),
        ((said("", reasoning_content="hm", thinking="hm"), said("Yes."), END), "Yes.", "hm"),
        (({"message": {"content": "Yes."}}, END), "Yes.", ""),
        ((None, said(None), said("Yes.", tool_calls=None), END), "Yes.", ""),
        (
            (said([{"type": "thinking", "thinking": "hm"}, {"text": "Yes"}, "."]), END),
            "Yes.",
            "hm",
        ),
        ((said("", thinking="hm"), said("Yes.", thinking=None), END), "Yes.", "hm"),
        ((said("Good \ud83d"), said("\ude00."), END), "Good \U0001f600.", ""),
        ((said("Yes."), {**END, "model": 7, "total_duration": "long"}), "Yes.", ""),
    ],
)
async def test_odd_parts_are_read_as_what_they_say(parts, text, thinking) -> None:
    async with OllamaStandIn(models=[MODEL]) as server:
        generator = ollama(server.url)
        await generator.prepare({MODEL.name: 512}, 1)
        server.faults.append(streams(*parts))
        (answer,) = await answers(generator, wish())
        await generator.aclose()
    assert (answer.text, answer.thinking, answer.retries) == (text, thinking, ())
    assert (answer.prompt_tokens, answer.completion_tokens) == (12, 3)


@pytest.mark.parametrize("count", ["12", 0, None, True, -1, 1.5])
async def test_a_count_that_is_none_is_not_counted(count) -> None:
    async with OllamaStandIn(models=[MODEL]) as server:
        generator = ollama(server.url)
        await generator.prepare({MODEL.name: 512}, 1)
        server.faults.append(streams(said("Yes."), {**END, "prompt_eval_count": count}))
        (answer,) = await answers(generator, wish())
        await generator.aclose()
    assert (answer.text, answer.prompt_tokens, answer.retries) == ("Yes.", None, ())


@pytest.mark.parametrize(
    "token", [said(" -"), said("", thinking=" -"), {"response": " -", "done": False}], ids=str
)
async def test_an_answer_that_the_server_stopped_for_repeating_itself_is_not_awaited(token) -> None:
    # Ollama 0.33 ends the stream after 31 equal tokens, and says nothing.
    async with OllamaStandIn(models=[MODEL]) as server:
        generator = ollama(server.url)
        await generator.prepare({MODEL.name: 512}, 1)
        server.faults.append(streams(said("A"), *[token] * 31))
        (answer,) = await answers(generator, wish())
        await generator.aclose()
    assert (answer.finish_reason, answer.retries) == ("repetition", ())
    assert "ended by repetition" in problem_of(answer.text, answer.finish_reason, answer.thinking)


async def test_letters_at_which_other_readers_end_a_line_stay_in_the_answer() -> None:
    text = "One\u2028two\x85three\u2029four."
    async with OllamaStandIn(models=[MODEL]) as server:
        generator = ollama(server.url)
        await generator.prepare({MODEL.name: 512}, 1)
        server.faults.append(streams(said(text), END, ascii_only=False))
        (answer,) = await answers(generator, wish())
        await generator.aclose()
    assert (answer.text, answer.retries) == (text, ())


async def test_what_cannot_be_read_is_a_fault_with_its_place() -> None:
    async with OllamaStandIn(models=[MODEL]) as server:
        generator = ollama(server.url)
        await generator.prepare({MODEL.name: 512}, 1)
        server.faults.append(streams(said("Half"), said(7), END))
        (answer,) = await answers(generator, wish())
        await generator.aclose()
    (fault,) = answer.retries
    assert fault == f"{server.url}: part 2 of the stream holds content that is no list: 7"


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(),
    name=st.sampled_from(["018-chat-stream", "019-chat-stream-default", "034-generate-stream"]),
)
def test_any_part_dropped_nulled_retyped_or_doubled_ends_in_an_answer_or_a_fault(data, name):
    lines = [json.loads(line) for line in exchange(name)["ndjson_lines"]]
    reader = Reader()
    try:
        for part in data.draw(made_odd(lines[:2] + lines[-2:])):
            reader.take(json.dumps(part))
        reader.finish()
    except Transient:
        return
    assert isinstance(problem_of(reader.text.strip(), reader.finish_reason), str)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("think", '"smollm2:135m" does not support thinking'),
        ("truncate", "json: unknown field truncate"),
        ("shift", "unknown field: shift"),
    ],
)
async def test_what_a_server_refuses_and_can_be_done_without_is_left_out(name, error) -> None:
    thinker = StandInModel("thinker:1b", thinks=True)

    async def refuse(server: OllamaStandIn, request: Request, reply: Reply) -> None:
        assert name in request.body
        await reply.send(400, {"error": error})

    async with OllamaStandIn(models=[thinker]) as server:
        generator = ollama(server.url)
        await generator.prepare({thinker.name: 512}, 2)
        server.faults.append(refuse)
        (first,) = await answers(generator, wish(thinker.name))
        (second,) = await answers(generator, wish(thinker.name, seeds=(2,)))
        await generator.aclose()
    assert first.retries == (f"{server.url}: asked again without {name}: {error}",)
    assert second.retries == ()
    assert [name in body for body in server.asked("/api/chat")] == [True, False, False]


@pytest.mark.parametrize("odd", [None, [], [0.5, None], ["a", "b"], [[1.0], [2.0]], 7], ids=str)
async def test_an_odd_vector_marks_its_text_alone(odd) -> None:
    async def some(server: OllamaStandIn, request: Request, reply: Reply) -> None:
        rows = [odd if "odd" in text else [0.6, 0.8] for text in request.body["input"]]
        await reply.send(200, {"embeddings": rows})

    async with OllamaStandIn(models=[EMBEDS]) as server:
        embedder = OllamaEmbedder(EMBEDS.name, "", True, [server.url], first_delay=0.01)
        await embedder.describe()
        server.faults.extend([some] * 9)
        found = await embedder.embed(["one", "an odd one", "two"])
        await embedder.aclose()
    assert found.missing == (False, True, False)
