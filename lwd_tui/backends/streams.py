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
) -> AsyncGenerator[Part, None]:
    """Yield what a stream brings; the limits are on each wait, never on the whole.

    Parameters
    ----------
    parts : async iterator
    first_seconds : float
        Limit on the wait for the first part, which may be long: the server queues the request,
        loads the model and reads the prompt first.
    idle_seconds : float
        Limit between two parts.
    failures : tuple of type
        What the stream may raise.
    explained : callable
        Gives what is raised in its place. What is done with the parts is outside of this, so
        that a mistake there is never taken for a fault of the server.

    Raises
    ------
    Transient
        If nothing came in that time.
    """
    limit, awaited = first_seconds, "answer"
    while True:
        try:
            async with asyncio.timeout(limit):
                part = await anext(parts)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Transient(f"no {awaited} within {limit:g} s") from None
        except failures as error:
            raise explained(error) from None
        yield part
        limit, awaited = idle_seconds, "further token"


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
