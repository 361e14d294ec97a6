"""The thread that simulates mixtures for the app: what it tells, and in which order."""

import threading

import pytest
from support.tui import holds

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.tui.pages.gmm.mixtures import COMPILING, Mixtures

SPEC = GmmSpec(name="small", steps=8, replicates=3)


class Told(list):
    """What a thread tells."""

    def of(self, kind):
        return [message for message in list(self) if isinstance(message, kind)]

    async def until(self, condition):
        await holds(condition, 30)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def mixtures(told):
    thread = Mixtures(told.append)
    yield thread
    thread.close()


async def test_the_first_scene_comes_before_anything_is_compiled(mixtures, told):
    mixtures.wish(SPEC, 0, 0)
    await told.until(lambda: told.of(Mixtures.Working))
    before = told[: told.index(told.of(Mixtures.Working)[0])]
    assert [message.scene.t for message in before] == [0, 0]
    assert before[-1].scene.expected is not None
    await told.until(lambda: told.of(Mixtures.Working)[-1].words == "")
    assert [message.words for message in told.of(Mixtures.Working)] == [COMPILING, ""]


async def test_other_mixtures_are_shown_while_the_simulation_is_compiled(
    mixtures, told, monkeypatch
):
    compiled = threading.Event()
    monkeypatch.setattr("lwd_tui.gmm.network.simulate", lambda _: compiled.wait(30))
    mixtures.wish(SPEC, 5, 0)
    await told.until(lambda: told.of(Mixtures.Working))
    other = SPEC.replaced({"seed": 8})
    mixtures.wish(other, 5, 0)
    await told.until(lambda: told.of(Mixtures.Seen)[-1].source is other)
    assert told.of(Mixtures.Seen)[-1].scene.t == 0
    compiled.set()
    await told.until(lambda: told.of(Mixtures.Seen)[-1].scene.t == 5)
    assert told.of(Mixtures.Seen)[-1].source is other


async def test_the_newest_wish_is_met(mixtures, told):
    for t in range(1, 9):
        mixtures.wish(SPEC, t, t % 3)
    await told.until(lambda: told.of(Mixtures.Seen) and told.of(Mixtures.Seen)[-1].scene.t == 8)
    assert told.of(Mixtures.Seen)[-1].scene.place == 2


async def test_going_back_shows_what_was_computed(mixtures, told):
    mixtures.wish(SPEC, 8, 0)
    await told.until(lambda: told.of(Mixtures.Seen) and told.of(Mixtures.Seen)[-1].scene.t == 8)
    mixtures.wish(SPEC, 3, 0)
    await told.until(lambda: told.of(Mixtures.Seen)[-1].scene.t == 3)
    assert told.of(Mixtures.Seen)[-1].scene.reached == 8


async def test_a_long_run_is_seen_to_grow_and_can_be_left(mixtures, told):
    long = GmmSpec(name="long", steps=4000, responses=20, replicates=4)
    mixtures.wish(long, 4000, 0)
    await told.until(lambda: len({each.scene.t for each in told.of(Mixtures.Seen)}) > 2)
    assert 0 < told.of(Mixtures.Seen)[-1].scene.t < 4000
    mixtures.wish(SPEC, 2, 0)
    await told.until(lambda: told.of(Mixtures.Seen)[-1].source is SPEC)


async def test_what_is_too_large_is_told_and_the_thread_goes_on(mixtures, told):
    vast = GmmSpec(name="vast", steps=1000, replicates=100_000)
    mixtures.wish(vast, 0, 0)
    await told.until(lambda: told.of(Mixtures.Failed))
    (failure,) = told.of(Mixtures.Failed)
    assert failure.source is vast
    assert "memory" in failure.sentence
    mixtures.wish(SPEC, 0, 0)
    await told.until(lambda: told.of(Mixtures.Seen))


async def test_a_mistake_of_our_own_is_reported(mixtures, told, monkeypatch, still):
    def broken(*_):
        raise KeyError("a slip")

    monkeypatch.setattr("lwd_tui.run.mixtures_walk.line_grid", broken)
    mixtures.wish(SPEC, 0, 0)
    await told.until(lambda: told.of(Mixtures.Failed))
    (report,) = (still / "reports").iterdir()
    assert str(report) in told.of(Mixtures.Failed)[0].sentence


async def test_nothing_is_told_after_the_end(told):
    thread = Mixtures(told.append)
    thread.wish(SPEC, 8, 0)
    thread.close()
    thread._thread.join(30)
    assert not thread._thread.is_alive()
    count = len(told)
    thread.wish(SPEC, 1, 0)
    assert len(told) == count
