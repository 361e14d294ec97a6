"""The OpenAI-compatible backend against a server that speaks as others of its kind do."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.compatible import Compatible, Fault, stream_part
from support.http import Reply, Request, WireServer
from support.recorded import exchange
from support.requests import answers, openai, wish

from lwd_tui.backends.openai.embedder import OpenAIEmbedder
from lwd_tui.experiment.backend import (
    BackendError,
    BackendStopped,
    ModelMissing,
    PromptTooLong,
    ServerMissing,
    UnfitRequest,
)
from lwd_tui.types import Message, Prompt

KEY = "sk-very-secret-123"
NEUTRAL: dict[str, Any] = {"top_k": 0, "min_p": 0.0}


async def test_several_answers_are_one_request_where_the_server_can_do_that() -> None:
    async with Compatible("vllm", max_model_len=4096) as server:
        generator = openai(server.url)
        info = await generator.describe("m")
        heard = ["", "", ""]

        def hear(position: int, text: str) -> None:
            heard[position] += text

        found = await answers(generator, wish("m", (10, 99, 7)), hear)
        await generator.aclose()
    assert heard == [answer.text for answer in found]
    (body,) = server.asked("/v1/chat/completions")
    assert (body["n"], body["seed"]) == (3, 10)
    # The seeds are those that were used, as the server derives them from the first.
    assert [answer.seed for answer in found] == [10, 11, 12]
    assert [answer.text for answer in found] == [f"{s}.0 {s}.1 {s}.2 " for s in (10, 11, 12)]
    assert {answer.finish_reason for answer in found} == {"stop"}
    assert {answer.prompt_tokens for answer in found} == {11}
    assert (info.context_length, info.server, info.digest) == (4096, "vLLM", "")


async def test_separate_requests_where_it_is_not_known_to() -> None:
    async with Compatible("someone") as server:
        generator = openai(server.url)
        found = await answers(generator, wish("m", (10, 99, 7), **NEUTRAL))
        await generator.aclose()
    bodies = server.asked("/v1/chat/completions")
    assert sorted(body["seed"] for body in bodies) == [7, 10, 99]
    assert all("n" not in body for body in bodies)
    assert [answer.seed for answer in found] == [10, 99, 7]
    assert {answer.completion_tokens for answer in found} == {3}


async def test_a_llama_server_is_asked_for_as_many_as_it_has_slots() -> None:
    meta = {"n_ctx": 2048, "n_params": 134515008, "size": 96576768, "ftype": "Q4_1"}
    async with Compatible("llamacpp", slots=3, meta=meta) as server:
        generator = openai(server.url)
        info = await generator.describe("m")
        found = await answers(generator, wish("m", tuple(range(100, 108))))
        await generator.aclose()
    assert sorted(body.get("n", 1) for body in server.asked("/v1/chat/completions")) == [2, 3, 3]
    assert [answer.position for answer in found] == list(range(8))
    assert [answer.seed for answer in found] == [100, 101, 102, 103, 104, 105, 106, 107]
    assert (info.parameters, info.quantisation, info.context_length) == ("135M", "Q4_1", 2048)


async def test_every_option_is_sent_in_the_words_of_the_server() -> None:
    for owner, named in (
        ("llamacpp", {"top_k": 7, "min_p": 0.1, "repeat_penalty": 1.0}),
        ("vllm", {"top_k": 7, "min_p": 0.1, "repetition_penalty": 1.0}),
    ):
        async with Compatible(owner) as server:
            generator = openai(server.url)
            request = wish("m", (3,), top_k=7, min_p=0.1, temperature=0.5, top_p=0.9, stop=("\n",))
            await answers(generator, request)
            await generator.aclose()
        (body,) = server.asked("/v1/chat/completions")
        assert named.items() <= body.items()
        assert (body["temperature"], body["top_p"], body["seed"]) == (0.5, 0.9, 3)
        assert (body["max_tokens"], body["stop"]) == (96, ["\n"])
        assert body["chat_template_kwargs"] == {"enable_thinking": False}
        assert "reasoning_effort" not in body


async def test_how_much_a_model_is_to_think_is_sent_and_a_blank_prompt_is_not() -> None:
    async with Compatible("vllm") as server:
        generator = openai(server.url)
        await answers(generator, replace(wish("m"), think="low"))
        with pytest.raises(UnfitRequest, match="the prompt is blank"):
            await answers(generator, wish("m", prompt=Prompt.completion(" ")))
        await generator.aclose()
    (body,) = server.asked("/v1/chat/completions")
    assert body["reasoning_effort"] == "low"
    assert body["chat_template_kwargs"] == {"enable_thinking": True}


@pytest.mark.parametrize(
    ("owner", "sampling", "named"),
    [
        ("someone", {}, "sampling.top_k = 0, sampling.min_p = 0"),
        ("someone", {**NEUTRAL, "repeat_penalty": 1.1}, "sampling.repeat_penalty = 1"),
        ("vllm", {"repeat_penalty": 1.1}, "sampling.repeat_penalty = 1"),
    ],
)
async def test_an_option_that_may_be_ignored_is_refused_before_sending(
    owner: str, sampling: dict[str, Any], named: str
) -> None:
    async with Compatible(owner) as server:
        generator = openai(server.url)
        with pytest.raises(UnfitRequest, match=named):
            await answers(generator, wish("m", **sampling))
        await generator.aclose()
    assert not server.asked("/v1/chat/completions")


async def test_what_a_gateway_hides_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LWD_OPENAI_KIND", "vllm")
    async with Compatible("a-gateway") as server:
        generator = openai(server.url)
        assert (await generator.describe("m")).server == "vLLM"
        await answers(generator, wish("m", (1, 2)))
        await generator.aclose()
    assert server.asked("/v1/chat/completions")[0]["n"] == 2


async def test_a_completion_goes_to_its_own_endpoint() -> None:
    async with Compatible() as server:
        generator = openai(server.url)
        (answer,) = await answers(generator, wish("m", prompt=Prompt.completion("The sky is")))
        await generator.aclose()
    assert server.asked("/v1/completions")[0]["prompt"] == "The sky is"
    assert answer.text == "1.0 1.1 1.2 "


async def test_tokens_are_counted_where_there_is_a_way() -> None:
    for owner, expected in (("vllm", 3), ("llamacpp", 3), ("someone", None)):
        async with Compatible(owner) as server:
            generator = openai(server.url)
            assert await generator.count_tokens("m", "one two three") == expected
            await generator.aclose()


async def test_too_little_context_is_told_before_the_run() -> None:
    async with Compatible(max_model_len=1024) as server:
        generator = openai(server.url)
        await generator.prepare({"m": 1024}, 4)
        with pytest.raises(UnfitRequest, match="--max-model-len 1280 or more"):
            await generator.prepare({"m": 1025}, 4)
        await generator.aclose()


async def busy(request: Request, reply: Reply) -> None:
    await reply.send(429, {"error": {"message": "slow down"}}, **{"Retry-After": "0.05"})


async def broken(request: Request, reply: Reply) -> None:
    await reply.send(500, {"error": {"message": "engine died"}})


async def reset(request: Request, reply: Reply) -> None:
    await reply.reset()


async def error_in_stream(request: Request, reply: Reply) -> None:
    await reply.stream("text/event-stream")
    await reply.chunk('data: {"error": {"message": "out of blocks", "code": 500}}\n\n')
    await reply.end()


async def cut_stream(request: Request, reply: Reply) -> None:
    part = stream_part(request, [{"index": 0, "finish_reason": None, "delta": {"content": "Half"}}])
    await reply.stream("text/event-stream")
    await reply.chunk(f"data: {json.dumps(part)}\n\n")
    await reply.chunk("data: [DONE]\n\n")
    await reply.end()


async def malformed(request: Request, reply: Reply) -> None:
    await reply.stream("text/event-stream")
    await reply.chunk('data: {"id": \n\n')
    await reply.end()


async def reset_in_stream(request: Request, reply: Reply) -> None:
    part = stream_part(request, [{"index": 0, "finish_reason": None, "delta": {"content": "Half"}}])
    await reply.stream("text/event-stream")
    await reply.chunk(f"data: {json.dumps(part)}\n\n")
    await reply.reset()


async def hang_in_stream(request: Request, reply: Reply) -> None:
    part = stream_part(request, [{"index": 0, "finish_reason": None, "delta": {"content": "Half"}}])
    await reply.stream("text/event-stream")
    await reply.chunk(f"data: {json.dumps(part)}\n\n")
    await reply.gone.wait()


async def hang(request: Request, reply: Reply) -> None:
    await reply.gone.wait()


async def web_page(request: Request, reply: Reply) -> None:
    await reply.send(502, "<html>Bad gateway</html>", "text/html")


async def page_of_success(request: Request, reply: Reply) -> None:
    await reply.send(200, "<html>Welcome</html>", "text/html")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (busy, "HTTP 429: slow down"),
        (broken, "HTTP 500: engine died"),
        (reset, "the connection broke"),
        (error_in_stream, "an error inside the stream: out of blocks"),
        (cut_stream, "the stream ended before the answer did"),
        (malformed, "part 1 of the stream holds malformed JSON"),
        (reset_in_stream, "the connection broke"),
        (hang_in_stream, "no further token within 0.3 s"),
        (hang, "no answer within 0.5 s"),
        (web_page, "HTTP 502: a web page"),
        (page_of_success, "the stream ended before the answer did"),
    ],
)
async def test_a_fault_that_passes_is_tried_again_and_recorded(fault: Fault, told: str) -> None:
    async with Compatible() as server:
        first, idle = (0.5 if fault is hang else 10), (0.3 if fault is hang_in_stream else 10)
        generator = openai(server.url, first_seconds=first, idle_seconds=idle)
        await generator.describe("m")
        server.faults.append(fault)
        found = await answers(generator, wish("m", (10, 11)))
        await generator.aclose()
    for answer in found:
        assert len(answer.retries) == 1
        assert answer.retries[0].startswith(f"{server.url}/v1: {told}")
        assert "Half" not in answer.text


async def opening(request: Request, reply: Reply) -> None:
    part = {"index": 0, "finish_reason": None, "delta": {"role": "assistant", "content": ""}}
    await reply.stream("text/event-stream")
    await reply.chunk(f"data: {json.dumps(stream_part(request, [part]))}\n\n")


async def test_a_request_that_waits_in_the_servers_queue_is_not_given_up() -> None:
    """Some begin the stream at once, and send signs of life until it is the request's turn."""

    async def queued(request: Request, reply: Reply) -> None:
        await opening(request, reply)
        await asyncio.sleep(0.5)
        await reply.chunk(": ping\n\n")
        await asyncio.sleep(0.5)
        choice = {"index": 0, "finish_reason": "stop", "delta": {"content": "Now."}}
        await reply.chunk(f"data: {json.dumps(stream_part(request, [choice]))}\n\n")
        await reply.end()

    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(queued)
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert (answer.text, answer.retries) == ("Now.", ())


@pytest.mark.parametrize(
    ("said", "told"), [("", "no answer within 0.5 s"), ("Half", "no further token within 0.3 s")]
)
async def test_signs_of_life_are_no_tokens(said: str, told: str) -> None:
    async def lively(request: Request, reply: Reply) -> None:
        await opening(request, reply)
        if said:
            choice = {"index": 0, "finish_reason": None, "delta": {"content": said}}
            await reply.chunk(f"data: {json.dumps(stream_part(request, [choice]))}\n\n")
        while not reply.gone.is_set():
            await asyncio.sleep(0.05)
            await reply.chunk(": ping\n\n")

    async with Compatible() as server:
        generator = openai(server.url, first_seconds=0.5)
        await generator.describe("m")
        server.faults.append(lively)
        async with asyncio.timeout(30):
            (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert [told in fault for fault in answer.retries] == [True]


@pytest.mark.parametrize("end", ["hang", "reset"])
async def test_answers_that_have_ended_are_whole_however_the_stream_does(end: str) -> None:
    async def unfinished(request: Request, reply: Reply) -> None:
        await reply.stream("text/event-stream")
        for index in (0, 1):
            choice = {"index": index, "finish_reason": "stop", "delta": {"content": "Whole."}}
            await reply.chunk(f"data: {json.dumps(stream_part(request, [choice]))}\n\n")
        if end == "reset":
            await reply.reset()
        else:
            await reply.gone.wait()

    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(unfinished)
        found = await answers(generator, wish("m", (1, 2)))
        await generator.aclose()
    assert [(answer.text, answer.retries) for answer in found] == [("Whole.", ())] * 2


async def test_retries_are_bounded() -> None:
    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.extend([broken] * 9)
        with pytest.raises(BackendStopped, match="4 tries") as caught:
            await answers(generator, wish("m"))
        await generator.aclose()
    assert caught.value.exit_code == 4


async def test_an_answer_that_fails_at_every_try_is_unusable_where_the_others_come() -> None:
    class Allergic(Compatible):
        async def _speak(self, request: Request, reply: Reply) -> None:
            if request.body["seed"] == 3:
                await reply.send(500, {"error": {"message": "out of luck"}})
                return
            await super()._speak(request, reply)

    async with Allergic("someone") as server:
        generator = openai(server.url)
        found = await answers(generator, wish("m", tuple(range(12)), top_k=0, min_p=0))
        await generator.aclose()
    failed = [answer for answer in found if answer.finish_reason != "stop"]
    assert [(answer.seed, len(answer.retries)) for answer in failed] == [(3, 4)]
    assert failed[0].finish_reason == "a fault at each of 4 tries"


@pytest.mark.parametrize(
    ("message", "needed"),
    [
        ("This model's maximum context length is 512 tokens. However, your request has 600 input "
         "tokens in the messages. Please reduce the length.", 768),
        ("request (600 tokens) exceeds the available context size (512 tokens)", 768),
        # Nothing says how long it is: more than there is, for certain.
        ("Your input exceeds the context window of this model.", None),
    ],
)  # fmt: skip
async def test_a_refused_prompt_names_the_context_needed(message: str, needed: int | None) -> None:
    async def refuse(request: Request, reply: Reply) -> None:
        await reply.send(400, {"error": {"message": message, "n_prompt_tokens": needed and 600}})

    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(refuse)
        with pytest.raises(PromptTooLong, match="--max-model-len 768 or more"):
            await answers(generator, wish("m"))
        await generator.aclose()


async def test_a_prompt_that_was_cut_silently_is_no_result() -> None:
    async def cut(request: Request, reply: Reply) -> None:
        choice = {"index": 0, "finish_reason": "stop", "delta": {"content": "Yes."}}
        usage = {"prompt_tokens": 40, "completion_tokens": 2, "total_tokens": 42}
        await reply.stream("text/event-stream")
        await reply.chunk(f"data: {json.dumps(stream_part(request, [choice], usage=usage))}\n\n")
        await reply.chunk("data: [DONE]\n\n")
        await reply.end()

    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(cut)
        prompt = Prompt("chat", (Message("user", "word " * 100),))
        with pytest.raises(PromptTooLong, match="at least 100 tokens and the server read 40"):
            await answers(generator, wish("m", prompt=prompt))
        await generator.aclose()


async def test_ollama_behind_this_interface_is_refused() -> None:
    async def imitation(request: Request, reply: Reply) -> None:
        await reply.stream("text/event-stream")
        for line in exchange("101-openai-chat-stream")["ndjson_lines"]:
            await reply.chunk(line)
        await reply.end()

    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(imitation)
        with pytest.raises(UnfitRequest, match="use the ollama backend"):
            await answers(generator, wish("m"))
        await generator.aclose()


async def test_the_key_comes_from_the_environment_and_is_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(request: Request, reply: Reply) -> None:
        await reply.send(401, {"error": {"message": f"Incorrect API key provided: {KEY[:9]}***"}})

    async def leak(request: Request, reply: Reply) -> None:
        await reply.send(422, {"error": {"message": f"bad header: Bearer {KEY}"}})

    monkeypatch.setenv("BOX_KEY", KEY)
    async with Compatible() as server:
        generator = openai(server.url, key_variable="BOX_KEY")
        info = await generator.describe("m")
        server.faults.extend([refuse, leak])
        with pytest.raises(BackendError, match="BOX_KEY") as refused:
            await answers(generator, wish("m"))
        with pytest.raises(UnfitRequest) as leaked:
            await answers(generator, wish("m"))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    shown = [refused.value, leaked.value, info, answer, generator, vars(generator)]
    assert KEY[:9] not in " ".join(map(repr, shown)) + str(refused.value) + str(leaked.value)


def test_openai_itself_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    async def describe() -> None:
        await openai("https://api.openai.com/v1").describe("m")

    with pytest.raises(BackendError, match="OPENAI_API_KEY"):
        asyncio.run(describe())


async def test_a_missing_model_names_its_neighbours() -> None:
    async with Compatible(id="meta-llama/Llama-3.1-8B-Instruct") as server:
        generator = openai(server.url)
        with pytest.raises(ModelMissing, match=r"nearest: meta-llama/Llama-3\.1-8B-Instruct"):
            await generator.describe("Llama-3.1-8B")
        await generator.aclose()


async def test_absent_and_other_servers_are_told_apart() -> None:
    async def other(request: Request, reply: Reply) -> None:
        await reply.send(200, "<html>It works!</html>", "text/html")

    async with WireServer(other) as server:
        generator = openai(server.url)
        with pytest.raises(ServerMissing, match="doesn't answer like an OpenAI-compatible server"):
            await generator.describe("m")
        await generator.aclose()
    generator = openai(server.url)
    with pytest.raises(ServerMissing, match="no server answers"):
        await generator.describe("m")
    await generator.aclose()


async def test_hosts_share_the_work_and_take_over_from_each_other() -> None:
    async with Compatible("someone") as one, Compatible("someone") as two:
        generator = openai(one.url, two.url)
        await generator.describe("m")
        one.faults.extend([reset] * 8)
        found = await answers(generator, wish("m", tuple(range(24)), **NEUTRAL))
        await generator.aclose()
    assert len(found) == 24
    assert one.most_active <= 8
    assert two.most_active <= 8
    assert any(f"{one.url}/v1: the connection broke" in f for a in found for f in a.retries)


async def test_cancelling_hangs_up() -> None:
    async with Compatible() as server:
        generator = openai(server.url, first_seconds=60)
        await generator.describe("m")
        server.faults.append(hang)
        asking = asyncio.create_task(answers(generator, wish("m")))
        while not server.asked("/v1/chat/completions"):  # noqa: ASYNC110 (the server is a list)
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(30):
            while not server.hangups:  # noqa: ASYNC110 (the server is a counter)
                await asyncio.sleep(0.01)
        await generator.aclose()


async def test_thinking_is_kept_apart() -> None:
    async def think(request: Request, reply: Reply) -> None:
        await reply.stream("text/event-stream")
        for delta in ({"reasoning_content": "hm"}, {"content": "Yes."}):
            choice = {"index": 0, "finish_reason": None, "delta": delta}
            await reply.chunk(f"data: {json.dumps(stream_part(request, [choice]))}\n\n")
        choice = {"index": 0, "finish_reason": "stop", "delta": {}}
        await reply.chunk(f"data: {json.dumps(stream_part(request, [choice]))}\n\n")
        await reply.end()

    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(think)
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert (answer.text, answer.thinking) == ("Yes.", "hm")


async def test_a_text_that_is_longer_than_the_embedder_s_window_is_told() -> None:
    async def refuse(request: Request, reply: Reply) -> None:
        said = "This model's maximum context length is 512 tokens. However, you requested 700."
        await reply.send(400, {"error": {"message": said, "code": "context_length_exceeded"}})

    async with Compatible() as server:
        embedder = OpenAIEmbedder("m", "", True, [server.url])
        await embedder.describe()
        server.faults.append(refuse)
        with pytest.raises(UnfitRequest, match="a text is longer than the model's window; use a"):
            await embedder.embed(["word " * 700])
        await embedder.aclose()


async def test_vectors_come_in_the_order_of_the_texts() -> None:
    async with Compatible() as server:
        units = OpenAIEmbedder("m", "p: ", True, [server.url])
        raw = OpenAIEmbedder("m", "p: ", False, [server.url], first_delay=0.01)
        server.faults.append(broken)
        found = await raw.embed(["a", "bb", "ccc"])
        unit = await units.embed(["a", "bb", "ccc"])
        assert server.asked("/v1/embeddings")[-1]["input"] == ["p: a", "p: bb", "p: ccc"]
        server.length = 1.0
        with pytest.raises(UnfitRequest, match=r"embedder\.normalise = true"):
            await raw.describe()
        await units.aclose()
        await raw.aclose()
    expected = np.array([[1.8, -2.4], [1.8, 2.4], [1.8, -2.4]])
    np.testing.assert_allclose(found.vectors, expected, rtol=1e-6)
    np.testing.assert_allclose(unit.vectors, expected / 3, rtol=1e-6)
