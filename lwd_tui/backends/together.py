"""Several pieces of work at once, each result taken as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable
from typing import Any, TypeVar

Result = TypeVar("Result")


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
