"""Wire data is data: whatever a server streams is an answer, an unusable answer or a fault."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.compatible import Compatible
from support.http import Reply, Request
from support.odd_parts import made_odd
from support.requests import answers, wish

from lwd_tui.backends.openai.chunks import Reader
from lwd_tui.backends.openai.embedder import OpenAIEmbedder
from lwd_tui.backends.openai.generator import OpenAIGenerator
from lwd_tui.backends.retry import Transient
from lwd_tui.experiment.backend import ModelMissing, ServerMissing
from lwd_tui.llm.answers import problem_of
from lwd_tui.llm.reasoning import split_reasoning

STREAMS = Path(__file__).parents[3] / "data" / "openai-streams"
SENTENCE = "Prices will rise slowly."


def openai(*urls, **settings):
    quick = {"first_seconds": 5.0, "idle_seconds": 0.3, "attempts": 4, "first_delay": 0.01}
    return OpenAIGenerator([f"{url}/v1" for url in urls], **(quick | settings))


def streams(text: str):
    """A fault that sends a stream as it stands."""

    async def send(request: Request, reply: Reply) -> None:
        await reply.stream("text/event-stream")
        await reply.chunk(text)
        await reply.end()

    return send


def stream(*choices, usage=None, done=True) -> str:
    parts = [{"choices": [choice]} for choice in choices]
    if usage:
        parts.append({"choices": [], "usage": usage})
    lines = [f"data: {json.dumps(part)}\n\n" for part in parts]
    return "".join([*lines, "data: [DONE]\n\n" if done else ""])


@pytest.mark.parametrize(
    ("name", "text", "thinking", "problem"),
    [
        ("choices-null", SENTENCE, "", ""),
        ("content-parts", SENTENCE, "one line is wanted", ""),
        (
            "finish-content-filter",
            "Prices will rise",
            "",
            "it ended by content_filter, not by itself",
        ),
        ("usage-zero", SENTENCE, "", ""),
        ("half-think", SENTENCE, "One line is wanted.\n", ""),
    ],
)
async def test_given_streams_come_to_what_they_must(name, text, thinking, problem) -> None:
    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(streams((STREAMS / f"{name}.txt").read_text()))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    said, thought = split_reasoning(answer.text)
    assert said.strip() == text
    assert (answer.thinking or thought) == thinking
    assert problem_of(said.strip(), answer.finish_reason) == problem
    assert answer.retries == ()


def parts_of(name: str) -> list:
    lines = (STREAMS / f"{name}.txt").read_text().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(["choices-null", "content-parts", "half-think"]))
def test_any_part_dropped_nulled_retyped_or_doubled_ends_in_an_answer_or_a_fault(data, name):
    parts = data.draw(made_odd(parts_of(name)))
    ends = data.draw(st.sampled_from(["data: [DONE]", ": ping", "", "data:"]))
    reader = Reader(data.draw(st.integers(1, 2)), lambda index, text: None)
    try:
        for part in parts:
            reader.take(f"data: {json.dumps(part)}")
        reader.take(ends)
        reader.finish()
    except Transient:
        return
    for answer in reader.answers:
        assert isinstance(answer.text, str)
        assert isinstance(problem_of(answer.text.strip(), answer.finish_reason), str)


def test_a_fault_names_its_place() -> None:
    reader = Reader(1, lambda index, text: None)
    reader.take('data: {"choices": [{"delta": {"content": "a"}}]}')
    with pytest.raises(Transient, match=r"part 2 of the stream holds a delta that is no object: 7"):
        reader.take('data: {"choices": [{"delta": 7}]}')


@pytest.mark.parametrize("count", [-1, 0, 2**63, 10**30, 1.5, float("nan"), True, "7", None])
def test_a_count_that_is_none_is_left_out(count) -> None:
    reader = Reader(1, lambda index, text: None)
    usage = {"prompt_tokens": count, "completion_tokens": count}
    reader.take(f"data: {json.dumps({'choices': [], 'usage': usage})}")
    assert (reader.prompt_tokens, reader.answers[0].completion_tokens) == (None, None)


def test_an_index_of_many_digits_is_a_fault() -> None:
    reader = Reader(1, lambda index, text: None)
    with pytest.raises(Transient, match="an index that is no number"):
        reader.take(f'data: {{"choices": [{{"index": "{5000 * "9"}"}}]}}')


def test_halves_of_a_letter_are_joined() -> None:
    reader = Reader(1, lambda index, text: None)
    for half in ("\\ud83d", "\\ude80"):
        reader.take(f'data: {{"choices": [{{"delta": {{"content": "{half}"}}}}]}}')
    assert reader.answers[0].text == "\U0001f680"


async def test_done_without_a_reason_ends_an_answer_that_is_whole() -> None:
    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(streams(stream({"delta": {"content": SENTENCE}})))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert (answer.text, answer.finish_reason, answer.retries) == (SENTENCE, "stop", ())


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("stream_options", "Unrecognized request argument supplied: stream_options"),
        ("chat_template_kwargs", "extra fields not permitted: chat_template_kwargs"),
        ("seed", "Unsupported parameter: 'seed' is not supported with this model."),
        ("n", "n > 1 is not supported"),
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
    ],
)
async def test_a_server_that_refuses_an_extra_is_asked_again_without_it(field, message) -> None:
    async def refuse(request: Request, reply: Reply) -> None:
        await reply.send(400, {"error": {"message": message, "type": "invalid_request_error"}})

    async with Compatible() as server:
        generator = openai(server.url)
        await generator.describe("m")
        server.faults.append(refuse)
        first = await answers(generator, wish("m", (1, 2)))
        second = await answers(generator, wish("m", (3, 4)))
        await generator.aclose()
    asked = server.asked("/v1/chat/completions")
    assert field in asked[0]
    assert all(field not in body for body in asked[1:])
    if field == "max_tokens":
        assert asked[1]["max_completion_tokens"] == asked[0]["max_tokens"]
    assert [len(found) for found in (first, second)] == [2, 2]
    if field != "n":
        assert any(f"asked again without {field}" in note for note in first[0].retries)
    assert second[0].retries == ()


async def test_what_a_user_set_is_never_left_out() -> None:
    async def refuse(request: Request, reply: Reply) -> None:
        await reply.send(400, {"error": {"message": "min_p is not supported"}})

    async with Compatible() as server:
        generator = openai(server.url)
        await generator.describe("m")
        server.faults.append(refuse)
        with pytest.raises(Exception, match="min_p is not supported"):
            await answers(generator, wish("m", min_p=0.2))
        await generator.aclose()


async def test_a_gateway_that_ends_the_first_answer_only_is_asked_for_each_alone() -> None:
    text = stream(
        {"index": 0, "delta": {"content": "One."}},
        {"index": 1, "delta": {"content": "Two."}},
        {"index": 0, "delta": {}, "finish_reason": "stop"},
    )
    async with Compatible() as server:
        generator = openai(server.url)
        await generator.describe("m")
        server.faults.append(streams(text))
        found = await answers(generator, wish("m", (10, 11)))
        later = await answers(generator, wish("m", (20, 21)))
        await generator.aclose()
    asked = server.asked("/v1/chat/completions")
    assert [body.get("n", 1) for body in asked] == [2, 1, 1, 1, 1]
    assert [body["seed"] for body in asked[1:]] == [10, 11, 20, 21]
    assert [answer.finish_reason for answer in (*found, *later)] == ["stop"] * 4


async def test_letters_at_which_other_readers_end_a_line_stay_in_the_answer() -> None:
    said = "One\u2028two\x85three\u2029four\x0bfive."
    part = {"choices": [{"delta": {"content": said}, "finish_reason": "stop"}]}
    raw = f"data: {json.dumps(part, ensure_ascii=False)}\r\n\r\ndata: [DONE]\r\n\r\n"
    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(streams(raw))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert (answer.text, answer.retries) == (said, ())


async def test_odd_lines_of_a_list_do_not_spoil_it() -> None:
    class Odd(Compatible):
        async def _answer(self, request: Request, reply: Reply) -> None:
            if request.path == "/v1/models":
                rows = [None, 3, {"id": 7}, {}, {"id": "m", "max_input_tokens": 900}]
                await reply.send(200, {"data": rows})
            else:
                await super()._answer(request, reply)

    async with Odd() as server:
        generator = openai(server.url)
        assert (await generator.describe("m")).context_length == 900
        with pytest.raises(ModelMissing):
            await generator.describe("7")
        await generator.aclose()


async def test_a_smaller_count_of_a_prompt_that_was_read_before_is_no_cut() -> None:
    def counted(tokens: int) -> str:
        choice = {"delta": {"content": SENTENCE}, "finish_reason": "stop"}
        return stream(choice, usage={"prompt_tokens": tokens, "completion_tokens": 5})

    async with Compatible() as server:
        generator = openai(server.url)
        for tokens in (30, 1):
            server.faults.append(streams(counted(tokens)))
            (answer,) = await answers(generator, wish("m"))
            assert answer.prompt_tokens == 30
        await generator.aclose()


@pytest.mark.parametrize(
    ("status", "message", "told"),
    [
        (404, "Not Found", "has no such address"),
        (400, "You didn't provide an API key.", "takes its key from the variable"),
    ],
)
async def test_an_address_and_a_key_are_not_taken_for_a_missing_model(status, message, told):
    async def refuse(request: Request, reply: Reply) -> None:
        await reply.send(status, {"error": {"message": message}})

    async with Compatible() as server:
        generator = openai(server.url)
        await generator.describe("m")
        server.faults.append(refuse)
        with pytest.raises((ServerMissing, Exception), match=told) as caught:
            await answers(generator, wish("m"))
        assert not isinstance(caught.value, ModelMissing)
        await generator.aclose()


async def test_a_server_that_is_started_again_is_waited_for_by_the_clock() -> None:
    async with Compatible() as server:
        # Eight tries take a fifth of the time that the server is away.
        generator = openai(server.url, attempts=4)
        await generator.describe("m")
        await server.stop()
        asking = asyncio.create_task(answers(generator, wish("m")))
        await asyncio.sleep(1.5)
        assert not asking.done()
        await server.start()
        (answer,) = await asking
        await generator.aclose()
    assert len(answer.retries) > 4
    assert all("can't be reached" in fault for fault in answer.retries)


@pytest.mark.parametrize("odd", [[], [float("nan"), 1.0], [0.0, 0.0], None], ids=str)
async def test_a_text_that_has_no_vector_is_found_and_marked(odd) -> None:
    async def some(request: Request, reply: Reply) -> None:
        rows = [
            {"object": "embedding", "index": i, "embedding": odd if "odd" in text else [0.6, 0.8]}
            for i, text in enumerate(request.body["input"])
        ]
        await reply.send(200, {"object": "list", "data": rows, "model": "m"})

    async with Compatible() as server:
        embedder = OpenAIEmbedder("m", "", True, [f"{server.url}/v1"], first_delay=0.01)
        server.faults.extend([some] * 9)
        found = await embedder.embed(["one", "an odd one", "two"])
        await embedder.aclose()
    assert found.missing == (False, True, False)
    assert found.vectors[[0, 2]].tolist() == pytest.approx(np.array([[0.6, 0.8]] * 2))
    assert not found.vectors[1].any()


@pytest.mark.parametrize("indent", [None, 2])
async def test_an_answer_in_one_piece_is_an_answer(indent) -> None:
    async def whole(request: Request, reply: Reply) -> None:
        message = {"role": "assistant", "content": SENTENCE}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 5}}
        await reply.send(200, json.dumps(body, indent=indent))

    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(whole)
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == (SENTENCE, 9, 5)
    assert answer.retries == ()


@pytest.mark.parametrize(
    "sent",
    [
        json.dumps({"error": {"message": "out of blocks"}}, indent=2),
        'data: {"object": "error", "message": "out of blocks", "code": 500}\n\n',
        'event: error\ndata: {"type": "error", "message": "out of blocks"}\n\n',
    ],
)
async def test_an_error_is_told_however_it_is_sent(sent) -> None:
    async with Compatible() as server:
        generator = openai(server.url)
        await generator.describe("m")
        server.faults.append(streams(sent))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert ["an error inside the stream: out of blocks" in it for it in answer.retries] == [True]


async def test_half_of_an_object_is_a_fault_with_its_place() -> None:
    async with Compatible() as server:
        generator = openai(server.url)
        await generator.describe("m")
        server.faults.append(streams('{\n  "choices": [\n'))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert ["part 1 of the stream holds malformed JSON" in it for it in answer.retries] == [True]


HM = "It could."


@pytest.mark.parametrize(
    "said",
    [
        {"reasoning_details": [{"type": "reasoning.text", "text": HM, "index": 0}]},
        {"reasoning": HM, "reasoning_details": [{"type": "reasoning.text", "text": HM}]},
        {"reasoning_details": [{"summary": HM}, {"type": "reasoning.encrypted", "data": "9f"}]},
        {"content": [{"type": "reasoning", "text": HM}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": HM}]}]},
        {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": HM}]}]},
        {"content": [{"type": "reasoning_content", "reasoning_content": HM}]},
        {"reasoning_content": "", "thinking": HM},
        {"content": f"<|channel|>analysis<|message|>{HM}<|end|><|start|>assistant"},
        {"content": [{"type": "text", "text": "[TH"}, {"type": "text", "text": f"INK]{HM}"}]},
    ],
)
async def test_what_is_thought_is_kept_apart_wherever_it_stands(said: dict) -> None:
    ends = {"channel": "<|channel|>final<|message|>", "[TH": "[/THINK]"}
    mark = next((mark for sign, mark in ends.items() if sign in str(said)), "")
    text = stream({"delta": said}, {"delta": {"content": mark + SENTENCE}, "finish_reason": "stop"})
    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(streams(text))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    rest, thought = split_reasoning(answer.text)
    assert (rest, answer.thinking or thought) == (SENTENCE, HM)


@pytest.mark.parametrize(
    ("said", "reason", "problem"),
    [
        ({"content": SENTENCE}, "STOP", ""),
        ({"content": SENTENCE}, "null", ""),  # [DONE] ends it.
        ({"content": SENTENCE}, "MAX_TOKENS", "cut off by max_tokens"),
        ({"content": SENTENCE}, "function_call", "it ended by function_call, not by itself"),
        ({"content": SENTENCE}, "model_length", "it ended by model_length, not by itself"),
        ({"content": None, "refusal": "No."}, "stop", "it ended by refusal, not by itself"),
        ({"reasoning": HM}, "max_output_tokens", "thinking took all the tokens; raise sampling"),
    ],
)
async def test_ends_are_known_in_every_spelling(said: dict, reason: str, problem: str) -> None:
    async with Compatible() as server:
        generator = openai(server.url)
        server.faults.append(streams(stream({"delta": said}, {"finish_reason": reason})))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    told = problem_of(answer.text, answer.finish_reason, answer.thinking)
    assert told.startswith(problem)
    assert bool(told) is bool(problem)


async def test_a_mark_of_the_encoding_and_indices_as_text_are_read() -> None:
    async with Compatible() as server:
        generator = openai(server.url)
        text = stream({"index": "0", "delta": {"content": SENTENCE}, "finish_reason": "stop"})
        server.faults.append(streams("\ufeff" + text))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    assert (answer.text, answer.retries) == (SENTENCE, ())


async def test_an_event_that_is_an_error_is_told_and_tried_again() -> None:
    async with Compatible() as server:
        generator = openai(server.url)
        text = stream({"delta": {"content": "Prices"}}, done=False)
        server.faults.append(streams(f'{text}event: error\ndata: {{"message": "busy"}}\n\n'))
        (answer,) = await answers(generator, wish("m"))
        await generator.aclose()
    (fault,) = answer.retries
    assert fault.endswith("an error inside the stream: busy")
