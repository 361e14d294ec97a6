"""The turns of one host, without any server."""

import asyncio
import time

import pytest

from lwd_tui.backends.scheduler import GATHERING_SECONDS, HostScheduler, Waiter, scheduler_of

MODEL = "m:1b"


def test_requests_that_were_under_way_when_a_host_failed_are_no_new_failures():
    host = HostScheduler("http://one")
    sent = time.monotonic()
    host.failed(sent, 10.0, "first", None)
    rests_until = host._rests_until
    # Of four that were sent at once, the others fail with the first.
    for key in ("second", "third", "fourth"):
        host.failed(sent, 10.0, key, None)
    assert host.failures == 1
    assert host._rests_until == rests_until
    host.failed(time.monotonic(), 10.0, "later", None)
    assert host.failures == 2
    assert host._rests_until > rests_until
    host.recovered("m")
    assert host.failures == 0
    assert not host.rests


@pytest.mark.parametrize(
    ("waiting", "hands", "load", "helps"),
    [
        # One request of a second each is done elsewhere before it is loaded here.
        (1, 1, 5.0, False),
        # Six take longer than loading, unless the other has three hands.
        (6, 1, 5.0, True),
        (6, 3, 5.0, False),
        (1, 1, 0.5, True),
        (1, 1, 1.0, False),
        # What was never loaded is tried.
        (1, 2, None, True),
    ],
)
async def test_a_model_that_another_host_works_on_is_loaded_where_that_pays(
    waiting, hands, load, helps
):
    busy, idle = HostScheduler("http://one", hands), HostScheduler("http://two", 1)
    busy.observe({MODEL})
    busy.answer_seconds[MODEL] = 1.0
    if load is not None:
        idle.load_seconds[MODEL] = load
    for _ in range(hands):
        first = Waiter(MODEL, (busy, idle))
        busy.enter(first)
        assert first.granted.result() is busy
    others = [Waiter(MODEL, (busy, idle)) for _ in range(waiting)]
    for waiter in others:
        busy.enter(waiter)
        idle.enter(waiter)
    await asyncio.sleep(4 * GATHERING_SECONDS)
    granted = [waiter.granted.result() for waiter in others if waiter.granted.done()]
    assert granted == ([idle] if helps else [])


def running(*models, **options):
    """A host that has some models loaded and works on one request to each."""
    host = HostScheduler("http://one", 1, **options)
    host.observe(models)
    return host, [asked(host, model) for model in models]


def asked(host, model=MODEL):
    waiter = Waiter(model, (host,))
    host.enter(waiter)
    return waiter


def granted(*waiters):
    return [waiter.granted.done() for waiter in waiters]


async def gathered():
    await asyncio.sleep(2 * GATHERING_SECONDS)


async def test_one_more_is_in_flight_than_were_ever_seen_streaming():
    host = HostScheduler("http://one")
    host.observe({MODEL})
    assert host.limit(MODEL) == 2
    waiters = [asked(host) for _ in range(5)]
    assert granted(*waiters) == [True, True, False, False, False]
    host.stream_began(MODEL)
    assert granted(*waiters) == [True, True, False, False, False]
    # Two at once: a third may come, and stays allowed when fewer stream.
    host.stream_began(MODEL)
    assert granted(*waiters) == [True, True, True, False, False]
    host.stream_ended(MODEL)
    host.stream_ended(MODEL)
    host.stream_began(MODEL)
    assert host.limit(MODEL) == 3
    assert host.limit("other") == 2


async def test_a_full_queue_keeps_less_in_flight_than_there_was_and_one_at_least():
    host = HostScheduler("http://one")
    host.observe({MODEL})
    asked(host)
    host.crowded(MODEL)
    assert host.limit(MODEL) == 1
    host, more = HostScheduler("http://one"), 3
    host.observe({MODEL})
    for _ in range(more):
        host.stream_began(MODEL)
    assert all(granted(*[asked(host) for _ in range(4)]))
    host.crowded(MODEL)
    assert host.limit(MODEL) == 3
    assert host.limit("other") == 2


async def test_after_a_full_queue_one_more_is_tried_in_time_and_given_up_at_the_next_refusal():
    host = HostScheduler("http://one")
    host.observe({MODEL})
    for _ in range(3):
        host.stream_began(MODEL)
    assert all(granted(*[asked(host) for _ in range(4)]))
    host.crowded(MODEL)
    limits = []
    for _ in range(100):
        host.recovered(MODEL)
        limits.append(host.limit(MODEL))
    # Not at once, and never beyond what was seen streaming together, and one.
    assert limits[0] == 3
    assert limits[-1] == 4
    host.crowded(MODEL)
    assert host.limit(MODEL) == 3


async def test_a_limit_that_is_set_holds():
    host, (first,) = running(MODEL)
    assert granted(first) == [True]
    second = asked(host)
    assert granted(second) == [False]
    host.stream_began(MODEL)
    host.stream_began(MODEL)
    assert host.limit(MODEL) == 1
    host.allow(2)
    host.poke()
    assert host.limit(MODEL) == 2
    assert granted(second) == [True]


async def test_the_end_of_a_turn_begins_the_next():
    host, (first,) = running(MODEL)
    second, third = asked(host), asked(host)
    assert granted(second, third) == [False, False]
    assert first.granted.result() is host
    host.release(MODEL)
    assert granted(second, third) == [True, False]
    host.release(MODEL)
    assert granted(third) == [True]


async def test_who_left_or_gave_up_gets_no_turn():
    host, _ = running(MODEL)
    gone, cancelled, last = asked(host), asked(host), asked(host)
    host.leave(gone)
    host.leave(gone)
    cancelled.granted.cancel()
    host.release(MODEL)
    assert not gone.granted.done()
    assert granted(last) == [True]
    host.release(MODEL)
    assert host._waiting == []


def test_models_fit_together_that_were_seen_together():
    host = HostScheduler("http://one")
    assert host.fit_together(["a"])
    assert not host.fit_together(["a", "b"])
    host.observe(["a", "b", "c"])
    host.observe(["d"])
    assert host.loaded == {"d"}
    assert host.fit_together(["a", "b"])
    assert host.fit_together(["a", "b", "c"])
    assert not host.fit_together(["a", "d"])
    assert HostScheduler("http://one", swaps=False).fit_together(["a", "d"])


async def test_a_model_that_may_not_fit_waits_until_the_host_is_idle():
    host, _ = running("a")
    other = asked(host, "b")
    assert granted(other) == [False]
    await gathered()
    assert granted(other) == [False]
    host.release("a")
    # Loaded is another still, and more requests to it may follow within the gathering time.
    assert granted(other) == [False]
    await gathered()
    assert granted(other) == [True]
    # So it goes on, from one model to the next.
    third = asked(host, "c")
    host.release("b")
    await gathered()
    assert granted(third) == [True]


async def test_models_that_fit_run_at_once():
    host, both = running("a", "b")
    assert granted(*both) == [True, True]
    third = asked(host, "c")
    assert granted(third) == [False]


async def test_a_server_that_swaps_nothing_is_asked_for_any_model_at_once():
    host = HostScheduler("http://one", 1, swaps=False)
    assert granted(asked(host, "a"), asked(host, "b")) == [True, True]


async def test_requests_are_gathered_before_a_model_is_swapped_in():
    host = HostScheduler("http://one", 2)
    waiters = [asked(host, model) for model in ("a", "b", "a")]
    assert granted(*waiters) == [False, False, False]
    await gathered()
    assert granted(*waiters) == [True, False, True]


async def test_a_host_that_rests_grants_nothing_until_it_has_rested():
    host = HostScheduler("http://one", 1)
    host.observe({MODEL})
    # The first rest is shorter than first_delay, by half at most, unless the server asks for more.
    host.failed(time.monotonic(), 0.001, "key", 0.3)
    assert host.rests
    waiter = asked(host)
    assert granted(waiter) == [False]
    await asyncio.sleep(0.02)
    assert granted(waiter) == [False]
    assert await asyncio.wait_for(waiter.granted, 30) is host
    assert not host.rests


async def test_the_time_that_a_server_asks_for_is_kept_though_what_was_under_way_succeeds():
    host = HostScheduler("http://one", 1)
    host.observe({MODEL})
    sent = time.monotonic()
    # A rest of our own ends with the first answer; any of those sent at once may be told to wait.
    host.failed(sent, 60.0, "first", None)
    host.failed(sent, 60.0, "second", 0.3)
    host.failed(sent, 60.0, "third", 0.1)
    host.recovered(MODEL)
    waiter = asked(host)
    assert granted(waiter) == [False]
    await asyncio.wait_for(waiter.granted, 30)
    assert time.monotonic() - sent >= 0.3


def test_the_rest_doubles_with_each_failure_in_a_row():
    host = HostScheduler("http://one")
    for failures, longest in ((1, 4.0), (2, 8.0), (3, 16.0)):
        now = time.monotonic()
        host.failed(now, 4.0, "key", None)
        assert host.failures == failures
        assert longest / 2 <= host._rests_until - now <= longest + 0.5


async def test_an_idle_host_begins_with_what_no_other_works_on():
    busy, idle = HostScheduler("http://one", 1), HostScheduler("http://two", 1)
    busy.observe({"a"})
    both = (busy, idle)
    first, again, other = Waiter("a", both), Waiter("a", both), Waiter("b", both)
    busy.enter(first)
    assert first.granted.result() is busy
    # Loading is free, and yet the model that the other works on comes second.
    busy.answer_seconds["a"] = 9.0
    idle.enter(again)
    idle.enter(other)
    await gathered()
    assert granted(again, other) == [False, True]


async def test_of_two_idle_hosts_neither_waits_for_the_other():
    both = HostScheduler("http://one", 1), HostScheduler("http://two", 1)
    waiter = Waiter(MODEL, both)
    for host in both:
        host.enter(waiter)
    await gathered()
    assert waiter.granted.result() in both


async def test_a_host_that_rests_is_no_help():
    busy, idle = HostScheduler("http://one", 1), HostScheduler("http://two", 1)
    busy.observe({MODEL})
    first, second = Waiter(MODEL, (busy, idle)), Waiter(MODEL, (busy, idle))
    busy.enter(first)
    busy.failed(time.monotonic(), 60.0, "key", None)
    idle.load_seconds[MODEL] = 1000.0
    idle.enter(second)
    await gathered()
    assert second.granted.result() is idle


async def test_a_url_has_one_scheduler_as_long_as_anyone_uses_it():
    one = scheduler_of("http://one", 3, False)
    assert scheduler_of("http://one") is one
    assert one.limit(MODEL) == 3
    assert one.fit_together("ab")
    other = scheduler_of("http://two")
    assert other is not one
    assert other.limit(MODEL) == 2
    assert not other.fit_together("ab")
