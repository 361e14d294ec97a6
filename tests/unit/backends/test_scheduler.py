"""The turns of one host, without any server."""

import asyncio
import time

import pytest

from lwd_tui.backends.scheduler import GATHERING_SECONDS, HostScheduler, Waiter

MODEL = "m:1b"


def test_requests_that_were_under_way_when_a_host_failed_are_no_new_failures():
    host = HostScheduler("http://one")
    sent = time.monotonic()
    host.failed(sent, 10.0, "first", None)
    rests_until = host._rests_until
    # Of four that were sent at once, the others fail with the first.
    for key in ("second", "third", "fourth"):
        host.failed(sent, 10.0, key, 1000.0)
    assert host.failures == 1
    assert host._rests_until == rests_until
    host.failed(time.monotonic(), 10.0, "later", None)
    assert host.failures == 2
    assert host._rests_until > rests_until
    host.recovered()
    assert host.failures == 0
    assert not host.rests


@pytest.mark.parametrize(
    ("waiting", "load", "helps"),
    [
        # One request of a second each is done elsewhere before it is loaded here.
        (1, 5.0, False),
        # Six take longer than loading.
        (6, 5.0, True),
        (1, 0.5, True),
    ],
)
async def test_a_model_that_another_host_works_on_is_loaded_where_that_pays(waiting, load, helps):
    busy, idle = HostScheduler("http://one", 1), HostScheduler("http://two", 1)
    busy.observe({MODEL})
    busy.answer_seconds[MODEL], idle.load_seconds[MODEL] = 1.0, load
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
