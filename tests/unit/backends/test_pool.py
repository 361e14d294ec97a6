"""What is told of servers in trouble while their work waits."""

import asyncio

import pytest

from lwd_tui.backends.pool import FailsAlone, Pool, failed_alone
from lwd_tui.backends.retry import UNREACHED, Transient
from lwd_tui.backends.scheduler import HostScheduler
from lwd_tui.experiment.backend import BackendStopped, Generation


def failing(times, fault="HTTP 500: out of luck"):
    """Work that fails so often, then succeeds."""
    left = [fault] * times

    async def work(host):
        if left:
            raise Transient(left.pop())
        return "done"

    return work


@pytest.mark.parametrize(
    ("fault", "how"), [("HTTP 500: out of luck", "a few times more"), (UNREACHED, "for up to 0 s")]
)
async def test_a_server_that_goes_on_failing_is_told_once_and_that_it_is_back(fault, how):
    told = []
    pool, host = Pool(8, 0.001, told.append), HostScheduler("http://box:1")
    for _ in range(2):
        result, faults = await pool.run("m", [host], failing(4, fault), "a")
        assert (result, len(faults)) == ("done", 4)
    assert told == 2 * [
        f"http://box:1: {fault}; it is tried again, {how}",
        "http://box:1 answers again",
    ]


async def test_a_fault_or_two_that_pass_are_nothing_to_tell():
    told = []
    pool, host = Pool(8, 0.001, told.append), HostScheduler("http://box:1")
    await pool.run("m", [host], failing(2), "a")
    assert told == []


async def test_whoever_listens_is_told_though_another_pool_met_it_first():
    told = []
    host = HostScheduler("http://box:1")
    with pytest.raises(BackendStopped):
        await Pool(3, 0.001).run("m", [host], failing(9), "a")
    await Pool(8, 0.001, told.append).run("m", [host], failing(1), "a")
    assert len(told) == 2


async def test_work_that_fails_alone_is_told_from_a_model_that_fails():
    pool, host = Pool(3, 0.001), HostScheduler("http://box:1")

    async def fails(host):
        raise Transient("HTTP 500: out of luck")

    async def others(model):
        while True:
            await pool.run(model, [host], failing(0), "b")

    for model, kind in (("m", FailsAlone), ("another", BackendStopped)):
        beside = asyncio.create_task(others(model))
        with pytest.raises(BackendStopped) as caught:
            await pool.run("m", [host], fails, "a")
        beside.cancel()
        assert type(caught.value) is kind
    assert failed_alone(2, 7, "http://box:1", FailsAlone("...", ("a", "b")), ("c",)) == Generation(
        2, "", 7, "a fault at each of 2 tries", None, None, 0.0, "", "http://box:1", ("c", "a", "b")
    )
