"""The app's side of a run, alone: what it tells, and when it posts, waits, fails and goes on."""

import asyncio
import contextlib
import threading

import pytest
from support.tui import handmade_run, holds, scripted, stored_run

from lwd_tui.backends.scripted import ScriptedEmbedder, ScriptedGenerator
from lwd_tui.errors import RunStopped
from lwd_tui.experiment.backend import BackendStopped
from lwd_tui.experiment.llm import InvalidExperiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.run import session
from lwd_tui.run.session import Session
from lwd_tui.store.reader import RunReader
from lwd_tui.store.run import RunStore
from lwd_tui.tui.state import messages
from lwd_tui.tui.state.archive import Archive
from lwd_tui.tui.state.controller import RunController


class Heard(list):
    """The messages of a run, in order."""

    def of(self, kind):
        return [message for message in self if isinstance(message, kind)]


@pytest.fixture
async def heard():
    return Heard()


@pytest.fixture
async def run(heard):
    controller = RunController(heard.append)
    yield controller
    await controller.aclose()


def phase(run):
    return run.progress.phase


async def test_each_step_is_told_once_and_in_order(run, heard, tmp_path):
    run.start(scripted(), Wishes(), tmp_path / "run.sqlite")
    await holds(lambda: phase(run) == "done")
    assert [message.step.t for message in heard.of(messages.StepCompleted)] == list(range(7))
    assert len(heard.of(messages.RunOpened)) == 1
    assert [numbers.t for numbers in run.numbers] == list(range(7))
    with RunStore.open(tmp_path / "run.sqlite") as store:
        stored = store.numbers()
        assert [n.norm for n in run.numbers] == [n.norm for n in stored]
        assert run.posts == store.posts()


async def test_a_stored_run_goes_on_where_and_with_what_it_is_told_to(
    run, heard, tmp_path, monkeypatch
):
    path = await stored_run(tmp_path / "a.sqlite", stop_after=2)
    with RunStore.open(path, write=True) as store:
        models = [dict(model, digest="0" * 64) for model in store.record["models"]]
        store.update_record(models=models)
    asked = []
    whole = session.assemble

    async def assembled(experiment, hosts, *more):
        asked.append(tuple(hosts))
        return await whole(experiment, hosts, *more)

    monkeypatch.setattr(session, "assemble", assembled)
    await run.open(path, hosts=("http://gpu-box:11434",), allow_changed=True)
    run.step()
    await holds(lambda: phase(run) == "paused")
    await run.stop()
    run.run()
    await holds(lambda: phase(run) == "done")
    assert asked == [("http://gpu-box:11434",)] * 2
    assert not heard.of(messages.RunFailed)


async def test_streamed_words_are_told_together(run, heard, tmp_path):
    run.start(scripted(scripted__tokens_per_second=200, steps=3), Wishes(), tmp_path / "a.sqlite")
    began = asyncio.get_running_loop().time()
    await holds(lambda: phase(run) == "done")
    seconds = asyncio.get_running_loop().time() - began
    told = heard.of(messages.ProgressChanged)
    assert len(told) <= 8 * seconds + 3
    assert any(each.text for message in told for each in message.progress.participants)


async def test_a_post_by_hand_waits_for_the_step_in_progress(run, heard, tmp_path):
    path = tmp_path / "a.sqlite"
    run.start(scripted(scripted__tokens_per_second=300, steps=30), Wishes(), path)
    await holds(lambda: phase(run) == "asking" and len(run.numbers) >= 1)
    in_progress = len(run.numbers)
    run.inject("Word from outside.", "news")
    await holds(lambda: heard.of(messages.PostsChanged))
    await holds(lambda: len(run.numbers) > in_progress + 1)
    await run.stop()
    with RunStore.open(path) as store:
        (post,) = [post for post in store.posts() if post.origin == "injected"]
        assert (post.text, post.label, post.step) == ("Word from outside.", "news", in_progress + 1)
        assert all(post.id not in draw.posts for draw in store.draws(in_progress))
        sizes = [numbers.size for numbers in store.numbers()]
    assert sizes[in_progress + 1] == sizes[in_progress] + 3 + 1
    # The file agrees with itself: the run goes on from it.
    run.go_on(paused=True)
    done = len(run.numbers)
    await holds(lambda: len(run.numbers) == done + 1)
    assert not heard.of(messages.RunFailed)


async def test_a_post_by_hand_while_posts_are_ranked_waits_and_is_posted_once(
    run, heard, tmp_path, monkeypatch
):
    path, embed, held, may_go_on = (
        tmp_path / "a.sqlite",
        ScriptedEmbedder.embed,
        [],
        asyncio.Event(),
    )

    async def slow(embedder, texts):
        held.append(texts)
        await may_go_on.wait()
        return await embed(embedder, texts)

    monkeypatch.setattr(ScriptedEmbedder, "embed", slow)
    may_go_on.set()
    run.start(scripted(ranking="similar"), Wishes(), path)
    run.pause()
    run.step()
    await holds(lambda: phase(run) == "paused" and len(run.numbers) == 1)
    held.clear()
    may_go_on.clear()
    run.run()
    # The step is being drawn; nothing has told so yet.
    await holds(lambda: held)
    run.inject("Word from outside.")
    may_go_on.set()
    await holds(lambda: phase(run) == "done")
    with RunStore.open(path) as store:
        (post,) = [post for post in store.posts() if post.origin == "injected"]
    assert post.step == 2
    assert [each.text for each in run.posts].count("Word from outside.") == 1


@pytest.mark.parametrize("ended", ["stopped", "done"])
async def test_a_post_by_hand_is_refused_while_the_models_are_let_go_of(
    run, tmp_path, monkeypatch, ended
):
    close, closing, may_go_on = Session.aclose, asyncio.Event(), asyncio.Event()

    async def slow(session):
        closing.set()
        await may_go_on.wait()
        await close(session)

    monkeypatch.setattr(Session, "aclose", slow)
    speed = 300 if ended == "stopped" else 0
    experiment = scripted(scripted__tokens_per_second=speed, steps=1)
    run.start(experiment, Wishes(), tmp_path / "a.sqlite")
    await holds(lambda: phase(run) == "asking" if ended == "stopped" else closing.is_set())
    stopping = asyncio.create_task(run.stop() if ended == "stopped" else asyncio.sleep(0))
    await closing.wait()
    try:
        with pytest.raises(RunStopped):
            run.inject("Word from outside.")
    finally:
        may_go_on.set()
        await stopping
    await holds(lambda: phase(run) == ended)
    with RunStore.open(tmp_path / "a.sqlite") as store:
        assert "Word from outside." not in [post.text for post in store.posts()]


async def test_a_post_can_be_put_in_while_the_run_is_paused(run, heard, tmp_path):
    run.start(scripted(scripted__tokens_per_second=300, steps=30), Wishes(), tmp_path / "a.sqlite")
    await holds(lambda: phase(run) == "asking")
    run.pause()
    await holds(lambda: phase(run) == "paused")
    run.inject("Now.")
    assert run.posts[-1].origin == "injected"
    assert run.posts[-1].step == len(run.numbers)


async def test_only_a_run_that_is_open_takes_posts(run, heard, tmp_path):
    await run.open(await stored_run(tmp_path / "a.sqlite", stop_after=2))
    with pytest.raises(RunStopped, match="go on with the run first"):
        run.inject("Too early.")
    with pytest.raises(InvalidExperiment, match="blank"):
        run.inject("  \n ")


async def test_the_speed_holds_the_next_step_and_a_key_lets_it_go(run, heard, tmp_path):
    run.wait_between(30)
    run.start(scripted(), Wishes(), tmp_path / "a.sqlite")
    await holds(lambda: phase(run) == "waiting")
    assert len(run.numbers) == 1
    run.step()
    await holds(lambda: phase(run) == "paused")
    assert len(run.numbers) == 2
    run.wait_between(0)
    run.run()
    await holds(lambda: phase(run) == "done")


async def test_what_the_last_steps_took_says_how_long_the_rest_takes(run, heard, tmp_path):
    run.wait_between(2)
    run.start(scripted(steps=9), Wishes(), tmp_path / "a.sqlite")
    await holds(lambda: phase(run) == "waiting")
    # Nine steps are left, and before each of them the run waits for two seconds.
    assert 18 <= run.progress.seconds_left < 30


async def test_a_lost_server_is_told_and_the_run_goes_on_later(run, heard, tmp_path, monkeypatch):
    generate = ScriptedGenerator.generate

    async def lost(self, request, preview=None):
        async with contextlib.aclosing(generate(self, request, preview)) as answers:
            async for answer in answers:
                if len(run.numbers) == 2:
                    raise BackendStopped("gpu-box:11434 does not answer any more")
                yield answer

    monkeypatch.setattr(ScriptedGenerator, "generate", lost)
    run.start(scripted(), Wishes(), tmp_path / "a.sqlite")
    await holds(lambda: phase(run) == "failed")
    (failure,) = heard.of(messages.RunFailed)
    assert failure.sentence == "gpu-box:11434 does not answer any more"
    monkeypatch.setattr(ScriptedGenerator, "generate", generate)
    run.retry()
    await holds(lambda: phase(run) == "done")
    assert len(run.numbers) == 7


async def test_a_run_that_could_not_begin_can_be_tried_again(run, heard, tmp_path):
    blocked = tmp_path / "a.sqlite"
    blocked.write_text("something else")
    run.start(scripted(), Wishes(), blocked)
    await holds(lambda: phase(run) == "failed")
    assert not heard.of(messages.RunOpened)
    blocked.unlink()
    run.retry()
    await holds(lambda: phase(run) == "done")


@pytest.mark.parametrize("failed", [True, False])
@pytest.mark.parametrize("steps", [1, 7])
async def test_a_run_that_ended_before_it_began_is_begun_by_the_keys(
    run, heard, tmp_path, monkeypatch, failed, steps
):
    begin = Session.start

    async def kept_waiting(*_, **__):
        if failed:
            raise BackendStopped("nothing answers at gpu-box:11434")
        await asyncio.sleep(3600)

    monkeypatch.setattr(Session, "start", kept_waiting)
    run.start(scripted(), Wishes(), tmp_path / "a.sqlite")
    await holds(lambda: phase(run) == ("failed" if failed else "opening"))
    await run.stop()
    monkeypatch.setattr(Session, "start", begin)
    heard.clear()
    run.run() if steps == 7 else run.step()
    await holds(lambda: phase(run) == ("done" if steps == 7 else "paused") and run.numbers)
    await holds(lambda: run.progress.done == steps)
    assert not heard.of(messages.RunFailed)


async def test_another_model_than_recorded_is_asked_about(run, heard, tmp_path, monkeypatch):
    await run.open(await stored_run(tmp_path / "a.sqlite", stop_after=2))
    describe = ScriptedGenerator.describe

    async def other(self, model):
        from dataclasses import replace

        return replace(await describe(self, model), digest="f" * 64)

    monkeypatch.setattr(ScriptedGenerator, "describe", other)
    run.run()
    await holds(lambda: phase(run) == "failed")
    (failure,) = heard.of(messages.RunFailed)
    assert failure.model_changed
    run.retry(allow_changed=True)
    await holds(lambda: phase(run) == "done")


async def test_a_mistake_of_our_own_is_reported_and_leaves_the_run(
    run, heard, tmp_path, monkeypatch, still
):
    await run.open(await stored_run(tmp_path / "a.sqlite", stop_after=2))

    def broken(*_):
        raise KeyError("a slip")

    monkeypatch.setattr("lwd_tui.run.session.geometry", broken)
    run.run()
    await holds(lambda: phase(run) == "failed")
    (report,) = (still / "reports").iterdir()
    assert "a slip" in report.read_text()
    assert str(report) in heard.of(messages.RunFailed)[0].sentence
    monkeypatch.undo()
    run.run()
    await holds(lambda: phase(run) == "done")


async def test_stopping_in_mid_step_keeps_what_arrived(run, heard, tmp_path):
    path = tmp_path / "a.sqlite"
    run.start(scripted(scripted__tokens_per_second=300, responses=6), Wishes(), path)
    await holds(lambda: any(each.arrived for each in run.progress.participants))
    await run.stop()
    await holds(lambda: phase(run) == "stopped")
    with RunStore.open(path) as store:
        assert store.pending(store.finished())


async def test_who_waits_for_the_end_of_a_run_leaves_its_models_the_time_to_end(
    run, tmp_path, monkeypatch
):
    let_go = []

    async def slow(*_, **__):
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.05)
            let_go.append("of the models")

    monkeypatch.setattr(Session, "start", slow)
    run.start(scripted(), Wishes(), tmp_path / "a.sqlite")
    await holds(lambda: phase(run) == "opening")
    first, second = (asyncio.create_task(run.stop()) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    assert let_go == ["of the models"]
    await holds(lambda: phase(run) == "stopped")


async def test_an_opening_that_is_cancelled_lets_go_of_the_file(run, tmp_path):
    opening = asyncio.create_task(run.open(handmade_run(tmp_path / "a.sqlite")))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    with pytest.raises(asyncio.CancelledError):
        await run.archive.ask(lambda store: store.finished())


async def test_another_query_comes_with_its_numbers_though_the_run_goes_on_meanwhile(
    run, tmp_path, monkeypatch
):
    path, read, may_be_read = tmp_path / "a.sqlite", RunReader.numbers, threading.Event()

    def late(store):
        may_be_read.wait(10)
        return read(store)

    def stored(query):
        with RunStore.open(path) as store:
            return [each.norm for each in read(store.look_at(query))]

    run.wait_between(3600)
    run.start(scripted(query=["What of Bitcoin?", "What of bread?"]), Wishes(), path)
    await holds(lambda: phase(run) == "waiting")
    monkeypatch.setattr(RunReader, "numbers", late)
    looking = asyncio.create_task(run.look_at(1))
    await asyncio.sleep(0.05)
    run.step()
    await holds(lambda: len(run.numbers) == 2)
    assert run.query == 0
    assert [each.norm for each in run.numbers] == stored(0)
    assert run.latest.geometry.norm == stored(0)[1]
    may_be_read.set()
    await looking
    assert run.query == 1
    assert [each.norm for each in run.numbers] == stored(1) != stored(0)
    assert run.latest.geometry.norm == stored(1)[1]
    assert [(await run.archive.step(t)).geometry.norm for t in (0, 1)] == stored(1)


async def test_a_question_to_a_run_that_was_let_go_of_ends_without_a_word(tmp_path):
    archive = Archive(handmade_run(tmp_path / "a.sqlite", stop_after=1))
    assert (await archive.step(0)).t == 0
    closing = asyncio.create_task(archive.aclose())
    await asyncio.sleep(0)
    # While it is being closed as after that: nobody is left to hear the answer.
    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await archive.ask(lambda store: store.step(0))
        await closing


async def test_no_step_begins_while_what_a_key_asks_for_is_painted(run, tmp_path, monkeypatch):
    waits, whole, sleep = [], [], asyncio.sleep

    async def counted(seconds):
        waits.append(seconds)
        whole.append(len(run.numbers))
        await sleep(0)

    monkeypatch.setattr("lwd_tui.tui.state.controller.GIVEN_WAY", 3600)
    monkeypatch.setattr("lwd_tui.tui.state.controller.asyncio.sleep", counted)
    run.start(scripted(), Wishes(), tmp_path / "run.sqlite")
    run.give_way()
    while phase(run) != "done":
        await sleep(0.01)
    # Each step is taken in the end: a key that is held down doesn't stop the run.
    assert len([seconds for seconds in waits if seconds > 3000]) == 7
    # Nor is the one that was under way taken to its end first.
    assert next(steps for seconds, steps in zip(waits, whole, strict=True) if seconds > 3000) == 0
