"""Streams: one that must not fall silent, and several pieces of work taken as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

from lwd_tui.backends.retry import Transient

Part = TypeVar("Part")
Result = TypeVar("Result")


async def watched(
    parts: AsyncIterator[Part],
    first_seconds: float,
    idle_seconds: float,
    failures: tuple[type[Exception], ...],
    explained: Callable[[Exception], Exception],
    tokens: int,
    heard: Callable[[], int] | None = None,
) -> AsyncGenerator[Part, None]:
    """Yield what a stream brings; the limits are on each wait, and the whole has their sum.

    Parameters
    ----------
    parts : async iterator
    first_seconds : float
        Limit on the wait for the first token, which may be long: the server queues the request,
        loads the model and reads the prompt first.
    idle_seconds : float
        Limit between two tokens.
    failures : tuple of type
        What the stream may raise.
    explained : callable
        Gives what is raised in its place. What is done with the parts is outside of this, so
        that a mistake there is never taken for a fault of the server.
    tokens : int
        Those that were asked for.
    heard : callable, optional
        Says how many tokens were in the parts up to now, where some hold none: signs of life
        while the request waits. Without it each part is a token.

    Raises
    ------
    Transient
        If no token came in that time, or after that of all of them there are still more.
    """
    clock = asyncio.get_running_loop().time
    limit, awaited, before = first_seconds, "answer", 0
    deadline = clock() + limit
    whole = first_seconds + tokens * idle_seconds
    end = clock() + whole
    while True:
        try:
            async with asyncio.timeout_at(min(deadline, end)):
                part = await anext(parts)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if end < deadline:
                raise Transient(f"no end of the answer within {whole:g} s") from None
            raise Transient(f"no {awaited} within {limit:g} s") from None
        except failures as error:
            raise explained(error) from None
        began = clock()
        yield part
        end += clock() - began
        now = heard() if heard else before + 1
        if now > before:
            before, limit, awaited = now, idle_seconds, "further token"
            deadline = clock() + limit
        else:
            # What was done with the part is no wait for the next.
            deadline += clock() - began


async def as_finished(work: Iterable[Coroutine[Any, Any, Result]]) -> AsyncGenerator[Result, None]:
    """Do all of it at once and yield each result when it is there.

    Closing the iterator cancels what isn't finished, and so does the first error.
    """
    tasks = [asyncio.create_task(piece) for piece in work]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
