"""What became of a post, on runs whose draws and vectors are set by hand."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest
from support.store_samples import attempt, experiment, simple_step, write

from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.findings.lineage import authored, follow
from lwd_tui.run.session import Session
from lwd_tui.store.records import Reading
from lwd_tui.store.run import RunStore
from lwd_tui.types import Draw, Post


def vectors(*firsts):
    return np.array([[first, 0, 0, 0] for first in firsts], dtype=np.float32)


@pytest.fixture
def store(tmp_path):
    """Three steps of two participants with two answers each; post 3 is ada's answer at t = 0."""
    steps = [simple_step(t) for t in range(3)]
    steps[0] = replace(steps[0], embeddings=vectors(10, 0, 0, 0))
    draws = (Draw(1, 0, (0, 3)), Draw(1, 1, (2, 1)))
    steps[1] = replace(steps[1], draws=draws, embeddings=vectors(0, 13, 9, 11))
    draws = (Draw(2, 0, (0, 1)), Draw(2, 1, (4, 5), 0), Draw(2, 1, (3, 1), 1))
    steps[2] = replace(steps[2], draws=draws, embeddings=vectors(0, 0, 9.5, 10))
    with RunStore.create(tmp_path / "tiny.sqlite", experiment(), {}) as store:
        for step in steps:
            write(store, step)
        yield store


def test_a_post_is_followed_to_its_readers_and_to_the_nearest_later_answers(store):
    post = store.posts()[3]
    found = follow(store, post, 4)
    assert found.source == store.response(0, 0, 0)
    assert found.readings == (Reading(1, 0, None), Reading(2, 1, 1))
    assert found.measure == "embedding"
    places = [(each.response.t, each.response.participant, each.response.index)
              for each in found.descendants]  # fmt: skip
    # The vectors are 10 from the post at 0: then 0.5, and twice 1, of which t = 1 is the earlier.
    assert places == [(2, 1, 1), (2, 1, 0), (1, 1, 0), (1, 1, 1)]
    assert [each.value for each in found.descendants] == pytest.approx([0, 0.5, 1, 1])
    assert [each.read for each in found.descendants] == [True, False, False, False]


def test_whoever_read_a_post_for_all_its_answers_read_it_for_each(store):
    found = follow(store, store.posts()[3], 9)
    read = [(d.response.t, d.response.participant, d.response.index)
            for d in found.descendants if d.read]  # fmt: skip
    assert sorted(read) == [(1, 0, 0), (1, 0, 1), (2, 1, 1)]


def test_a_post_that_nobody_answered_with_is_followed_by_its_words(store):
    post = replace(store.posts()[0], text="The ANSWER 2 is 1.")
    found = follow(store, post, 3)
    assert found.source is None
    assert found.measure == "words"
    # "answer 2 1 1" has the words answer, 2 and 1, of the post's five.
    best = found.descendants[0]
    assert best.response.text == "answer 2 1 1"
    assert best.value == pytest.approx(3 / 5)
    assert [each.value for each in found.descendants] == sorted(
        (each.value for each in found.descendants), reverse=True
    )


def test_whose_answer_a_post_was_may_be_unknown_since_a_fork_renamed_its_writer(tmp_path):
    steps = [simple_step(t) for t in range(3)]
    # Its words are those of no answer, so they don't tell either.
    first, second = steps[0].posted
    posted = (replace(first, text="answer in other words"), second)
    renamed = experiment().replaced({"participants.0.name": "amy"})
    with RunStore.create(tmp_path / "a.sqlite", renamed, {}) as store:
        for step in (replace(steps[0], posted=posted), *steps[1:]):
            write(store, step)
        found = follow(store, store.posts()[3])
        assert (found.source, found.measure) == (None, "words")
        assert follow(store, store.posts()[4]).source == store.response(0, 1, 0)


def test_words_in_common_with_nothing_lead_nowhere(store):
    assert follow(store, Post(0, "Zebra!", "", "human", 0)).descendants == ()


def test_the_last_step_has_no_descendants(store):
    post = store.posts()[-1]
    assert post.step == 3
    found = follow(store, post)
    assert found.source == store.response(2, 1, 0)
    assert (found.readings, found.descendants) == ((), ())


def test_a_step_under_way_is_not_looked_at(store):
    post = store.posts()[3]
    store.begin_step(3, 2, 9, [Draw(3, 0, (3,))], [store.prompt(0, 0)])
    assert all(reading.t < 3 for reading in follow(store, post).readings)


def test_a_failed_first_answer_is_not_the_one_that_was_posted():
    step = simple_step(0)
    failed = replace(step.responses[0], attempts=(attempt("", problem="blank"),))
    step = replace(step, responses=(failed, *step.responses[1:]))
    assert [response.index for response, _ in authored(step, ("ada", "ben"))] == [1, 0]


def test_a_silent_writer_or_one_of_another_name_is_not_mistaken_for_the_next():
    step = simple_step(0)
    _, post = step.posted
    # All say the same, and the first one posts nothing.
    alike = tuple(replace(each, attempts=(attempt(post.text),)) for each in step.responses)
    silent = replace(step, responses=alike, posted=(post,))
    ((writer, found),) = authored(silent, ("ada", "ben"))
    assert (writer.participant, found) == (1, post)
    # Before a fork swapped it, the second had another name.
    ((writer, _),) = authored(replace(step, posted=(post,)), ("ada", "eve"))
    assert (writer.participant, writer.text) == (1, post.text)


async def test_the_posts_of_a_real_run_are_the_answers_they_came_from(tmp_path):
    spec = Experiment.from_dict(
        {
            "name": "tiny",
            "query": "What next?",
            "responses": 4,
            "steps": 3,
            "posts_each": 2,
            "fresh": 1,
            "reserve": [{"text": f"Fresh {number}"} for number in range(3)],
            "scripted": {"failures": 0.3},
            "max_attempts": 1,
            "embedder": {"backend": "scripted", "model": "words-16"},
            "participants": [
                {"name": name, "backend": "scripted", "model": name} for name in ("ada", "ben")
            ],
            "posts": [{"text": f"Post number {number}."} for number in range(6)],
        }
    )
    path = tmp_path / "run.sqlite"
    async with (
        await Session.start(spec, path, Wishes(), lambda _: None) as session,
        aclosing(session.run()) as events,
    ):
        async for _ in events:
            pass
    with RunStore.open(path) as store:
        written = [post for post in store.posts() if post.origin == "synthetic"]
        assert len(written) > 8
        for post in written:
            found = follow(store, post, 1)
            assert found.source.text == post.text
            assert spec.cast[found.source.participant].name == post.author
            assert found.source.t == post.step - 1
