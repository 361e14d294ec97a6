"""The workers of a Dask cluster: who is there, and which of them can make our runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lwd_tui import __version__
from lwd_tui.sweep.remote import let_go
from lwd_tui.types import Notice

ANSWER = 10.0
"""Seconds in which a scheduler or a worker must answer, or is looked at again later."""


class SchedulerGone(Exception):
    """It doesn't answer any more."""


@dataclass(eq=False)
class Worker:
    """A worker with our version, and how many of its threads have our runs."""

    address: str
    threads: int
    busy: int = 0


class Muster:
    """Keeps count of the workers of a scheduler.

    Parameters
    ----------
    client : distributed.Client
        An asynchronous one.
    sweep : str
        See `Terms`: what is under way of it at a worker that is new here is ended.
    say : callable
        Told in a sentence of each worker that can't make our runs.

    Attributes
    ----------
    workers : dict of str to Worker
        Those that can, by address.
    refused : dict of str to str
        The others, and why.
    """

    def __init__(self, client: Any, sweep: str, say: Notice) -> None:
        self._client, self._sweep, self._say = client, sweep, say
        self.workers: dict[str, Worker] = {}
        self.refused: dict[str, str] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def call(self) -> None:
        """Find out who is there; raise SchedulerGone if the scheduler doesn't answer."""
        try:
            async with asyncio.timeout(ANSWER):
                there: dict[str, int] = await self._client.nthreads()
        except Exception:
            raise SchedulerGone from None
        for known in (self.workers, self.refused):
            for address in known.keys() - there.keys():
                del known[address]
        for address in there.keys() - self.workers.keys() - self.refused.keys():
            if address not in self._asking:
                self._asking[address] = asyncio.create_task(self._ask(address, there[address]))

    async def settled(self) -> None:
        """Wait until all who are there have said who they are, or didn't answer in time."""
        if self._asking:
            await asyncio.wait(list(self._asking.values()))

    def is_here(self, worker: Worker) -> bool:
        """Say whether a worker is there, and nobody else at its address."""
        return self.workers.get(worker.address) is worker

    def forget(self, worker: Worker) -> None:
        """Ask anew who is at a worker's address."""
        if self.is_here(worker):
            del self.workers[worker.address]

    def close(self) -> None:
        """Wait for nobody any more."""
        for asking in self._asking.values():
            asking.cancel()

    async def _ask(self, address: str, threads: int) -> None:
        try:
            # Who is gone, or slow, is asked again if still there.
            with suppress(Exception):
                version = await self._there(address, _version())
                if version == __version__:
                    # What a command that is gone left there would be made twice.
                    await self._there(address, let_go, self._sweep)
                    self.workers[address] = Worker(address, threads)
                    return
                has = f"lwd-tui {version}" if version else "no lwd-tui"
                self.refused[address] = (
                    f"worker {address} has {has}, and this is {__version__}: it is given no runs; "
                    "install the same version there"
                )
                self._say(self.refused[address])
        finally:
            del self._asking[address]

    async def _there(self, address: str, work: Callable[..., Any], *args: Any) -> Any:
        async with asyncio.timeout(ANSWER):
            found = await self._client.run(work, *args, workers=[address])
        return found[address]


def _version() -> Callable[[], str]:
    """Return what asks a worker for its version; "" where there is none.

    It is sent as code, not by its name, so that it can be asked where there is no lwd-tui.
    """

    def version() -> str:
        try:
            from lwd_tui import __version__ as found
        except ImportError:
            return ""
        return found

    return version
