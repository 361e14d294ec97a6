"""What an OpenAI-compatible server refuses of a request, and what is sent to it instead."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.compatible import Compatible, unknown_fields
from support.http import Reply, Request
from support.requests import answers, openai, wish

from lwd_tui.experiment.backend import BackendError, UnfitRequest
from lwd_tui.types import Prompt

CHATS, TEXTS = "/v1/chat/completions", "/v1/completions"
PLAIN: dict[str, Any] = {"top_k": 0, "min_p": 0.0}


async def test_where_n_is_refused_each_answer_has_its_own_seed_and_says_why() -> None:
    async with Compatible("vllm") as server:
        server.objection = unknown_fields("n")
        generator = openai(server.url)
        found = await answers(generator, wish("m", (900, 5, 70, 31)))
        later = await answers(generator, wish("m", (8, 3)))
        await generator.aclose()
        assert server.most_active > 1, "they are asked for at once"
    assert [answer.seed for answer in found] == [900, 5, 70, 31]
    assert [answer.text.split(".")[0] for answer in found] == ["900", "5", "70", "31"]
    for answer in found:
        assert [note for note in answer.retries if "without n (" in note], answer.retries
    assert all(answer.retries == () for answer in later)
    assert [body.get("n", 1) for body in server.asked(CHATS)] == [4, 1, 1, 1, 1, 1, 1]


async def test_seeds_are_recorded_as_the_server_makes_them_beyond_31_bits_too() -> None:
    most = 2**31 - 1
    async with Compatible("vllm") as server:
        generator = openai(server.url)
        found = await answers(generator, wish("m", (most, 5, 6)))
        await generator.aclose()
    assert [answer.seed for answer in found] == [most, most + 1, most + 2]
    assert [answer.text.split(".")[0] for answer in found] == [str(most + i) for i in range(3)]


async def test_what_was_met_before_n_was_refused_is_recorded_too() -> None:
    async def broken(request: Request, reply: Reply) -> None:
        await reply.send(500, {"error": {"message": "engine died"}})

    async with Compatible("vllm") as server:
        generator = openai(server.url)
        await generator.describe("m")
        server.faults.append(broken)
        server.objection = unknown_fields("n")
        found = await answers(generator, wish("m", (1, 2)))
        await generator.aclose()
    for answer in found:
        first, second = answer.retries
        assert "HTTP 500: engine died" in first
        assert "without n (" in second


async def test_where_one_answer_asked_alone_fails_the_others_are_let_go() -> None:
    def objection(body: dict[str, Any]) -> str | None:
        return "no n here" if "n" in body else body["seed"] == 2 and "unlucky"

    async with Compatible("vllm") as server:
        server.objection = objection
        generator = openai(server.url)
        # A coroutine that nobody awaits would be a warning, and warnings are errors here.
        with pytest.raises(UnfitRequest, match="unlucky"):
            await answers(generator, wish("m", (2, 40, 41, 42)))
        await generator.aclose()


async def test_no_answer_is_asked_for_without_a_limit() -> None:
    for refused, prompt, endpoint in (
        (("max_tokens", "max_completion_tokens"), wish("m").prompt, CHATS),
        (("max_tokens",), Prompt.completion("The sky is"), TEXTS),
    ):
        async with Compatible() as server:
            server.objection = unknown_fields(*refused)
            generator = openai(server.url)
            for _ in range(2):
                with pytest.raises(UnfitRequest, match="takes no limit on the length"):
                    await answers(generator, wish("m", prompt=prompt))
            await generator.aclose()
        bodies = server.asked(endpoint)
        assert bodies
        assert all("max_tokens" in body or "max_completion_tokens" in body for body in bodies)


async def test_what_a_chat_refuses_is_still_sent_with_a_completion() -> None:
    async with Compatible() as server:
        server.objection = lambda body: "messages" in body and unknown_fields("max_tokens")(body)
        generator = openai(server.url)
        await answers(generator, wish("m"))
        await answers(generator, wish("m", prompt=Prompt.completion("The sky is")))
        await generator.aclose()
    assert server.asked(CHATS)[-1]["max_completion_tokens"] == 96
    assert [body["max_tokens"] for body in server.asked(TEXTS)] == [96]


async def test_a_limit_that_is_too_large_is_no_field_that_is_unknown() -> None:
    async with Compatible() as server:
        server.objection = lambda body: "max_tokens is too large: at most 64 completion tokens"
        generator = openai(server.url)
        with pytest.raises(UnfitRequest, match="at most 64"):
            await answers(generator, wish("m"))
        await generator.aclose()
    assert len(server.asked(CHATS)) == 1


async def test_a_server_of_unknown_kind_is_sent_neutral_values() -> None:
    async with Compatible("someone") as server:
        generator = openai(server.url)
        (answer,) = await answers(generator, wish("m", **PLAIN))
        await generator.aclose()
    (body,) = server.asked(CHATS)
    neutral = {"top_k": 0, "min_p": 0, "repetition_penalty": 1, "repeat_penalty": 1}
    assert neutral.items() <= body.items()
    assert (body["presence_penalty"], body["frequency_penalty"]) == (0, 0)
    assert answer.retries == ()


async def test_the_other_neutral_value_is_tried_before_a_field_is_left_out() -> None:
    def sglang(body: dict[str, Any]) -> str | None:
        least = body.get("top_k", 1)
        return "top_k must be -1 (disable), or at least 1" if least == 0 else None

    async with Compatible("someone") as server:
        server.objection = sglang
        generator = openai(server.url)
        await answers(generator, wish("m", **PLAIN))
        await generator.aclose()
    assert [body.get("top_k") for body in server.asked(CHATS)] == [0, -1]


async def test_all_fields_that_are_named_at_once_are_left_out_at_once() -> None:
    async with Compatible("someone") as server:
        # As transformers serve says it.
        names = {"min_p", "repetition_penalty", "repeat_penalty"}
        server.objection = lambda body: (
            f"Unexpected fields in the request: {names & set(body)}" if names & set(body) else None
        )
        generator = openai(server.url)
        (answer,) = await answers(generator, wish("m", **PLAIN))
        await generator.aclose()
    assert len(server.asked(CHATS)) == 2
    assert sorted(note.split()[3] for note in answer.retries) == sorted(names)


@pytest.mark.parametrize(
    "objection",
    [
        unknown_fields("top_k", "min_p", "repetition_penalty", "repeat_penalty"),
        lambda body: "Bad request." if "top_k" in body else None,
    ],
    ids=["named", "unnamed"],
)
async def test_a_neutral_value_that_is_refused_may_be_the_models_own(objection: Any) -> None:
    said: list[str] = []
    async with Compatible("someone") as server:
        server.objection = objection
        generator = openai(server.url, notice=said.append)
        await generator.try_out(wish("m", **PLAIN))
        (answer,) = await answers(generator, wish("m", **PLAIN))
        await generator.aclose()
    (told, *_) = [sentence for sentence in said if "without top_k" in sentence]
    assert "what the model or the server sets for itself may hold instead" in told
    assert not {"top_k", "min_p", "repeat_penalty"} & set(server.asked(CHATS)[-1])
    assert answer.retries == ()


async def test_a_setting_of_the_users_is_not_left_out_where_nothing_is_named() -> None:
    async with Compatible("vllm") as server:
        server.objection = lambda body: "Bad request."
        generator = openai(server.url)
        with pytest.raises(UnfitRequest, match="Bad request"):
            await answers(generator, wish("m"))
        await generator.aclose()
    assert [body["top_k"] for body in server.asked(CHATS)] == [40]


async def test_trying_out_hangs_up_at_the_first_word() -> None:
    async with Compatible("vllm") as server:

        async def one_word(request: Request, reply: Reply) -> None:
            await reply.stream("text/event-stream")
            await server.chunk(request, reply, 0, "Yes")
            await reply.gone.wait()

        server.faults.append(one_word)
        generator = openai(server.url)
        await generator.try_out(wish("m", (1, 2, 3)))
        async with asyncio.timeout(30):
            while not server.hangups:  # noqa: ASYNC110 (the server is a counter)
                await asyncio.sleep(0.01)
        await generator.aclose()
    (body,) = server.asked(CHATS)
    assert (body["n"], body["max_tokens"]) == (3, 96), "it is tried as it will be asked"


async def test_trying_out_refuses_what_the_run_would_be_refused_for() -> None:
    async with Compatible("vllm") as server:
        server.objection = lambda body: "temperature must be 1 for this model"
        generator = openai(server.url)
        with pytest.raises(UnfitRequest, match="temperature must be 1"):
            await generator.try_out(wish("m"))
        await generator.aclose()


async def test_answers_of_sglang_are_asked_for_one_by_one() -> None:
    # With `n`, all of them would have one and the same seed.
    async with Compatible("sglang") as server:
        generator = openai(server.url)
        found = await answers(generator, wish("m", (7, 9)))
        await generator.aclose()
    assert all("n" not in body for body in server.asked(CHATS))
    assert [answer.seed for answer in found] == [7, 9]


async def test_a_gateway_that_counts_no_tokens_can_be_used(monkeypatch: Any) -> None:
    monkeypatch.setenv("LWD_OPENAI_KIND", "vllm")
    said: list[str] = []
    async with Compatible("a-gateway") as server:
        server.counts = False
        generator = openai(server.url, notice=said.append)
        counts = [await generator.count_tokens("m", "one two") for _ in range(3)]
        await generator.aclose()
    assert counts == [None] * 3
    (sentence,) = said
    assert "doesn't count tokens" in sentence
    assert len(server.asked("/tokenize")) == 1


async def test_a_kind_that_there_is_not_is_told(monkeypatch: Any) -> None:
    monkeypatch.setenv("LWD_OPENAI_KIND", "vlm")
    async with Compatible("a-gateway") as server:
        generator = openai(server.url)
        with pytest.raises(UnfitRequest, match="vllm, sglang, llamacpp"):
            await generator.describe("m")
        await generator.aclose()


async def test_ollama_is_recognised_before_anything_is_said_about_settings() -> None:
    class Imitation(Compatible):
        async def _answer(self, request: Any, reply: Any) -> None:
            if request.path == "/api/version":
                await reply.send(200, {"version": "0.32.15"})
            else:
                await super()._answer(request, reply)

    async with Imitation("library") as server:
        generator = openai(server.url)
        with pytest.raises(BackendError, match="use the ollama backend"):
            await generator.describe("m")
        await generator.aclose()


SYSTEM_REFUSED = {
    "System role not supported": 400,
    "Conversation roles must alternate user/assistant/user/assistant/...": 400,
    "Unsupported value: 'messages[0].role' does not support 'system' with this model.": 400,
    "Only user and assistant roles are supported!": 422,
    'messages: Unexpected role "system". The API accepts a top-level `system` parameter': 400,
    "Developer instruction is not enabled for models/small": 400,
    "Template error: system messages are not allowed by this chat template": 500,
}


@pytest.mark.parametrize("told", SYSTEM_REFUSED)
async def test_a_system_text_that_is_refused_goes_into_the_users_turn(told: str) -> None:
    async def refuse(request: Request, reply: Reply) -> None:
        await reply.send(SYSTEM_REFUSED[told], {"error": {"message": told}})

    async with Compatible("vllm") as server:
        server.faults.append(refuse)
        generator = openai(server.url)
        (answer,) = await answers(generator, wish("m"))
        (later,) = await answers(generator, wish("m", (2,)))
        await generator.aclose()
    first, *others = [body["messages"] for body in server.asked(CHATS)]
    assert [turn["role"] for turn in first] == ["system", "user"]
    assert others == [[{"role": "user", "content": "You are concise.\n\nName a colour."}]] * 2
    assert answer.retries == (
        f"asked again without system ({told}): its text stands at the head of the user's turn",
    )
    assert later.retries == ()


@pytest.mark.parametrize(
    "told", ["the system is not supported by your plan's quota of operating systems", "bad roles"]
)
async def test_what_is_refused_without_a_system_text_too_is_told(told: str) -> None:
    async with Compatible("vllm") as server:
        server.objection = lambda _: told
        generator = openai(server.url)
        with pytest.raises(UnfitRequest, match=told[:20]):
            await answers(generator, wish("m"))
        await generator.aclose()
    assert len(server.asked(CHATS)) < 3


@pytest.mark.parametrize(
    ("status", "told"), [(500, "n > 1 is not supported"), (501, "n: not implemented")]
)
async def test_several_answers_may_be_refused_as_an_error_of_the_server(
    status: int, told: str
) -> None:
    async def refuse(request: Request, reply: Reply) -> None:
        await reply.send(status, {"error": {"message": told}})

    async with Compatible("vllm") as server:
        server.faults.append(refuse)
        generator = openai(server.url)
        found = await answers(generator, wish("m", (7, 8)))
        await generator.aclose()
    assert [answer.seed for answer in found] == [7, 8]
    assert all("asked again without n (" in answer.retries[0] for answer in found)


async def test_what_a_server_never_does_is_not_tried_again() -> None:
    async def refuse(request: Request, reply: Reply) -> None:
        await reply.send(501, {"error": {"message": "no generation here"}})

    async with Compatible("vllm") as server:
        server.faults.extend([refuse] * 9)
        generator = openai(server.url)
        with pytest.raises(UnfitRequest, match="no generation here"):
            await answers(generator, wish("m"))
        await generator.aclose()
    assert len(server.asked(CHATS)) == 1


async def test_a_server_that_does_not_stream_is_asked_for_whole_answers() -> None:
    class Whole(Compatible):
        async def _speak(self, request: Request, reply: Reply) -> None:
            said = {"role": "assistant", "content": "Prices rise."}
            choice = {"index": 0, "message": said, "finish_reason": "stop"}
            await reply.send(200, {"object": "chat.completion", "choices": [choice]})

    async with Whole("someone") as server:
        server.objection = lambda body: "stream=true is not supported" if "stream" in body else None
        generator = openai(server.url)
        (answer,) = await answers(generator, wish("m", **PLAIN))
        await generator.aclose()
    assert answer.text == "Prices rise."
    assert "asked again without stream (" in answer.retries[0]
