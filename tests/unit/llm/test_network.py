import asyncio
import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from support.store_samples import attempt

from lwd_tui.backends.scripted import ScriptedEmbedder, ScriptedGenerator
from lwd_tui.experiment.backend import BackendStopped, Generation
from lwd_tui.experiment.llm import Experiment
from lwd_tui.llm.clock import Clock
from lwd_tui.llm.internet import Internet
from lwd_tui.llm.network import (
    AttemptRejected,
    Network,
    ResponseArrived,
    StepCompleted,
    StepStarted,
    _without_vectors,
)
from lwd_tui.seeds import request_seed
from lwd_tui.types import NO_EMBEDDING, Post, Response


def experiment(**changes):
    base = {
        "name": "x",
        "query": "What next?",
        "responses": 3,
        "steps": 4,
        "participants": [
            {"name": name, "backend": "scripted", "model": name} for name in ("ada", "ben", "cleo")
        ],
        "posts": [{"text": f"Post number {number}."} for number in range(6)],
    }
    return Experiment.from_dict(base | changes)


def network(spec, generator=None, clock=None, posts=None):
    if posts is None:
        posts = [Post(i, post.text, "", "human", 0) for i, post in enumerate(spec.posts)]
    answering = generator or ScriptedGenerator(spec.scripted)
    return Network(
        spec,
        Internet(posts),
        [answering] * len(spec.cast),
        [1024] * len(spec.cast),
        ScriptedEmbedder("words-16", "", True),
        clock or Clock(),
    )


async def events_of(net, **options):
    return [event async for event in net.run(**options)]


def steps_of(events):
    return [event.step for event in events if isinstance(event, StepCompleted)]


class Answering(ScriptedGenerator):
    """Answers by a function of (prompt text, seed), and remembers what it was asked."""

    def __init__(self, answer, delay=None):
        super().__init__(experiment().scripted)
        self.answer, self.delay, self.requests = answer, delay, []
        self.cancelled = 0

    async def generate(self, request, preview=None):
        self.requests.append(request)
        try:
            order = range(len(request.seeds))
            for position in order if self.delay is None else reversed(order):
                if self.delay:
                    await asyncio.sleep(self.delay(request))
                seed = request.seeds[position]
                text = self.answer(request.prompt.text, seed)
                yield Generation(position, text, seed, "stop", 5, 2, 0.0)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise


async def test_the_algorithm_step_by_step():
    steps = steps_of(await events_of(network(experiment())))
    assert [step.t for step in steps] == [0, 1, 2, 3, 4]
    assert [step.size for step in steps] == [6, 9, 12, 15, 18]
    assert [step.k for step in steps] == [3, 4, 6, 7, 9]
    assert [step.synthetic for step in steps] == [0, 3, 6, 9, 12]
    for step in steps:
        assert len(step.responses) == 9
        assert step.embeddings.shape == (9, 16)
        assert [draw.participant for draw in step.draws] == [0, 1, 2]
        assert all(len(set(draw.posts)) == step.k for draw in step.draws)
        # The first response of each participant is posted, for the next step on.
        first = [response.text for response in step.responses if response.index == 0]
        assert [post.text for post in step.posted] == first
        assert [post.author for post in step.posted] == ["ada", "ben", "cleo"]
        assert all(post.step == step.t + 1 for post in step.posted)


async def test_one_draw_a_participant_is_shared_by_its_responses_and_is_in_its_prompt():
    answering = Answering(lambda _prompt, seed: f"Answer {seed}.")
    events = await events_of(network(experiment(steps=1), answering))
    started = next(event for event in events if isinstance(event, StepStarted))
    assert len(answering.requests[:3]) == len(started.prompts) == 3
    for draw, prompt, request in zip(
        started.draws, started.prompts, answering.requests, strict=False
    ):
        assert request.prompt == prompt
        assert len(request.seeds) == 3
        shown = [line for line in prompt.text.splitlines() if line.startswith("- ")]
        assert shown == [f"- Post number {post_id}." for post_id in draw.posts]
    assert len({draw.posts for draw in started.draws}) > 1


async def test_retrieval_shared_gives_all_participants_one_draw():
    for step in steps_of(await events_of(network(experiment(retrieval="shared")))):
        assert len({draw.posts for draw in step.draws}) == 1


async def test_retrieval_by_response_gives_each_response_its_own_draw():
    steps = steps_of(await events_of(network(experiment(retrieval="response"))))
    assert [(draw.participant, draw.response) for draw in steps[0].draws] == [
        (i, index) for i in range(3) for index in range(3)
    ]
    assert len({draw.posts for draw in steps[-1].draws}) > 3


async def test_the_order_in_which_answers_arrive_changes_nothing():
    def answer(prompt, seed):
        return f"{len(prompt)} {seed}."

    plain = steps_of(await events_of(network(experiment(), Answering(answer))))
    rng = np.random.default_rng(0)
    late = Answering(answer, delay=lambda _: rng.random() / 500)
    shuffled = steps_of(await events_of(network(experiment(), late)))
    for one, other in zip(plain, shuffled, strict=True):
        assert [r.text for r in one.responses] == [r.text for r in other.responses]
        assert one.draws == other.draws
        assert one.posted == other.posted


async def test_a_step_goes_on_with_the_responses_that_are_there():
    whole = steps_of(await events_of(network(experiment(steps=1))))
    pending = [response for response in whole[0].responses if response.index != 1]
    asked = Answering(lambda _prompt, _seed: "New.")
    again = steps_of(await events_of(network(experiment(steps=1), asked), pending=pending))
    assert [len(request.seeds) for request in asked.requests[:3]] == [1, 1, 1]
    kept = [response for response in again[0].responses if response.index != 1]
    assert kept == pending
    assert {r.text for r in again[0].responses if r.index == 1} == {"New."}


async def test_a_resumed_run_equals_an_uninterrupted_one():
    spec = experiment()
    whole = steps_of(await events_of(network(spec)))
    posts = [Post(i, post.text, "", "human", 0) for i, post in enumerate(spec.posts)]
    posts += [post for step in whole[:2] for post in step.posted]
    rest = steps_of(await events_of(network(spec, posts=posts), start=2))
    for one, other in zip(whole[2:], rest, strict=True):
        assert one.draws == other.draws
        assert [r.text for r in one.responses] == [r.text for r in other.responses]
        assert (one.embeddings == other.embeddings).all()


async def test_an_unusable_answer_is_asked_again_with_a_new_seed_and_each_attempt_is_kept():
    seen = Counter()

    def answer(prompt, _seed):
        seen[prompt] += 1
        return "" if seen[prompt] <= 3 else "Good."

    events = await events_of(network(experiment(steps=1, beta=1.0), Answering(answer)))
    rejected = [event for event in events if isinstance(event, AttemptRejected) and event.t == 0]
    assert [event.attempt.problem for event in rejected] == ["blank"] * 9
    for response in steps_of(events)[0].responses:
        assert [attempt.problem for attempt in response.attempts] == ["blank", ""]
        assert response.attempts[0].seed != response.attempts[1].seed
        assert not response.failed


async def test_a_response_that_stays_unusable_is_failed_left_out_and_never_posted():
    def answer(prompt, seed):
        return "Here is one sentence:" if "BAD" in prompt else f"Fine {seed}."

    people = [
        {"name": "bad", "backend": "scripted", "model": "m", "system": "BAD"},
        {"name": "good", "backend": "scripted", "model": "m"},
    ]
    spec = experiment(participants=people, steps=1, max_attempts=2)
    steps = steps_of(await events_of(network(spec, Answering(answer))))
    for step in steps:
        assert [response.failed for response in step.responses] == [True] * 3 + [False] * 3
        assert all(len(response.attempts) == 2 for response in step.responses if response.failed)
        assert len(step.embeddings) == 3
        assert step.owners.tolist() == [1, 1, 1]
        assert [post.author for post in step.posted] == ["good"]
    assert steps[1].size == 7


async def test_the_first_usable_response_is_posted_where_the_first_failed():
    spec = experiment(max_attempts=1, steps=1)
    reference = steps_of(await events_of(network(spec)))[0]
    bad = {response.final.seed for response in reference.responses if response.index == 0}
    answering = Answering(lambda _prompt, seed: "" if seed in bad else f"Fine {seed}.")
    step = steps_of(await events_of(network(spec, answering)))[0]
    second = [response.text for response in step.responses if response.index == 1]
    assert [post.text for post in step.posted] == second


async def test_a_step_without_any_usable_answer_is_whole_all_the_same():
    spec = experiment(max_attempts=1, steps=1)
    steps = steps_of(await events_of(network(spec, Answering(lambda _p, _s: ""))))
    assert [step.embeddings.shape for step in steps] == [(0, 0), (0, 0)]
    assert [step.posted for step in steps] == [(), ()]
    assert [step.truncated for step in steps] == [0, 0]


async def test_with_nothing_to_read_the_participants_answer_unread():
    step = steps_of(await events_of(network(experiment(posts=[], steps=1))))[0]
    assert step.k == 0
    assert all(draw.posts == () for draw in step.draws)
    assert not any(response.failed for response in step.responses)


async def test_a_backend_that_gives_fewer_answers_than_asked_stops_the_run():
    class Short(ScriptedGenerator):
        async def generate(self, request, preview=None):
            async for generation in super().generate(request, preview):
                yield generation
                return

    with pytest.raises(BackendStopped, match="gave 1 of 3 answers at t = 0"):
        await events_of(network(experiment(), Short(experiment().scripted)))


async def test_an_error_of_one_participant_cancels_the_others():
    slow = Answering(lambda _p, _s: "Fine.", delay=lambda _: 60)

    class Broken(ScriptedGenerator):
        async def generate(self, request, preview=None):
            await asyncio.sleep(0.01)
            raise BackendStopped("the server is gone")
            yield

    spec = experiment()
    net = network(spec, slow)
    net._generators = [slow, Broken(spec.scripted), slow]
    with pytest.raises(BackendStopped, match="gone"):
        await events_of(net)
    assert slow.cancelled == 2


async def test_closing_the_run_cancels_what_is_in_flight():
    slow = Answering(lambda _p, _s: "Fine.", delay=lambda _: 60)
    run = network(experiment(), slow).run()
    assert isinstance(await anext(run), StepStarted)
    waiting = asyncio.ensure_future(anext(run))
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await run.aclose()
    assert slow.cancelled == 3
    assert len(asyncio.all_tasks()) == 1


async def test_the_clock_pauses_between_steps_and_lets_single_ones_through():
    clock = Clock(paused=True)
    done: list[int] = []

    async def follow():
        async for event in network(experiment(), clock=clock).run():
            done.extend(step.t for step in steps_of([event]))

    running = asyncio.create_task(follow())
    await asyncio.sleep(0.02)
    assert done == []
    clock.step()
    await asyncio.sleep(0.05)
    assert done == [0]
    clock.step()
    clock.step()
    await asyncio.sleep(0.05)
    assert done == [0, 1, 2]
    clock.run()
    await running
    assert done == [0, 1, 2, 3, 4]


async def test_previews_name_the_participant_and_response():
    shown: dict[tuple[int, int], str] = {}

    def preview(participant, index, text):
        shown[participant, index] = shown.get((participant, index), "") + text

    events = await events_of(network(experiment(steps=1)), preview=preview)
    arrived = [event.response for event in events if isinstance(event, ResponseArrived)]
    assert set(shown) == {(i, index) for i in range(3) for index in range(3)}
    assert any(
        shown[0, 0].startswith(r.text) for r in arrived if (r.participant, r.index) == (0, 0)
    )


async def test_without_interaction_nothing_is_posted():
    steps = steps_of(await events_of(network(experiment(interaction=False))))
    assert [step.size for step in steps] == [6] * 5
    assert all(step.posted == () for step in steps)


async def test_replace_reads_only_what_was_just_posted():
    steps = steps_of(await events_of(network(experiment(posting="replace", beta=1.0))))
    assert [(step.size, step.synthetic) for step in steps] == [(6, 0)] + [(3, 3)] * 4
    for before, step in itertools.pairwise(steps):
        assert all(set(draw.posts) == {post.id for post in before.posted} for draw in step.draws)


async def test_participants_may_post_several_responses():
    steps = steps_of(await events_of(network(experiment(posts_each=2))))
    assert [post.author for post in steps[0].posted] == ["ada", "ada", "ben", "ben", "cleo", "cleo"]
    assert [step.size for step in steps] == [6, 12, 18, 24, 30]


async def test_fresh_human_posts_come_from_the_reserve_each_once():
    reserve = [{"text": f"Fresh {number}", "label": "new"} for number in range(9)]
    steps = steps_of(await events_of(network(experiment(fresh=2, reserve=reserve))))
    fresh = [post for step in steps for post in step.posted if post.origin == "human"]
    assert len(fresh) == len({post.text for post in fresh}) == 8
    assert {post.label for post in fresh} == {"new"}
    assert [step.size for step in steps] == [6, 11, 16, 21, 26]
    assert [step.synthetic for step in steps] == [0, 3, 6, 9, 12]


async def test_noise_is_the_words_of_a_human_post_shuffled_or_about_other_things():
    spec = experiment(noise=3, posts=[{"text": "one two three four five"}])
    steps = steps_of(await events_of(network(spec)))
    noise = [post for post in steps[0].posted if post.origin == "noise"]
    assert len(noise) == 3
    for post in noise:
        assert sorted(post.text.split()) == ["five", "four", "one", "three", "two"]
    other = steps_of(await events_of(network(experiment(noise=2, noise_kind="off-topic"))))[0]
    assert len([post for post in other.posted if "Post number" not in post.text]) == 5
    assert [step.size for step in steps] == [1, 7, 13, 19, 25]


async def test_the_planned_size_is_the_size_that_comes():
    for changes in (
        {},
        {"posting": "replace"},
        {"posting": "window", "window": 2, "noise": 1},
        {"posts_each": 3, "fresh": 1, "reserve": [{"text": f"r{i}"} for i in range(4)]},
        {"interaction": False, "noise": 2},
    ):
        spec = experiment(**changes)
        steps = steps_of(await events_of(network(spec)))
        assert [step.size for step in steps] == [spec.size(t) for t in range(5)], changes


async def test_an_answer_that_has_no_vector_is_marked_and_neither_measured_nor_posted():
    class Gaps(ScriptedEmbedder):
        """Has no vector for the first answer of ben's."""

        async def embed(self, texts):
            found = await super().embed(texts)
            missing = tuple(text == "ben 0" for text in texts)
            return replace(found, missing=missing)

    def answer(prompt, seed):
        count = next(counter)
        # The third of the nine has failed already, and has no place among the texts.
        return "" if count == 2 else f"{('ada', 'ben', 'cleo')[count // 3 % 3]} {count % 3}"

    counter = itertools.count()
    net = network(experiment(steps=1, max_attempts=1), Answering(answer))
    net._embedder = Gaps("words-16", "", True)
    step = steps_of(await events_of(net))[0]
    problems = {answer.final.text: answer.final.problem for answer in step.responses}
    assert problems["ben 0"] == NO_EMBEDDING
    assert problems[""] == "blank"
    assert [text for text, problem in problems.items() if not problem] == [
        "ada 0", "ada 1", "ben 1", "ben 2", "cleo 0", "cleo 1", "cleo 2"
    ]  # fmt: skip
    assert len(step.embeddings) == len(step.usable) == 7
    assert [post.text for post in step.posted] == ["ada 0", "ben 1", "cleo 0"]


def test_what_was_tried_before_an_answer_without_a_vector_is_kept():
    tried = (attempt("", problem="blank"), attempt("Fine."))
    response = Response(0, 1, 2, tried)
    (marked,) = _without_vectors([response], [True])
    assert (marked.attempts[0], marked.final.text) == (tried[0], "Fine.")
    assert marked.final.problem == NO_EMBEDDING
    assert _without_vectors([response], [False]) == (response,)


async def test_it_says_when_a_step_is_being_drawn():
    seen = []

    class Watched(ScriptedEmbedder):
        async def embed(self, texts):
            seen.append(net.drawing)
            return await super().embed(texts)

    spec = experiment(steps=1, ranking="similar")
    net = network(spec)
    net._embedder = net._retrieval._embedder = Watched("words-16", "", True)
    assert not net.drawing
    async for event in net.run():
        if isinstance(event, StepStarted):
            assert not net.drawing
    # Posts are embedded while a step is drawn, and its answers afterwards.
    assert seen[0]
    assert not seen[-1]
    assert not net.drawing


async def test_what_is_asked_again_is_asked_in_order_whatever_the_order_of_its_coming():
    spec = experiment(steps=1)
    first = {request_seed(spec.seed, 0, 0, index, 0) for index in range(3)}
    # The last seed is answered first.
    answering = Answering(
        lambda _, seed: "" if seed in first else f"Answer {seed}.", delay=lambda _: 0.001
    )
    await events_of(network(spec, answering))
    again = tuple(request_seed(spec.seed, 0, 0, index, 1) for index in range(3))
    assert [request.seeds for request in answering.requests if set(request.seeds) & set(again)] == [
        again
    ]
