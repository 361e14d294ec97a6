"""What is told of servers in trouble while their work waits."""

import pytest

from lwd_tui.backends.pool import Pool
from lwd_tui.backends.retry import UNREACHED, Transient
from lwd_tui.backends.scheduler import HostScheduler
from lwd_tui.experiment.backend import BackendStopped


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
