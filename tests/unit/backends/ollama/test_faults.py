"""What a server can do to a run, each fault against a server that does it."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from ollama import ResponseError
from pydantic import BaseModel, ValidationError
from support import ollama_faults as faulty
from support.engine import StandInModel, WordEngine
from support.http import Reply, Request, WireServer
from support.ollama_server import Fault, OllamaStandIn
from support.requests import answers, ollama, wish

from lwd_tui.backends.hosts import ollama_hosts
from lwd_tui.backends.ollama.client import OllamaClient, explained, missing, tokens_named
from lwd_tui.backends.retry import Transient
from lwd_tui.experiment.backend import (
    BackendError,
    BackendStopped,
    PromptTooLong,
    ServerMissing,
    UnfitRequest,
)
from lwd_tui.llm.answers import problem_of
from lwd_tui.llm.reasoning import split_reasoning
from lwd_tui.types import Message, Prompt

MODEL = StandInModel("smollm2:135m")


def misread(sent: dict[str, str]) -> ValidationError:
    """Return what reading an answer of another form raises."""

    class Answer(BaseModel):
        text: str

    with pytest.raises(ValidationError) as raised:
        Answer.model_validate(sent)
    return raised.value


def stand_in(**settings: Any) -> OllamaStandIn:
    return OllamaStandIn(models=[MODEL], **settings)


async def free_url() -> str:
    """Return an address where nothing listens."""
    server = WireServer(_never)
    await server.start()
    await server.stop()
    return server.url


async def _never(request: Request, reply: Reply) -> None:
    await reply.reset()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (faulty.refuse_busy, "HTTP 503: server busy"),
        (faulty.reset, "the connection broke"),
        (faulty.reset_in_stream, "the connection broke"),
        (faulty.web_page, "part 1 of the stream holds a web page: <!doctype html>"),
        (faulty.malformed, "part 1 of the stream holds malformed JSON: {"),
        (faulty.not_an_object, "part 1 of the stream holds a part that is no object: [1, 2]"),
        (faulty.error_body, "an error inside the stream: something went wrong"),
        (faulty.error_in_stream, "an error inside the stream: an error was encountered"),
        (faulty.cut_stream, "the stream ended before the answer did"),
        (faulty.hang_in_stream, "no further token within 0.3 s"),
        (faulty.runner_died, "HTTP 500: an error was encountered"),
        (faulty.endless, "more than 4 MiB came for 96 tokens"),
        (faulty.endless_line, "more than 4 MiB came for 96 tokens"),
    ],
)
async def test_a_fault_that_passes_is_tried_again_and_recorded(fault: Fault, told: str) -> None:
    async with stand_in() as server:
        silence = 0.3 if fault is faulty.hang_in_stream else 10
        generator = ollama(server.url, idle_seconds=silence)
        await generator.prepare({MODEL.name: 512}, 1)
        (clean,) = await answers(generator, wish(seeds=(5,)))
        server.faults.append(fault)
        (answer,) = await answers(generator, wish(seeds=(5,)))
        await generator.aclose()
    assert clean.retries == ()
    assert len(answer.retries) == 1
    assert answer.retries[0].startswith(f"{server.url}: {told}")
    # The half answer from before the fault has left no trace.
    assert answer.text == clean.text


async def test_a_request_that_hangs_before_its_first_token_is_given_up() -> None:
    async with stand_in() as server:
        generator = ollama(server.url, first_seconds=0.4)
        await generator.prepare({MODEL.name: 512}, 1)
        server.faults.append(faulty.hang)
        (answer,) = await answers(generator, wish())
        await generator.aclose()
    assert answer.retries == (f"{server.url}: no answer within 0.4 s",)


async def test_retries_are_bounded_and_the_run_can_be_resumed() -> None:
    async with stand_in() as server:
        generator = ollama(server.url, attempts=3)
        server.faults.extend([faulty.runner_died] * 50)
        with pytest.raises(
            BackendStopped, match=r"3 tries in .* HTTP 500.*resume the run"
        ) as caught:
            await answers(generator, wish())
        await generator.aclose()
    assert caught.value.exit_code == 4
    assert len(server.asked("/api/chat")) == 3


class Allergic(WordEngine):
    """Can't answer one seed, however often it is asked."""

    async def generate(self, model, body, limit):
        if body["options"].get("seed") == 3:
            raise ConnectionAbortedError("as runners are whose kernel fails")
        async for token in super().generate(model, body, limit):
            yield token


async def test_an_answer_that_fails_at_every_try_is_unusable_where_the_others_come() -> None:
    async with stand_in(engine=Allergic()) as server:
        generator = ollama(server.url, parallel=1)
        found = await answers(generator, wish(seeds=tuple(range(12))))
        await generator.aclose()
    failed = [answer for answer in found if answer.finish_reason != "stop"]
    assert [answer.seed for answer in failed] == [3]
    assert len(failed[0].retries) == 4
    assert "a fault at each of 4 tries" in problem_of("", failed[0].finish_reason)


async def test_a_server_that_is_absent_at_the_start_is_said_at_once() -> None:
    url = await free_url()
    generator = ollama(url)
    with pytest.raises(
        ServerMissing, match=rf"no Ollama server answers at {url}.*--host"
    ) as caught:
        await generator.describe("smollm2:135m")
    await generator.aclose()
    assert caught.value.exit_code == 3


async def test_a_server_that_comes_back_in_mid_run_goes_on_with_the_same_answers() -> None:
    engine = WordEngine(token_seconds=0.01)
    async with stand_in(engine=engine) as server:
        generator = ollama(server.url, attempts=30)
        request = wish(seeds=tuple(range(6)))
        undisturbed = await answers(generator, request)

        async def outage() -> None:
            await asyncio.sleep(0.1)
            await server.stop()
            await asyncio.sleep(0.3)
            await server.start()

        loads = len(server.loads)
        trouble = asyncio.create_task(outage())
        disturbed = await answers(generator, request)
        await trouble
        await generator.aclose()
    assert [answer.text for answer in disturbed] == [answer.text for answer in undisturbed]
    assert any("can't be reached" in fault for answer in disturbed for fault in answer.retries)
    # It was started anew, so the model was loaded and asked about long prompts again.
    assert len(server.loads) == loads + 1


async def test_a_server_that_stays_away_stops_the_run_before_each_answer_used_up_its_tries() -> (
    None
):
    async with stand_in() as server:
        generator = ollama(server.url, attempts=4)
        await generator.prepare({MODEL.name: 512}, 20)
        await server.stop()
        with pytest.raises(BackendStopped, match="can't be reached"):
            await asyncio.wait_for(answers(generator, wish(seeds=tuple(range(20)))), 5)
        await generator.aclose()


async def test_a_slow_first_load_is_no_fault() -> None:
    # Far longer than the limit between two tokens.
    async with stand_in(load_seconds=0.8) as server:
        generator = ollama(server.url, idle_seconds=0.2)
        (answer,) = await answers(generator, wish())
        await generator.aclose()
    assert answer.retries == ()


async def test_a_slow_answer_is_no_fault_while_tokens_come() -> None:
    async with stand_in(engine=WordEngine(token_seconds=0.12, words=8)) as server:
        generator = ollama(server.url, idle_seconds=0.3)
        (answer,) = await answers(generator, wish())
        await generator.aclose()
    assert answer.seconds > 0.9
    assert answer.retries == ()


@pytest.mark.parametrize("page", ["<html><title>It works!</title></html>", '{"ok": true}', "[]"])
async def test_another_server_at_the_address_is_said_at_once(page: str) -> None:
    async def other(request: Request, reply: Reply) -> None:
        await reply.send(200, page, "text/html")

    async with WireServer(other) as server:
        generator = ollama(server.url)
        with pytest.raises(ServerMissing, match="doesn't answer like an Ollama server"):
            await generator.describe("smollm2:135m")
        await generator.aclose()


@pytest.mark.parametrize("status", [404, 502])
async def test_an_error_page_of_another_server_is_said_at_once(status: int) -> None:
    async def other(request: Request, reply: Reply) -> None:
        await reply.send(status, "<html>\x1b]0;owned\x07no</html>", "text/html")

    async with WireServer(other) as server:
        generator = ollama(server.url)
        with pytest.raises(ServerMissing, match=rf"HTTP {status} with a web page") as caught:
            await generator.describe("smollm2:135m")
        await generator.aclose()
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_but_named(status: int) -> None:
    async def other(request: Request, reply: Reply) -> None:
        await reply.send(status, "", Location="https://elsewhere/ollama?token=s3cret")

    async with WireServer(other) as server:
        generator = ollama(server.url)
        with pytest.raises(ServerMissing, match="redirects to https://elsewhere/ollama ") as caught:
            await generator.describe("smollm2:135m")
        await generator.aclose()
    assert "s3cret" not in str(caught.value)
    async with stand_in() as server:
        generator = ollama(server.url)
        await generator.describe("smollm2:135m")
        server.faults.append(lambda _, request, reply: other(request, reply))
        with pytest.raises(ServerMissing, match="redirects to https://elsewhere/ollama "):
            await answers(generator, wish())
        await generator.aclose()


async def test_what_a_server_says_can_not_drive_the_terminal() -> None:
    async def rude(server: OllamaStandIn, request: Request, reply: Reply) -> None:
        await reply.send(400, {"error": "no\x1b]52;c;aGk=\x07 \x9b31m never"})

    async with stand_in() as server:
        generator = ollama(server.url)
        server.faults.append(rude)
        with pytest.raises(UnfitRequest, match=r"no  never \(HTTP 400\)") as caught:
            await answers(generator, wish())
        await generator.aclose()
    assert not set(str(caught.value)) & {"\x1b", "\x07", "\x9b"}


async def test_cancelling_frees_the_slot_of_the_server() -> None:
    async with stand_in(engine=WordEngine(token_seconds=0.1, words=500)) as server:
        generator = ollama(server.url)
        request = wish(seeds=(1, 2, 3, 4), max_tokens=500, context=2048)
        first_token = asyncio.Event()

        async def ask() -> None:
            async with aclosing(generator.generate(request, lambda *_: first_token.set())) as all_:
                async for _ in all_:
                    raise AssertionError("no answer can be finished")

        asking = asyncio.create_task(ask())
        await first_token.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(server.quiet.wait(), 30)
        assert server.cancelled >= 1
        # The slot is free: the next answer comes long before the cancelled one would have ended.
        server.engine = WordEngine()
        async with asyncio.timeout(30):
            (answer,) = await answers(generator, wish())
        await generator.aclose()
    assert answer.retries == ()


async def test_a_model_that_changes_while_the_server_was_away_stops_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stand_in() as server:
        generator = ollama(server.url)
        await answers(generator, wish())
        server.faults.append(faulty.reset)
        monkeypatch.setattr(StandInModel, "digest", "f" * 64)
        with pytest.raises(BackendError, match="was changed while the run was on"):
            await answers(generator, wish())
        await generator.aclose()


@pytest.mark.parametrize("cut_to", [0.5, 1.0])
async def test_a_server_that_cuts_silently_is_found_out(cut_to: float) -> None:
    # One word of 600, so that counting words can't tell.
    prompt = Prompt("chat", (Message("user", "字" * 600),))

    class Characters(WordEngine):
        async def tokens(self, model: StandInModel, body: dict[str, Any]) -> int:
            if "messages" not in body:
                return len(body["prompt"].split())
            return sum(len(turn["content"]) for turn in body["messages"])

    async with stand_in(refuses=False, cut_to=cut_to, engine=Characters()) as server:
        generator = ollama(server.url)
        with pytest.raises(PromptTooLong, match="would not say whether it cut") as caught:
            await answers(generator, wish(prompt=prompt, context=512))
        (short,) = await answers(
            generator, wish(prompt=Prompt("chat", (Message("user", "字" * 200),)), context=512)
        )
        await generator.aclose()
    assert short.prompt_tokens == 200
    needed = int(str(caught.value).partition("context = ")[2].split()[0])
    assert needed >= 512


async def test_a_prompt_that_leaves_the_answer_no_room_is_an_error() -> None:
    prompt = Prompt("chat", (Message("user", "word " * 490),))
    async with stand_in(engine=WordEngine(words=40)) as server:
        generator = ollama(server.url)
        with pytest.raises(PromptTooLong, match=r"498 tokens leaves the answer 14; .* = 768"):
            await answers(generator, wish(prompt=prompt, context=512, max_tokens=96))
        await generator.aclose()


async def test_thinking_is_switched_off_or_kept_apart() -> None:
    thinker = StandInModel("thinker:1b", thinks=True)

    class Thinking(WordEngine):
        async def generate(self, model: StandInModel, body: dict[str, Any], limit: int) -> Any:
            yield "<think>hm, well", ""
            yield "</think>\n\nYes.", ""
            yield "", "stop"

    async with OllamaStandIn(models=[thinker], engine=Thinking()) as server:
        generator = ollama(server.url)
        assert "thinking" in (await generator.describe(thinker.name)).capabilities
        (answer,) = await answers(generator, wish(thinker.name))
        await generator.aclose()
    assert server.asked("/api/chat")[0]["think"] is False
    # What a server left in the answer, the network takes out of it.
    found, thinking = split_reasoning(answer.text)
    assert (found.strip(), thinking) == ("Yes.", "hm, well")


async def test_a_mistake_of_the_caller_is_not_taken_for_a_fault_of_the_server() -> None:
    def careless(position: int, text: str) -> None:
        raise ValueError("a mistake")

    async with stand_in() as server:
        generator = ollama(server.url)
        with pytest.raises(ValueError, match="a mistake"):
            await answers(generator, wish(), careless)
        await generator.aclose()
    assert len(server.asked("/api/chat")) == 1


async def test_a_proxy_never_captures_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", await free_url())
    monkeypatch.setenv("http_proxy", await free_url())
    async with stand_in() as server:
        generator = ollama(server.url)
        (answer,) = await answers(generator, wish())
        await generator.aclose()
    assert answer.text


async def test_a_base_model_is_not_asked_to_chat() -> None:
    base = StandInModel("base:1b", template="{{ .Prompt }}")
    async with OllamaStandIn(models=[base]) as server:
        generator = ollama(server.url)
        with pytest.raises(UnfitRequest, match='style = "completion"'):
            await answers(generator, wish(base.name))
        (answer,) = await answers(generator, wish(base.name, prompt=Prompt.completion("The sky")))
        await generator.aclose()
    assert answer.text


async def test_tokens_are_counted_by_the_server() -> None:
    async with stand_in() as server:
        generator = ollama(server.url)
        assert await generator.count_tokens(MODEL.name, "one two three") == 3
        assert await generator.count_tokens(MODEL.name, "") == 0
        # More than it can read without a cut: it says so, and how many they are.
        assert await generator.count_tokens(MODEL.name, "word " * 5000) == 5000
        # A fault is tried again, as with answers.
        server.faults.append(faulty.runner_died)
        assert await generator.count_tokens(MODEL.name, "one two three") == 3
        await generator.aclose()


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        # As it is sent by a server of today, and by parts: the context is no count of the prompt.
        (
            '{"error":{"code":400,"message":"request (1231 tokens) exceeds the available context '
            'size (256 tokens), try increasing it","n_prompt_tokens":1231,"n_ctx":256}}',
            1231,
        ),
        ("request (1231 tokens) exceeds the available context size (256 tokens)", 1231),
        ('exceeds the context size, "n_ctx": 256, "n_prompt_tokens": 77', 77),
        ("exceeds the context length", None),
        ("request (0 tokens) exceeds the context size", None),
        ("request (99999999999 tokens) exceeds the context size", None),
    ],
)
def test_the_tokens_of_a_refused_prompt_are_those_that_the_server_names(told, tokens) -> None:
    assert tokens_named(ResponseError(told, 400)) == tokens


async def test_a_refused_prompt_says_how_much_context_it_needs() -> None:
    prompt = Prompt("chat", (Message("user", "word " * 590),))
    async with stand_in() as server:
        generator = ollama(server.url)
        # 598 tokens and room for 96 more, in steps of 256.
        with pytest.raises(PromptTooLong, match=r"512 tokens is .* has 598 tokens; .* = 768"):
            await answers(generator, wish(prompt=prompt, context=512, max_tokens=96))
        with pytest.raises(PromptTooLong, match=r"has 598 tokens; .* = 1024"):
            await answers(generator, wish(prompt=prompt, context=512, max_tokens=200))
        await generator.aclose()


def test_no_hosts_are_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert ollama_hosts(()) == ("http://127.0.0.1:11434",)


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (ResponseError("", 304), ServerMissing, "box redirects to another address .HTTP 304"),
        (ResponseError("who?", 407), BackendError, "the proxy wants to be told who asks"),
        (ResponseError("", 403), BackendError, "refuses access .HTTP 403.: no reason given"),
        (ResponseError("exceeds the context size", 400), PromptTooLong, "m at http://box"),
        (ResponseError("requires more system memory", 500), BackendError, "more system memory"),
        (ResponseError("wrong", 500), Transient, "HTTP 500: wrong"),
        (ResponseError("no", 501), UnfitRequest, "m at http://box: no .HTTP 501"),
        (httpx.InvalidURL("odd"), UnfitRequest, "host http://box: odd"),
        (httpx.ReadError(""), Transient, "the connection broke .ReadError"),
        (misread({"error": "no luck"}), Transient, "HTTP 200 with an error: no luck"),
        (misread({}), Transient, "JSON without the fields of an answer"),
        (BackendError("as it was"), Transient, "JSON of another form"),
    ],
)
def test_what_an_ollama_client_raises_is_told(error, kind, told) -> None:
    found = explained(error, "http://box", "m")
    assert type(found) is kind
    assert re.search(told, str(found))
    # Of a server that was asked what it has, it is always an error that a user can read.
    assert isinstance(missing(found, "http://box"), BackendError)


async def test_an_answer_in_one_piece_that_is_none_is_a_fault() -> None:
    async def send(request: Request, reply: Reply) -> None:
        await reply.send(200, {"model": "m"})

    async with WireServer(send) as server, OllamaClient(server.url) as client:
        with pytest.raises(ValueError, match="no answer"):
            await client.generate_whole({"model": "m"})


async def test_a_blank_prompt_is_refused_before_it_is_sent() -> None:
    async with stand_in() as server:
        generator = ollama(server.url)
        with pytest.raises(UnfitRequest, match="was asked nothing: the prompt is blank"):
            await answers(generator, wish(prompt=Prompt.completion(" \n")))
        await generator.aclose()
    assert not server.asked("/api/generate")


async def test_a_model_that_another_run_loads_with_less_just_then_is_loaded_again() -> None:
    class Shared(OllamaStandIn):
        async def _ps(self, request: Request, reply: Reply) -> None:
            if len(self.loads) == 1:
                self.loaded[MODEL.name].context = 256
            await super()._ps(request, reply)

    async with Shared(models=[MODEL]) as server:
        generator = ollama(server.url)
        await generator.prepare({MODEL.name: 512}, 1)
        (answer,) = await answers(generator, wish(seeds=(5,)))
        loads = len(server.loads)
        await generator.aclose()
    assert (problem_of(answer.text, answer.finish_reason), loads) == ("", 2)
