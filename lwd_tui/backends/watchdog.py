"""A stream that must not fall silent: the limit is on the wait for a token, never on the whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeVar

from lwd_tui.backends.retry import Transient

Part = TypeVar("Part")


async def watched(
    parts: AsyncIterator[Part],
    first_seconds: float,
    idle_seconds: float,
    failures: tuple[type[Exception], ...],
    explained: Callable[[Exception], Exception],
) -> AsyncGenerator[Part, None]:
    """Yield what a stream brings.

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
