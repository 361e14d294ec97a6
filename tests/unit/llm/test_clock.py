"""The clock of a run."""

from __future__ import annotations

import asyncio

from lwd_tui.llm.clock import Clock


async def waits(clock: Clock) -> bool:
    """Whether the next step is held, as far as the loop can tell."""
    tick = asyncio.ensure_future(clock.tick())
    for _ in range(3):
        await asyncio.sleep(0)
    if held := not tick.done():
        tick.cancel()
    return held


async def test_step_follows_step_until_it_is_paused() -> None:
    clock = Clock()
    assert not clock.paused
    assert not await waits(clock)
    assert not await waits(clock)
    clock.pause()
    assert clock.paused
    assert await waits(clock)
    clock.run()
    assert not clock.paused
    assert not await waits(clock)


async def test_each_granted_step_goes_through_once() -> None:
    clock = Clock(paused=True)
    assert await waits(clock)
    clock.step()
    clock.step()
    assert not await waits(clock)
    assert not await waits(clock)
    assert await waits(clock)


async def test_a_step_of_a_running_clock_pauses_it_behind_that_step() -> None:
    clock = Clock()
    clock.step()
    assert clock.paused
    assert not await waits(clock)
    assert await waits(clock)


async def test_a_pause_takes_granted_steps_back() -> None:
    clock = Clock(paused=True)
    clock.step()
    clock.pause()
    assert await waits(clock)


async def test_whoever_waits_is_woken_by_run_and_step() -> None:
    for wake in (Clock.run, Clock.step):
        clock = Clock(paused=True)
        tick = asyncio.ensure_future(clock.tick())
        await asyncio.sleep(0)
        wake(clock)
        await asyncio.wait_for(tick, 30)
