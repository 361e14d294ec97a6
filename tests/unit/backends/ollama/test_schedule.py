"""What is sent to which host, in which order, and how much of it at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support import ollama_faults as faulty
from support.engine import StandInModel, WordEngine
from support.ollama_server import OllamaStandIn
from support.requests import answers, ollama, wish

from lwd_tui.backends.ollama.embedder import OllamaEmbedder
from lwd_tui.backends.ollama.generator import OllamaGenerator
from lwd_tui.experiment.backend import BackendError, ModelMissing
from lwd_tui.types import Message, Prompt

NAMES = ("ada:1b", "ben:1b", "cleo:1b")
MODELS = [StandInModel(name) for name in NAMES]
MINILM = StandInModel("minilm:l6", family="bert", embeds=True)


def stand_in(**settings: Any) -> OllamaStandIn:
    return OllamaStandIn(models=[*MODELS, MINILM], **settings)


async def step(generator: OllamaGenerator, count: int = 4, seed: int = 0) -> None:
    """Ask as the network does: every participant at once, so many answers each."""
    seeds = tuple(range(seed, seed + count))
    await asyncio.gather(*(answers(generator, wish(name, seeds)) for name in NAMES))


async def test_models_that_do_not_fit_together_take_turns_and_swap_once_a_step() -> None:
    async with stand_in(room=1, engine=WordEngine(0.002)) as server:
        generator = ollama(server.url)
        await generator.prepare(dict.fromkeys(NAMES, 512), 4)
        assert server.loads == list(NAMES)
        for t in range(3):
            before = len(server.loads)
            await step(generator, seed=t)
            swaps = server.loads[before:]
            # The model that is loaded goes first, so that a step needs one swap less.
            assert len(swaps) == 2
            assert len(set(swaps)) == 2
        await generator.aclose()
    asked = [body["model"] for body in server.asked("/api/chat")]
    turns = [
        name for number, name in enumerate(asked) if number in (0,) or asked[number - 1] != name
    ]
    # 3 steps of 3 models, where the last model of a step is the first of the next.
    assert len(turns) == 7


async def test_models_that_fit_together_run_at_once() -> None:
    async with stand_in(room=4, engine=WordEngine(0.01)) as server:
        generator = ollama(server.url)
        await generator.prepare(dict.fromkeys(NAMES, 512), 4)
        loads = len(server.loads)
        first: list[str] = []

        async def ask(name: str) -> None:
            await answers(
                generator, wish(name, (1, 2, 3)), lambda *_: name in first or first.append(name)
            )
            # Everyone's first token came before anyone's last answer.
            assert len(first) == 3

        await asyncio.gather(*(ask(name) for name in NAMES))
        await generator.aclose()
    assert len(server.loads) == loads


async def test_pairs_that_fit_run_at_once_and_the_third_waits() -> None:
    async with stand_in(room=2, engine=WordEngine(0.002)) as server:
        generator = ollama(server.url)
        await generator.prepare(dict.fromkeys(NAMES, 512), 4)
        for t in range(3):
            before = len(server.loads)
            await step(generator, seed=t)
            assert len(server.loads) - before <= 2
        await generator.aclose()


async def test_the_answers_to_one_prompt_come_in_a_row() -> None:
    prompts = [Prompt("chat", (Message("user", f"question {number}"),)) for number in range(3)]
    async with stand_in(engine=WordEngine(0.001)) as server:
        generator = ollama(server.url)
        await asyncio.gather(
            *(answers(generator, wish(NAMES[0], (1, 2, 3, 4), prompt)) for prompt in prompts)
        )
        await generator.aclose()
    asked = [body["messages"][0]["content"] for body in server.asked("/api/chat")]
    assert asked == sorted(asked)
    seeds = [body["options"]["seed"] for body in server.asked("/api/chat")]
    assert seeds == [1, 2, 3, 4] * 3


@pytest.mark.parametrize("slots", [1, 2, 4])
async def test_one_more_is_in_flight_than_the_server_streams_at_once(slots: int) -> None:
    # Slow enough for a busy machine to see what is streamed at the same time.
    async with stand_in(slots=slots, engine=WordEngine(0.04)) as server:
        generator = ollama(server.url)
        await answers(generator, wish(NAMES[0], tuple(range(10 * slots))))
        await generator.aclose()
    assert server.most_active[NAMES[0]] == slots + 1


async def test_the_limit_can_be_set() -> None:
    async with stand_in(slots=4, engine=WordEngine(0.005)) as server:
        generator = ollama(server.url, parallel=3)
        await answers(generator, wish(NAMES[0], tuple(range(12))))
        await generator.aclose()
    assert server.most_active[NAMES[0]] == 3


async def test_a_full_queue_lowers_what_is_in_flight() -> None:
    async with stand_in(slots=4, queue=0, engine=WordEngine(0.01)) as server:
        generator = ollama(server.url, attempts=20)
        found = await answers(generator, wish(NAMES[0], tuple(range(20))))
        await generator.aclose()
    busy = [fault for answer in found for fault in answer.retries]
    assert len(found) == 20
    assert all("HTTP 503" in fault for fault in busy)
    assert len(busy) <= 2


async def test_the_context_is_the_same_in_every_request_of_a_run() -> None:
    async with stand_in() as server:
        generator = ollama(server.url)
        await generator.prepare(dict.fromkeys(NAMES, 768), 2)
        for t in range(2):
            await asyncio.gather(
                *(answers(generator, wish(name, (t, t + 9), context=768)) for name in NAMES)
            )
        await generator.aclose()
    sent = {
        body["options"]["num_ctx"]
        for path in ("/api/chat", "/api/generate")
        for body in server.asked(path)
        if "options" in body
    }
    assert sent == {768}
    assert server.loads == list(NAMES)


async def test_models_are_held_for_the_run_and_released_at_its_end() -> None:
    async with stand_in(room=4) as server:
        theirs = ollama(server.url)
        await answers(theirs, wish(NAMES[0]))
        ours = ollama(server.url)
        await ours.prepare(dict.fromkeys(NAMES, 512), 2)
        assert {body["keep_alive"] for body in server.asked("/api/generate")} == {"30m"}
        assert set(server.loaded) == set(NAMES)
        await ours.aclose()
        # What was there before is left as it was found.
        assert set(server.loaded) == {NAMES[0]}
        await theirs.aclose()
        assert not server.loaded


async def test_the_embedder_shares_the_turns_of_its_host() -> None:
    async with stand_in(room=1, engine=WordEngine(0.002)) as server:
        generator = ollama(server.url)
        embedder = OllamaEmbedder(MINILM.name, "", True, [server.url])
        await asyncio.gather(step(generator), embedder.embed(["one", "two"]))
        # Four models, one place: each was loaded once for all of its requests.
        assert sorted(server.loads) == sorted([*NAMES, MINILM.name])
        await generator.aclose()
        await embedder.aclose()


async def test_several_hosts_share_the_work_of_one_model() -> None:
    async with (
        stand_in(engine=WordEngine(0.01)) as one,
        stand_in(engine=WordEngine(0.01)) as two,
    ):
        generator = ollama(one.url, two.url)
        info = await generator.describe(NAMES[0])
        found = await answers(generator, wish(NAMES[0], tuple(range(12))))
        await generator.aclose()
    by_host = [sum(answer.host == server.url for answer in found) for server in (one, two)]
    assert sum(by_host) == 12
    assert min(by_host) >= 4
    assert info.digest == MODELS[0].digest


async def test_hosts_spread_over_the_models_that_do_not_fit_together() -> None:
    async with (
        stand_in(room=1, load_seconds=0.05, engine=WordEngine(0.002)) as one,
        stand_in(room=1, load_seconds=0.05, engine=WordEngine(0.002)) as two,
    ):
        generator = ollama(one.url, two.url)
        names = NAMES[:2]
        await generator.prepare(dict.fromkeys(names, 512), 4)
        for t in range(4):
            await asyncio.gather(*(answers(generator, wish(name, (t, t + 10))) for name in names))
        # One load each to try them, one to spread; from then on each host keeps its model.
        assert len(one.loads) + len(two.loads) <= 5
        await generator.aclose()


async def test_the_work_of_a_lost_host_moves_to_the_others() -> None:
    async with (
        stand_in(engine=WordEngine(0.01)) as one,
        stand_in(engine=WordEngine(0.01)) as two,
    ):
        generator = ollama(one.url, two.url)
        await generator.prepare({NAMES[0]: 512}, 12)
        asking = asyncio.create_task(answers(generator, wish(NAMES[0], tuple(range(16)))))
        await asyncio.sleep(0.1)
        await one.stop()
        found = await asking
        assert len(found) == 16
        assert sum(answer.host == two.url for answer in found) > 8
        assert any(one.url in fault for answer in found for fault in answer.retries)
        await generator.aclose()


async def test_a_host_without_the_model_is_left_out() -> None:
    async with stand_in() as one, OllamaStandIn(models=MODELS[1:]) as two:
        generator = ollama(one.url, two.url)
        found = await answers(generator, wish(NAMES[0], (1, 2, 3)))
        assert {answer.host for answer in found} == {one.url}
        with pytest.raises(ModelMissing, match="dora:1b"):
            await generator.describe("dora:1b")
        await generator.aclose()


async def test_two_models_of_one_name_are_never_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand_in() as one, stand_in() as two:

        async def other(request: Any, reply: Any) -> None:
            row = two._listed(MODELS[0]) | {"digest": "f" * 64}
            await reply.send(200, {"models": [row]})

        monkeypatch.setattr(two, "_tags", other)
        generator = ollama(one.url, two.url)
        with pytest.raises(BackendError, match="not the same model on all hosts"):
            await generator.describe(NAMES[0])
        await generator.aclose()


async def test_limits_are_kept_per_url() -> None:
    async with stand_in(slots=2, engine=WordEngine(0.005)) as server:
        mine, yours = ollama(server.url), ollama(server.url)
        await asyncio.gather(
            answers(mine, wish(NAMES[0], tuple(range(10)))),
            answers(yours, wish(NAMES[0], tuple(range(10)))),
        )
        await mine.aclose()
        await yours.aclose()
    assert server.most_active[NAMES[0]] == 3


async def test_a_fault_of_one_host_is_recorded_with_its_name() -> None:
    async with stand_in() as one, stand_in() as two:
        generator = ollama(one.url, two.url)
        await generator.prepare({NAMES[0]: 512}, 1)
        one.faults.append(faulty.reset)
        (answer,) = await answers(generator, wish(NAMES[0]))
        await generator.aclose()
    assert answer.host == two.url
    assert answer.retries[0].startswith(one.url)
