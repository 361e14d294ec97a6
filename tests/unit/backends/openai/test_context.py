"""Prompts that an OpenAI-compatible server has no room for, and the advice that follows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from support.compatible import Compatible, stream_part
from support.http import Reply, Request
from support.requests import answers, openai, wish

from lwd_tui.backends.openai.refusals import context_named, says_too_long, tokens_named
from lwd_tui.experiment.backend import PromptTooLong, UnfitRequest
from lwd_tui.types import Message, Prompt

# What servers say, with the tokens of the prompt (None where they don't count them) and the
# context that they name.
TOLD = [
    ("This model's maximum context length is 4096 tokens. However, you requested 4146 tokens "
     "(4050 in the messages, 96 in the completion).", 4050, 4096),
    ("This model's maximum context length is 4096 tokens. However, you requested 96 output "
     "tokens and your prompt contains at least 4001 input tokens, for a total of at least 4097 "
     "tokens. Please reduce the length of the input prompt.", None, 4096),
    ("This model's maximum context length is 512 tokens. However, your request has 600 input "
     "tokens. Please reduce the length of the input messages.", 600, 512),
    ("This model's maximum context length is 8192 tokens. However, your messages resulted in "
     "9000 tokens.", 9000, 8192),
    ("The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
     5000, 4096),
    ("The input (5000 tokens) is longer than the model's context length (4096 tokens).",
     5000, 4096),
    ("Requested token count exceeds the model's maximum context length of 4096 tokens. You "
     "requested a total of 5096 tokens: 5000 tokens from the input messages and 96 tokens for "
     "the completion.", 5000, 4096),
    ("request (600 tokens) exceeds the available context size (512 tokens), try increasing it",
     600, 512),
    ("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 "
     "`inputs` tokens and 96 `max_new_tokens`", 5000, None),
    ("prompt is too long: 200001 tokens > 200000 maximum", 200001, None),
    ("Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum "
     "context length", 40000, 32768),
]  # fmt: skip


TOLD += [(f"prompt contains {9 * '9'}{more} tokens, of a context size of {9 * '9'}{more}",
          *(None if more else 999_999_999,) * 2) for more in ("", "9", 5000 * "9")]  # fmt: skip


@pytest.mark.parametrize(("told", "tokens", "context"), TOLD)
def test_what_servers_say_of_a_long_prompt_is_read(
    told: str, tokens: int | None, context: int | None
) -> None:
    assert says_too_long(told)
    assert tokens_named(told) == tokens
    assert context_named(told) == context


@pytest.mark.parametrize(
    "told",
    ["max_tokens is too large: 5000. This model supports at most 4096 completion tokens",
     "temperature must be at most 2", "messages: at least one is needed"],
)  # fmt: skip
def test_other_refusals_are_not_about_the_prompt(told: str) -> None:
    assert not says_too_long(told)


def needed(told: str) -> int:
    (number,) = re.findall(r"(?:--max-model-len|--context-length|with|for) (\d+)", told)
    return int(number)


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        ("vllm", "--max-model-len"),
        ("sglang", "--context-length"),
        ("llamacpp", "start llama-server with"),
        ("someone", "use a model or a server with room for"),
    ],
)
@pytest.mark.parametrize(("told", "tokens", "context"), TOLD)
async def test_advice_is_in_the_words_of_the_server_and_never_goes_down(
    owner: str, words: str, told: str, tokens: int | None, context: int | None
) -> None:
    listed = {"meta": {"n_ctx": 9000}} if owner == "llamacpp" else {"max_model_len": 9000}
    async with Compatible(owner, **listed) as server:
        server.objection = lambda body: told
        generator = openai(server.url)
        with pytest.raises(PromptTooLong) as caught:
            await answers(generator, wish("m", top_k=0, min_p=0.0))
        await generator.aclose()
    said = str(caught.value)
    assert words in said
    assert "num_ctx" not in said
    assert "for this participant" not in said
    assert needed(said) > (context or 9000)
    assert needed(said) >= (tokens or 0) + 96


async def test_a_refusal_inside_the_stream_is_a_prompt_too_long_as_well() -> None:
    told = "The input (5000 tokens) is longer than the model's context length (4096 tokens)."

    async def refuse(request: Request, reply: Reply) -> None:
        await reply.stream("text/event-stream")
        await reply.chunk(f"data: {json.dumps({'error': {'code': 400, 'message': told}})}\n\n")
        await reply.end()

    async with Compatible("sglang") as server:
        server.faults.append(refuse)
        generator = openai(server.url)
        with pytest.raises(PromptTooLong, match="--context-length 5120"):
            await answers(generator, wish("m"))
        await generator.aclose()


def shortened(each: int, prompt: int = 1000) -> Any:
    async def answer(request: Request, reply: Reply) -> None:
        count = request.body.get("n", 1)
        await reply.stream("text/event-stream")
        for index in range(count):
            choice = {"index": index, "finish_reason": "length", "delta": {"content": "Prices"}}
            await reply.chunk(f"data: {json.dumps(stream_part(request, [choice]))}\n\n")
        usage = {"prompt_tokens": prompt, "completion_tokens": each * count}
        await reply.chunk(f"data: {json.dumps(stream_part(request, [], usage=usage))}\n\n")
        await reply.chunk("data: [DONE]\n\n")
        await reply.end()

    return answer


@pytest.mark.parametrize("listed", [{"max_model_len": 1024}, {}], ids=["known", "not listed"])
@pytest.mark.parametrize("count", [1, 4])
async def test_answers_shortened_to_the_context_are_not_taken_for_long_ones(
    listed: dict[str, int], count: int
) -> None:
    async with Compatible("vllm", **listed) as server:
        server.faults.append(shortened(24))
        generator = openai(server.url)
        with pytest.raises(PromptTooLong, match=r"leaves the answer 24; .* 1280 or more"):
            await answers(generator, wish("m", tuple(range(count))))
        await generator.aclose()


@pytest.mark.parametrize("count", [1, 4])
async def test_answers_cut_by_max_tokens_are_cut_by_max_tokens(count: int) -> None:
    async with Compatible("vllm", max_model_len=2048) as server:
        server.faults.append(shortened(96))
        generator = openai(server.url)
        found = await answers(generator, wish("m", tuple(range(count))))
        await generator.aclose()
    assert {answer.finish_reason for answer in found} == {"length"}


async def test_a_prompt_cut_in_a_large_context_leads_to_a_larger_one() -> None:
    async with Compatible("someone", context_length=4096) as server:
        server.faults.append(shortened(96, prompt=50))
        generator = openai(server.url)
        prompt = Prompt("chat", (Message("user", "word " * 9000),))
        with pytest.raises(PromptTooLong, match="room for") as caught:
            await answers(generator, wish("m", prompt=prompt, top_k=0, min_p=0.0))
        await generator.aclose()
    assert needed(str(caught.value)) > 9000


async def test_each_server_must_have_the_context() -> None:
    async with Compatible(max_model_len=4096) as one, Compatible(max_model_len=1024) as two:
        generator = openai(one.url, two.url)
        with pytest.raises(UnfitRequest, match=re.escape(two.url)):
            await generator.prepare({"m": 2000}, 4)
        await generator.aclose()
