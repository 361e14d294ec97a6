"""Whole runs on OpenAI-compatible servers that behave in their own ways."""

from __future__ import annotations

import random
import shlex
from contextlib import aclosing
from typing import Any

import pytest
from support.compatible import Compatible, unknown_fields

from lwd_tui.errors import RunWorthless
from lwd_tui.experiment.backend import BackendError, UnfitRequest
from lwd_tui.experiment.llm import Experiment, parse_setting
from lwd_tui.experiment.participants import Wishes
from lwd_tui.llm.network import StepCompleted
from lwd_tui.run.session import Session
from lwd_tui.store.run import RunStore
from lwd_tui.types import Step

WORDS = ("Prices ", "will ", "rise ", "and ", "fall ", "again ", "slowly ", "perhaps ")


def experiment(url: str, sampling: dict[str, Any] | None = None, **changes: Any) -> Experiment:
    who = {"backend": "openai", "model": "m", "host": url, "sampling": sampling or {}}
    base = {
        "name": "served",
        "query": "What next?",
        "responses": 4,
        "steps": 1,
        "embedder": {"backend": "scripted", "model": "words-16"},
        "participants": [{"name": name, **who} for name in ("ada", "ben")],
        "posts": [{"text": f"Post number {number}."} for number in range(4)],
    }
    return Experiment.from_dict(base | changes)


async def run(spec: Experiment, path: Any, said: list[str] | None = None) -> list[Step]:
    notice = (said if said is not None else []).append
    async with (
        await Session.start(spec, path, Wishes(), notice) as session,
        aclosing(session.run()) as events,
    ):
        return [event.step async for event in events if isinstance(event, StepCompleted)]


def drawn(body: dict[str, Any], seed: int, n: int) -> str:
    """Return the word of a server that draws by the seed."""
    return random.Random(f"{seed} {n}").choice(WORDS)  # noqa: S311 (words)


@pytest.mark.parametrize(
    ("owner", "objection", "told"),
    [
        ("someone", lambda body: None, "sampling.top_k=0"),
        ("vllm", lambda body: "temperature must be 1 for this model", "temperature must be 1"),
        ("vllm", unknown_fields("min_p"), "min_p"),
        ("vllm", unknown_fields("max_tokens", "max_completion_tokens"), "takes no limit"),
    ],
)
async def test_settings_that_are_refused_leave_no_run_behind(
    tmp_path: Any, owner: str, objection: Any, told: str
) -> None:
    path = tmp_path / "a.lwd"
    async with Compatible(owner) as server:
        server.objection = objection
        with pytest.raises(BackendError, match=told):
            await run(experiment(server.url), path)
    assert not list(tmp_path.iterdir())


async def test_settings_that_may_not_be_heeded_are_named_all_at_once(
    tmp_path: Any,
) -> None:
    async with Compatible("someone") as server:
        server.word = drawn
        spec = experiment(server.url, {"top_k": 40, "min_p": 0.05, "repeat_penalty": 1.1})
        other = {"participants.1.sampling": {"top_k": 0, "min_p": 0.1}}
        with pytest.raises(UnfitRequest, match="may ignore top_k and min_p") as caught:
            await run(spec.replaced(other), tmp_path / "a.lwd")
        assert server.asked("/v1/chat/completions") == []
        # As it is pasted into a shell behind the command.
        words = shlex.split(str(caught.value).rpartition("do without: ")[2])
        assert words[::2] == ["--set"] * 4
        settings = dict(parse_setting(word) for word in words[1::2])
        assert set(settings) == {
            "participants.0.sampling.top_k",
            "participants.0.sampling.min_p",
            "participants.0.sampling.repeat_penalty",
            "participants.1.sampling.min_p",
        }
        steps = await run(spec.replaced(other).replaced(settings), tmp_path / "a.lwd")
    assert len(steps) == 2


async def test_too_little_context_is_told_in_the_servers_words_and_can_be_tried(
    tmp_path: Any,
) -> None:
    path = tmp_path / "a.lwd"
    async with Compatible("vllm", max_model_len=256) as server:
        server.word = drawn
        with pytest.raises(BackendError, match="start vLLM with --max-model-len 512") as caught:
            await run(experiment(server.url), path)
        assert "was made for" not in str(caught.value)
        assert not path.exists()
        spec = experiment(server.url)
        small = {f"participants.{i}.context": 256 for i in (0, 1)}
        assert len(await run(spec.replaced(small), path)) == 2


async def test_what_a_server_refuses_is_said_before_the_run_and_recorded_with_it(
    tmp_path: Any,
) -> None:
    path, said = tmp_path / "a.lwd", list[str]()
    async with Compatible("vllm") as server:
        server.word, server.counts = drawn, False
        server.objection = unknown_fields("n", "repetition_penalty")
        steps = await run(experiment(server.url), path, said)
    with RunStore.open(path) as store:
        notes = store.record["notes"]
    for words in ("without n (", "without repetition_penalty (", "doesn't count tokens"):
        assert [note for note in notes if words in note], notes
    assert notes == said
    answers = [attempt for step in steps for one in step.responses for attempt in one.attempts]
    assert len(answers) == 16
    assert all(attempt.retries == () for attempt in answers)


async def test_a_greedy_server_stops_the_run_for_good(tmp_path: Any) -> None:
    path = tmp_path / "a.lwd"
    async with Compatible("someone") as server:
        server.word = lambda body, seed, n: ("Prices ", "will ", "rise. ")[n]
        plain: dict[str, Any] = {"top_k": 0, "min_p": 0.0}
        with pytest.raises(RunWorthless, match="doesn't draw its tokens by chance"):
            await run(experiment(server.url, plain), path)
        with RunStore.open(path) as store:
            assert store.finished() == 0
            assert [event.kind for event in store.events()] == ["worthless"]
        # Mended now; but the answers that it gave are in the run.
        server.word = drawn
        with pytest.raises(RunWorthless, match=r"a\.lwd can't be gone on with"):
            await Session.resume(path, lambda _: None)
        assert len(await run(experiment(server.url, plain), tmp_path / "b.lwd")) == 2
        server.word = lambda body, seed, n: ("Prices ", "will ", "rise. ")[n]
        cold = experiment(server.url, {**plain, "temperature": 0.0})
        assert len(await run(cold, tmp_path / "c.lwd")) == 2


def greedily(body: dict[str, Any], seed: int, n: int) -> str:
    return ("Prices ", "will ", "rise. ")[n]


PLAIN: dict[str, Any] = {"top_k": 0, "min_p": 0.0}
CHATS = "/v1/chat/completions"


async def test_a_greedy_server_is_found_before_a_run_of_one_answer_is_stored(
    tmp_path: Any,
) -> None:
    async with Compatible("someone") as server:
        server.word = greedily
        spec = experiment(server.url, PLAIN, responses=1)
        with pytest.raises(RunWorthless, match=r"same answer for each of 6 seeds .*\(Prices will"):
            await run(spec, tmp_path / "a.lwd")
        assert not list(tmp_path.iterdir())
        # The likeliest token is what this one asks for.
        cold = experiment(server.url, {**PLAIN, "temperature": 0.0}, responses=1)
        assert len(await run(cold, tmp_path / "b.lwd")) == 2
        # One of the two asks for it, and the other doesn't.
        half = spec.replaced({"participants.0.sampling.temperature": 0.0})
        with pytest.raises(RunWorthless):
            await run(half, tmp_path / "c.lwd")


@pytest.mark.parametrize(("owner", "probes"), [("someone", 2), ("vllm", 0), ("llamacpp", 0)])
async def test_only_a_server_of_unknown_kind_is_asked_for_two_answers_beforehand(
    tmp_path: Any, owner: str, probes: int
) -> None:
    said: list[str] = []
    async with Compatible(owner) as server:
        server.word = drawn
        await run(experiment(server.url, PLAIN, responses=1), tmp_path / "a.lwd", said)
        # Both participants are one model; each is tried out, and gives an answer a step.
        asked = server.asked(CHATS)
        assert len(asked) == 2 + probes + 4
        hot = [body for body in asked if body["temperature"] == 2]
        assert len({body["seed"] for body in hot}) == probes
        assert all(body["max_tokens"] == 24 for body in hot)
        await run(experiment(server.url, PLAIN, responses=2), tmp_path / "b.lwd")
        assert not [body for body in server.asked(CHATS)[len(asked) :] if body["temperature"] == 2]
    assert not [sentence for sentence in said if "can't be known" in sentence]


async def test_where_nothing_is_said_it_is_said_that_it_cannot_be_known(tmp_path: Any) -> None:
    said: list[str] = []
    async with Compatible("someone") as server:
        server.word = lambda body, seed, n: "" if body["temperature"] == 2 else greedily(body, 0, n)
        await run(experiment(server.url, PLAIN, responses=1), tmp_path / "a.lwd", said)
    (sentence,) = [sentence for sentence in said if "can't be known" in sentence]
    assert sentence.startswith("ada (m) said nothing within 24 tokens")
    with RunStore.open(tmp_path / "a.lwd") as store:
        assert sentence in store.record["notes"]


async def test_two_equal_answers_are_chance_where_further_ones_differ(tmp_path: Any) -> None:
    async with Compatible("someone") as server:
        server.word = lambda body, seed, n: drawn(body, 0 if seed in (1, 2) else seed, n)
        assert len(await run(experiment(server.url, PLAIN, responses=1), tmp_path / "a.lwd")) == 2
        hot = [body["seed"] for body in server.asked(CHATS) if body["temperature"] == 2]
    assert hot[:2] == [1, 2]
    assert len(hot) > 2


@pytest.mark.parametrize("owner", ["vllm", "someone"])
async def test_a_model_without_a_chat_format_goes_on_from_the_posts(
    tmp_path: Any, owner: str
) -> None:
    said: list[str] = []
    told = (
        "As of transformers v4.44, default chat template is no longer allowed, so you must "
        "provide a chat template if the tokenizer does not define one."
    )
    async with Compatible(owner) as server:
        server.word = drawn
        server.objection = lambda body: told if "messages" in body else None
        steps = await run(experiment(server.url, PLAIN), tmp_path / "a.lwd", said)
        assert len(server.asked(CHATS)) == 2
        assert all(body["stop"] == ["\n"] for body in server.asked("/v1/completions"))
    assert len(steps) == 2
    assert [note.partition(":")[0] for note in said] == [
        f"{name} (m) is a base model without a chat template" for name in ("ada", "ben")
    ]
    with RunStore.open(tmp_path / "a.lwd") as store:
        assert {who.style for who in store.experiment.cast} == {"completion"}
        assert store.record["notes"] == said
