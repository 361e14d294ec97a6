"""Servers that answer greedily, or give a stored answer again, and those that only seem to."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from lwd_tui.backends.scripted import ScriptedEmbedder, ScriptedGenerator
from lwd_tui.errors import RunWorthless
from lwd_tui.experiment.backend import GenerateRequest, Generation, UnfitRequest
from lwd_tui.experiment.llm import Experiment
from lwd_tui.llm.clock import Clock
from lwd_tui.llm.internet import Internet
from lwd_tui.llm.network import Network, StepCompleted
from lwd_tui.types import Post

Answer = Callable[[GenerateRequest, int], str]
SENTENCE = "Bitcoin will rise slowly, and nobody will know why until it is over."


class Served(ScriptedGenerator):
    """A server that answers by a function of the request and the seed."""

    def __init__(self, answer: Answer, thought: Answer = lambda *_: "", host: str = "http://box"):
        super().__init__(experiment().scripted)
        self.answer, self.thought, self.host = answer, thought, host
        self.requests: list[GenerateRequest] = []

    async def generate(self, request: GenerateRequest, preview: Any = None) -> Any:
        self.requests.append(request)
        for position, seed in enumerate(request.seeds):
            text, thought = self.answer(request, seed), self.thought(request, seed)
            yield Generation(position, text, seed, "stop", 5, 2, 0.0, thought, self.host)


def experiment(sampling: dict[str, Any] | None = None, **changes: Any) -> Experiment:
    base = {
        "name": "x",
        "query": "Will it rise?",
        "responses": 4,
        "steps": 2,
        "participants": [
            {"name": "ada", "backend": "scripted", "model": "ada", "sampling": sampling or {}}
        ],
        "posts": [{"text": f"Post number {number}."} for number in range(6)],
    }
    return Experiment.from_dict(base | changes)


async def steps(spec: Experiment, generator: Served, start: int = 0) -> int:
    posts = [Post(i, post.text, "", "human", 0) for i, post in enumerate(spec.posts)]
    embedder = ScriptedEmbedder("words-16", "", True)
    net = Network(spec, Internet(posts), [generator], [1024], embedder, Clock())
    return sum([isinstance(event, StepCompleted) async for event in net.run(start)])


def softmax(odds: dict[str, float]) -> Answer:
    """Return a model that draws among some answers as its temperature says."""

    def answer(request: GenerateRequest, seed: int) -> str:
        temperature = request.sampling.temperature
        weights = [odd ** (1 / temperature) for odd in odds.values()]
        return random.Random(seed).choices(list(odds), weights)[0]  # noqa: S311 (words)

    return answer


def greedy(request: GenerateRequest, seed: int) -> str:
    return SENTENCE


@pytest.mark.parametrize("responses", [2, 3, 8])
@pytest.mark.parametrize("text", [SENTENCE, "No"])
async def test_a_greedy_server_stops_the_run_before_its_first_step(
    responses: int, text: str
) -> None:
    server = Served(lambda *_: text)
    with pytest.raises(RunWorthless, match="temperature = 0 for this participant") as caught:
        await steps(experiment(responses=responses), server)
    said = str(caught.value)
    assert f"the same answer for each of {responses} seeds at temperature 0.8" in said
    assert "http://box" in said
    assert text[:40] in said
    assert caught.value.exit_code == 5
    first, again = server.requests
    assert not set(first.seeds) & set(again.seeds), "it is asked again with other seeds"
    assert first.prompt == again.prompt


async def test_a_server_of_any_backend_that_always_thinks_the_same_is_greedy() -> None:
    with pytest.raises(RunWorthless):
        await steps(experiment(), Served(greedy, lambda *_: "Let me see."))


async def test_answers_that_are_all_cut_off_are_looked_at_as_well() -> None:
    class Cut(Served):
        async def generate(self, request: GenerateRequest, preview: Any = None) -> Any:
            for position, seed in enumerate(request.seeds):
                yield Generation(position, SENTENCE, seed, "length", 5, 96, 0.0, "", "http://box")

    with pytest.raises(RunWorthless, match="each of 12 seeds"):
        await steps(experiment(), Cut(greedy))


@pytest.mark.parametrize(
    "sampling", [{"temperature": 0}, {"top_k": 1}, {"min_p": 1}], ids=lambda it: str(*it)
)
async def test_who_asks_for_the_likeliest_token_gets_it(sampling: dict[str, Any]) -> None:
    server = Served(greedy)
    assert await steps(experiment(sampling), server) == 3
    assert len(server.requests) == 3


async def test_a_model_that_is_sure_of_its_answer_is_no_greedy_server() -> None:
    # At 0.2 one answer in 1e26 is another; at 2 the ten thousand others are nine of ten.
    server = Served(softmax({"No": 1.0} | {f"Word{i}": 1e-6 for i in range(10_000)}))
    assert await steps(experiment({"temperature": 0.2}), server) == 3
    first, again, *_ = server.requests
    assert len({server.answer(first, seed) for seed in range(9)}) == 1
    hot = again.sampling
    assert (hot.temperature, hot.top_p, hot.top_k, hot.min_p) == (2, 1, 0, 0)


async def test_different_thoughts_before_the_same_answer_are_chance() -> None:
    server = Served(greedy, lambda _, seed: f"I think of {seed}.")
    assert await steps(experiment(), server) == 3
    assert len(server.requests) == 3


async def test_one_answer_that_differs_is_enough() -> None:
    seen: list[int] = []

    def answer(_: GenerateRequest, seed: int) -> str:
        seen.append(seed)
        return SENTENCE if len(seen) % 4 else "No."

    server = Served(answer)
    assert await steps(experiment(), server) == 3
    assert len(server.requests) == 3


async def test_one_hot_answer_that_differs_is_enough_too() -> None:
    def answer(request: GenerateRequest, seed: int) -> str:
        hot = len(server.requests) > 1
        return "No." if hot and seed == request.seeds[0] else SENTENCE

    server = Served(answer)
    assert await steps(experiment(), server) == 3


async def test_only_the_first_step_taken_is_looked_at() -> None:
    # Later, answers that are all equal are what a run is there to find.
    server = Served(lambda request, seed: str(seed) * 9 + "a" if len(server.requests) < 2 else "A.")
    assert await steps(experiment(), server) == 3
    assert len(server.requests) == 3


async def test_models_in_this_process_are_not_meant() -> None:
    server = Served(greedy, host="")
    assert await steps(experiment(), server) == 3


async def test_one_answer_tells_nothing() -> None:
    server = Served(greedy)
    assert await steps(experiment(responses=1), server) == 3


async def test_a_server_that_takes_no_high_temperature_is_asked_at_the_runs_own() -> None:
    class Mild(Served):
        async def generate(self, request: GenerateRequest, preview: Any = None) -> Any:
            if request.sampling.temperature > 1:
                raise UnfitRequest("temperature must be at most 1")
            async for answer in super().generate(request, preview):
                yield answer

    with pytest.raises(RunWorthless, match=r"and for 4 more at temperature 0\.8"):
        await steps(experiment(), Mild(greedy))


async def test_a_stored_answer_given_again_is_greedy_too() -> None:
    kept: dict[str, str] = {}

    def cache(request: GenerateRequest, seed: int) -> str:
        return kept.setdefault(request.prompt.text, f"The answer {seed} of once.")

    with pytest.raises(RunWorthless):
        await steps(experiment(), Served(cache))
