"""Work done at once, and what becomes of the rest of it when one stops listening."""

import asyncio
from contextlib import aclosing

import pytest

from lwd_tui.backends.streams import as_finished


async def after(event, value):
    await event.wait()
    if isinstance(value, Exception):
        raise value
    return value


async def test_results_come_in_the_order_in_which_they_are_there():
    first, second = asyncio.Event(), asyncio.Event()
    second.set()
    found = []
    async with aclosing(as_finished([after(first, 1), after(second, 2)])) as results:
        async for result in results:
            found.append(result)
            first.set()
    assert found == [2, 1]


async def forever(said):
    try:
        await asyncio.Event().wait()
    finally:
        said.append("cancelled")


async def test_closing_cancels_the_rest_and_waits_for_it():
    ready, said = asyncio.Event(), []
    ready.set()
    async with aclosing(as_finished([after(ready, 1), forever(said)])) as results:
        assert await anext(results) == 1
        assert said == []
    assert said == ["cancelled"]


async def test_an_error_cancels_the_rest():
    ready, said = asyncio.Event(), []
    ready.set()
    work = [forever(said), after(ready, ValueError("broken"))]
    results = as_finished(work)
    with pytest.raises(ValueError, match="broken"):
        await anext(results)
    assert said == ["cancelled"]


async def test_no_work_has_no_result():
    assert [result async for result in as_finished([])] == []
