"""Hours in seconds: a clock that jumps to the next timer whenever nothing is left to be done."""

from __future__ import annotations

import asyncio
import selectors
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

T = TypeVar("T")


class Clock:
    """Stands in for `time.monotonic` and `time.perf_counter`, and so for a loop's own time."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class _Selector(selectors.DefaultSelector):
    """Waits for nothing: what is sent is there at once, so that where none is, time may pass."""

    clock: Clock

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            return super().select(None)
        found = super().select(0)
        if not found and timeout > 0:
            # A little more, or rounding could leave the timer a hair ahead of the clock.
            self.clock.seconds += timeout + 1e-6
        return found


class _Loop(asyncio.SelectorEventLoop):
    """Connects over socket files, where a byte never is on its way, as it is over TCP."""

    def __init__(self, clock: Clock) -> None:
        selector = _Selector()
        selector.clock = clock
        super().__init__(selector)
        self._folder = tempfile.TemporaryDirectory()

    def close(self) -> None:
        super().close()
        self._folder.cleanup()

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any
    ) -> Any:
        return await self.create_unix_connection(protocol_factory, self._file(port))

    async def create_server(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any
    ) -> Any:
        return await self.create_unix_server(protocol_factory, self._file(port))

    def _file(self, port: int) -> str:
        return str(Path(self._folder.name) / str(port))


@contextmanager
def _clock() -> Iterator[Clock]:
    clock = Clock()
    with (
        mock.patch.object(time, "monotonic", clock),
        mock.patch.object(time, "perf_counter", clock),
    ):
        yield clock


def hastened(work: Callable[[Clock], Awaitable[T]]) -> T:
    """Run a coroutine, clients and servers in it, on a clock that leaves out all waiting.

    Servers name their ports themselves.
    """
    with _clock() as clock, asyncio.Runner(loop_factory=lambda: _Loop(clock)) as runner:
        return runner.run(_awaited(work, clock))


async def _awaited(work: Callable[[Clock], Awaitable[T]], clock: Clock) -> T:
    return await work(clock)
