import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.store_samples import (
    assert_same_array,
    assert_same_step,
    attempt,
    begin,
    experiment,
    experiment_of,
    prompts_of,
    simple_step,
    steps,
    texts,
    write,
)

from lwd_tui.store.errors import RunBusy, RunExists, RunMismatch, StoreError, WriteFailed
from lwd_tui.store.records import Reading, StepNumbers
from lwd_tui.store.run import RunStore
from lwd_tui.types import Draw, Post, Prompt, Response

modest = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tiny.sqlite"


@pytest.fixture
def store(path):
    with RunStore.create(path, experiment(), {"versions": {"python": "3.11"}}) as store:
        yield store


def test_halves_of_a_pair_that_stand_beside_each_other_in_a_fault_stay_two(store):
    step, halves = simple_step(0), "\ud83d" + "\ude00"
    begin(store, step, prompts_of(step.draws))
    broken = replace(step.responses[0], attempts=(attempt(retries=(halves,)),))
    store.add_response(broken)
    assert store.pending(0) == [broken]


@modest
@given(made=steps())
def test_any_step_comes_back_exactly(tmp_path_factory, made):
    step, prompts = made
    path = tmp_path_factory.mktemp("run") / "any.sqlite"
    with RunStore.create(path, experiment_of(step), {}) as store:
        begin(store, step, prompts)
        for response in reversed(step.responses):
            store.add_response(response)
        assert store.pending(0) == list(step.responses)
        store.finish_step(step)
    with RunStore.open(path) as store:
        assert_same_step(store.step(0), step)
        for draw, prompt in zip(step.draws, prompts, strict=True):
            assert store.prompt(0, draw.participant, draw.response) == prompt
        (numbers,) = store.numbers()
        assert numbers.failed == sum(response.failed for response in step.responses)
        np.testing.assert_equal(numbers.norm, step.geometry.norm if step.geometry else np.nan)


@modest
@given(rows=st.lists(st.tuples(texts, texts, texts), max_size=4))
def test_any_post_comes_back_exactly(tmp_path_factory, rows):
    posts = [Post(number, *row[:2], "human", 0, row[2]) for number, row in enumerate(rows)]
    path = tmp_path_factory.mktemp("run") / "any.sqlite"
    with RunStore.create(path, experiment(posts=0), {}) as store:
        store.add_posts(posts)
    with RunStore.open(path) as store:
        assert store.posts() == posts


def test_a_new_run_holds_its_experiment_its_record_and_its_first_posts(store, path):
    with RunStore.open(path) as reader:
        assert reader.experiment == experiment()
        assert reader.record == {"versions": {"python": "3.11"}}
        assert reader.posts() == [
            Post(number, f"Post number {number}.", "", "human", 0) for number in range(3)
        ]
        assert reader.finished() == 0
        assert reader.numbers() == []


def test_the_record_is_changed_entry_by_entry(store):
    store.update_record(note="odd")
    store.update_record(note="even", server="x")
    assert store.record == {"versions": {"python": "3.11"}, "note": "even", "server": "x"}


def test_a_run_is_never_created_over_another_file(path):
    path.write_bytes(b"mine")
    with pytest.raises(RunExists, match=r"tiny\.sqlite exists already"):
        RunStore.create(path, experiment(), {})
    assert path.read_bytes() == b"mine"
    assert list(path.parent.iterdir()) == [path]


def test_steps_follow_each_other(store):
    for t in range(3):
        assert store.finished() == t
        write(store, simple_step(t))
    assert [numbers.norm for numbers in store.numbers()] == [2.0, 1.0, 2 / 3]
    assert [post.id for post in store.posts(up_to=1)] == [0, 1, 2, 3, 4]
    assert [post.author for post in store.posts()] == ["", "", ""] + ["ada", "ben"] * 3
    assert [post.step for post in store.posts() if post.author == "ben"] == [1, 2, 3]
    assert_same_step(store.step(1), simple_step(1))


def test_a_step_under_way_is_not_a_whole_step(store):
    step = simple_step(0)
    begin(store, step)
    store.add_response(step.responses[1])
    assert store.finished() == 0
    assert store.numbers() == []
    assert store.pending(0) == [step.responses[1]]
    with pytest.raises(StoreError, match="run tiny has no whole step 0"):
        store.step(0)


def test_a_step_begun_again_must_be_the_same(store):
    step = simple_step(0)
    begin(store, step)
    begin(store, step)
    other = Draw(0, 1, (1, 2))
    for k, draws, prompts in [
        (step.k + 1, step.draws, prompts_of(step.draws)),
        (step.k, (step.draws[0], other), prompts_of(step.draws)),
        (step.k, step.draws, prompts_of(step.draws, "Read otherwise.")),
    ]:
        with pytest.raises(RunMismatch, match="step 0 was begun with other draws or prompts"):
            store.begin_step(0, k, step.size, draws, prompts)
    assert store.draws(0) == list(step.draws)


def test_a_prompt_is_packed_once_and_not_unpacked_to_be_compared(store, monkeypatch):
    packed, unpacked = [], []
    to_json, from_json = Prompt.to_json, Prompt.from_json
    monkeypatch.setattr(Prompt, "to_json", lambda self: packed.append(self) or to_json(self))
    monkeypatch.setattr(Prompt, "from_json", lambda text: unpacked.append(text) or from_json(text))
    step = simple_step(0)
    begin(store, step)
    assert packed == prompts_of(step.draws)
    begin(store, step)
    assert packed == prompts_of(step.draws) * 2
    assert not unpacked


def test_a_prompt_goes_with_each_draw(store):
    draws = (Draw(0, 0, (0,)), Draw(0, 1, (1,)))
    with pytest.raises(ValueError, match="1 prompts don't go with 2 draws"):
        store.begin_step(0, 1, 3, draws, prompts_of(draws[:1]))
    with pytest.raises(ValueError, match="2 prompts don't go with 2 draws of 1 readers"):
        store.begin_step(0, 1, 3, draws[:1] * 2, prompts_of(draws))


def test_equal_prompts_are_kept_once(store, path):
    draws = tuple(Draw(0, 0, (0,), index) for index in range(5))
    prompts = [Prompt.completion("The same for all.")] * len(draws)
    store.begin_step(0, 1, 3, draws, prompts)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM prompts").fetchone() == (1,)
    assert store.prompt(0, 0, 3) == Prompt.completion("The same for all.")
    with pytest.raises(StoreError, match="no prompt of participant 1 at t = 0"):
        store.prompt(0, 1, 0)


def test_a_shared_prompt_is_that_of_every_response(store):
    begin(store, simple_step(0))
    assert store.prompt(0, 1, 1) == store.prompt(0, 1)


@pytest.mark.parametrize("missing", ["response", "embedding"])
def test_a_step_is_finished_only_with_all_that_belongs_to_it(store, missing):
    step = simple_step(0)
    begin(store, step)
    stored = step.responses[1:] if missing == "response" else step.responses
    for response in stored:
        store.add_response(response)
    if missing == "embedding":
        step = replace(step, embeddings=step.embeddings[1:])
    with pytest.raises(ValueError, match="step 0 has 4 responses"):
        store.finish_step(step)
    assert store.finished() == 0
    assert len(store.posts()) == 3


def test_a_step_is_whole_once(store):
    write(store, simple_step(0))
    with pytest.raises(ValueError, match="is whole already"):
        store.finish_step(simple_step(0))
    with pytest.raises(ValueError, match="step 2 can't begin: 1 steps are whole"):
        begin(store, simple_step(2))


def test_the_numbers_of_a_step_at_hand_are_those_that_are_read_back(store):
    write(store, simple_step(0))
    at_hand, (read,) = StepNumbers.of(simple_step(0)), store.numbers()
    for name in ("t", "k", "size", "synthetic", "norm", "norm_debiased", "noise_floor",
                 "dispersion", "seconds", "failed"):  # fmt: skip
        np.testing.assert_array_equal(getattr(at_hand, name), getattr(read, name))
    with pytest.raises(ValueError, match="step 0 has no geometry"):
        StepNumbers.of(replace(simple_step(0), geometry=None))


def test_what_is_no_run_or_no_answer_is_not_stored(store, tmp_path):
    with pytest.raises(ValueError, match="not chosen yet"):
        RunStore.create(tmp_path / "b.sqlite", experiment(participants="auto"), {})
    assert not (tmp_path / "b.sqlite").exists()
    begin(store, simple_step(0))
    with pytest.raises(ValueError, match="without an attempt"):
        store.add_response(Response(0, 0, 0, ()))


def test_a_response_is_stored_once(store):
    step = simple_step(0)
    begin(store, step)
    store.add_response(step.responses[0])
    with pytest.raises(sqlite3.IntegrityError):
        store.add_response(step.responses[0])
    assert store.pending(0) == [step.responses[0]]


def test_a_step_that_fails_half_way_leaves_nothing(store):
    step = simple_step(0)
    begin(store, step)
    for response in step.responses:
        store.add_response(response)
    with pytest.raises(sqlite3.IntegrityError):
        store.finish_step(replace(step, posted=(Post(0, "taken", "ada", "synthetic", 1),)))
    assert store.finished() == 0
    store.finish_step(simple_step(0))
    assert_same_step(store.step(0), simple_step(0))


def test_posts_put_in_by_hand_are_no_answers_of_a_step(store):
    injected = Post(3, "By hand.", "", "injected", 1)
    step = simple_step(0, size=4)
    begin(store, step)
    store.add_posts([injected])
    for response in step.responses:
        store.add_response(response)
    store.finish_step(step)
    assert store.step(0).posted == step.posted
    assert store.posts()[3] == injected


def test_posts_that_are_there_already_must_be_the_same(store):
    store.add_posts(store.posts())
    assert len(store.posts()) == 3
    with pytest.raises(RunMismatch, match="other posts of the same numbers"):
        store.add_posts([Post(2, "Another.", "", "human", 0), Post(3, "New.", "", "human", 0)])
    assert len(store.posts()) == 3


def test_events_keep_their_order_and_their_time(store):
    store.add_event("retry", "503", 4)
    store.add_event("pause", "by hand\x1b[2J")
    first, second = store.events()
    assert (first.kind, first.message, first.t) == ("retry", "503", 4)
    assert (second.kind, second.message, second.t) == ("pause", "by hand\x1b[2J", None)
    assert first.time <= second.time
    assert first.time.utcoffset().total_seconds() == 0


def test_the_status_follows_from_the_steps_and_the_lock(path):
    with RunStore.create(path, experiment(steps=1), {}) as store:
        write(store, simple_step(0))
        with RunStore.open(path) as reader:
            assert (store.status, reader.status) == ("running", "running")
    with RunStore.open(path) as reader:
        assert reader.status == "stopped"
    with RunStore.open(path, write=True) as store:
        write(store, simple_step(1))
        assert store.status == "done"


def test_who_read_a_post_and_when(store):
    for t in range(2):
        write(store, simple_step(t))
    posts = store.posts()
    assert store.readers(posts[0]) == [Reading(0, 0, None), Reading(1, 0, None)]
    assert store.readers(posts[2]) == [Reading(t, i, None) for t in range(2) for i in range(2)]
    assert store.readers(posts[3]) == []


def test_embeddings_and_their_texts_come_step_by_step(store):
    made = [simple_step(0), simple_step(1)]
    failed = Response(1, 0, 0, (attempt("only a preamble:", problem="only a preamble"),))
    responses = (failed, *made[1].responses[1:])
    made[1] = replace(made[1], responses=responses, embeddings=made[1].embeddings[1:])
    for step in made:
        write(store, step)
    begin(store, simple_step(2))
    store.add_response(Response(2, 0, 0, (attempt("not whole"),)))
    usable = [r for step in made for r in step.responses if not r.failed]
    assert list(store.usable_texts(0, 9)) == [(r.t, r.participant, r.index, r.text) for r in usable]
    found = dict(store.embeddings(0, 9))
    assert list(found) == [0, 1]
    for step in made:
        assert_same_array(found[step.t], step.embeddings)
    assert [t for t, _ in store.embeddings(1, 2)] == [1]
    assert list(store.usable_texts(3, 9)) == []


def test_a_step_in_which_all_failed_has_no_embeddings(store):
    step = simple_step(0)
    failed = tuple(replace(r, attempts=(attempt(problem="blank"),)) for r in step.responses)
    nothing = np.empty((0, 0), dtype=np.float32)
    write(store, replace(step, responses=failed, embeddings=nothing, posted=(), geometry=None))
    ((t, vectors),) = store.embeddings(0, 1)
    assert (t, vectors.shape) == (0, (0, 0))


def test_one_response_is_found_with_all_its_attempts(store):
    tries = (attempt("", problem="blank"), attempt("It may."))
    step = simple_step(0)
    step = replace(step, responses=(*step.responses[:3], Response(0, 1, 1, tries)))
    write(store, step)
    assert [store.response(0, r.participant, r.index) for r in step.responses] == list(
        step.responses
    )
    with pytest.raises(StoreError, match="no response 2 of participant 1 at t = 0"):
        store.response(0, 1, 2)


def test_words_are_found_in_posts_and_in_the_answers_that_stand(path):
    with RunStore.create(path, experiment(posts=0), {}) as store:
        store.add_posts([Post(0, "Prices NEVER fall.", "", "human", 0)])
        tries = (attempt("rejected zebra", problem="blank"), attempt("Crème — won't fall"))
        step = simple_step(0, size=1)
        responses = (Response(0, 0, 0, tries), *step.responses[1:])
        step = replace(step, responses=responses)
        write(store, step)
        assert [post.id for post in store.search_posts("never fal")] == [0]
        assert store.search_posts("fall never OR") == []
        assert store.search_responses("creme") == [responses[0]]
        assert store.search_responses("zebra") == []
        found = store.search_responses("answer 0 1")
        assert [(one.participant, one.index) for one in found] == [(0, 1), (1, 0), (1, 1)]
        assert len(store.search_responses("answer", limit=2)) == 2


@modest
@given(words=texts | st.sampled_from(['"', "a AND", "NEAR(a b)", "text:x", "*", "a*b", "-a", "("]))
def test_no_words_are_taken_for_a_query_language(tmp_path_factory, words):
    path = tmp_path_factory.mktemp("run") / "any.sqlite"
    with RunStore.create(path, experiment(posts=1), {}) as store:
        store.search_posts(words)
        store.search_responses(words)


def test_it_is_read_from_another_thread_while_it_is_written(store, path):
    write(store, simple_step(0))
    begin(store, simple_step(1))
    seen = []

    def look():
        with RunStore.open(path) as reader:
            seen.append((reader.finished(), reader.posts() == posts))

    posts = store.posts()
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [(1, True)]


def test_an_open_reader_sees_what_is_written_later(path):
    RunStore.create(path, experiment(), {}).close()
    with RunStore.open(path) as reader:
        assert reader.finished() == 0
        with RunStore.open(path, write=True) as store:
            write(store, simple_step(0))
            assert reader.finished() == 1
        assert_same_step(reader.step(0), simple_step(0))


def test_a_reader_cannot_write(store, path):
    with RunStore.open(path) as reader:
        with pytest.raises(WriteFailed, match="run tiny can't be written: it may not be written"):
            reader.add_event("note", "from a reader")
        assert store.events() == []


def test_a_second_writer_is_refused_and_told_which_run(store, path):
    with pytest.raises(RunBusy, match="run tiny is being written by another process") as refusal:
        RunStore.open(path, write=True)
    assert refusal.value.exit_code == 2
    store.close()
    RunStore.open(path, write=True).close()


def test_a_closed_run_is_one_file(store, path):
    write(store, simple_step(0))
    store.close()
    store.close()
    assert list(path.parent.iterdir()) == [path]
    with RunStore.open(path) as reader:
        reader.numbers()
    assert list(path.parent.iterdir()) == [path]


def test_an_image_is_the_run_as_it_was_then_and_asks_for_no_log(store, tmp_path):
    first, second = simple_step(0), simple_step(1)
    write(store, first)
    begin(store, second)
    store.add_response(second.responses[0])
    image = store.image()
    store.add_response(second.responses[1])
    copy = tmp_path / "copy" / "tiny.sqlite"
    copy.parent.mkdir()
    copy.write_bytes(image)
    copy.parent.chmod(0o500)  # Where a log can't be made.
    with RunStore.open(copy) as there:
        assert_same_step(there.step(0), first)
        assert there.pending(1) == [second.responses[0]]
    copy.parent.chmod(0o700)
    assert image[18:20] == b"\x01\x01"
    with RunStore.open(copy, write=True) as there:
        there.add_response(second.responses[1])
        assert len(there.pending(1)) == 2
