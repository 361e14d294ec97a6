"""Work done at once, what becomes of the rest when one stops listening, and what never ends."""

import asyncio
from contextlib import aclosing

import pytest
from support.http import WireServer
from support.requests import ollama, openai

from lwd_tui.backends import wire
from lwd_tui.backends.ollama import client as ollama_client
from lwd_tui.backends.openai import client as openai_client
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.streams import as_finished, watched
from lwd_tui.experiment.backend import ServerMissing


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


async def test_an_answer_whose_tokens_come_in_time_but_never_end_is_given_up():
    async def tokens():
        while True:
            yield "and"
            await asyncio.sleep(0.01)

    # Each may take a minute, and none was asked for beyond the first wait.
    async with aclosing(watched(tokens(), 0.2, 60.0, (), lambda error: error, 0)) as parts:
        with pytest.raises(Transient, match=r"no end of the answer within 0\.2 s"):
            async for _ in parts:
                pass


async def drips(request, reply):
    """Send a byte now and then, for ever, whatever is asked for."""
    await reply.stream()
    while True:
        await reply.chunk(" ")
        await asyncio.sleep(0.01)


async def floods(request, reply):
    """Send as much as the wire takes, for ever."""
    await reply.stream()
    while True:
        await reply.chunk("[" * 65536)


@pytest.mark.parametrize("client", [ollama, openai])
@pytest.mark.parametrize("server", [drips, floods])
async def test_a_server_that_never_ends_to_say_what_it_has_is_given_up(server, client, monkeypatch):
    monkeypatch.setattr(wire, "_RESPONSE_BYTES", 2**20)
    for module in (ollama_client, openai_client):
        monkeypatch.setattr(module, "TELL_SECONDS", 0.2 if server is drips else 60.0)
    async with WireServer(server) as there:
        generator = client(there.url)
        told = "0.2 s" if server is drips else "more than 1 MiB came"
        with pytest.raises(ServerMissing, match=told):
            await generator.describe("m")
        await generator.aclose()
