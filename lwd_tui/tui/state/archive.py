"""A run's file, read on a thread of its own so that the screen never waits for the disk."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from lwd_tui.store.run import RunStore
from lwd_tui.types import Step

T = TypeVar("T")
_STEPS_KEPT = 32


async def ask_anew(path: Path, question: Callable[[RunStore], T], query: int = 0) -> T:
    """Return what a question to a run's file comes to, opened for it alone, in a thread.

    It is about the answers to a query, from 1; 0: to all together.
    """

    def ask() -> T:
        with RunStore.open(path) as store:
            return question(store.look_at(query))

    return await asyncio.to_thread(ask)


class Archive:
    """Answers questions about a run's file, which may be written meanwhile.

    Attributes
    ----------
    query : int
        Whose answers they are about, from 1; 0: those to all queries together.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.query = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archive")
        self._store: RunStore | None = None
        self._steps: OrderedDict[int, Step] = OrderedDict()
        self._closed = False

    async def ask(self, question: Callable[[RunStore], T]) -> T:
        """Return what a question to the store comes to.

        Raises
        ------
        StoreError
            If the file can't be read.
        CancelledError
            If the file was let go of: whoever asked on is about to end, or shows another run.
        """
        if self._closed:
            raise asyncio.CancelledError
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, question)

    async def step(self, t: int) -> Step:
        """Return a whole step; the last few are kept."""
        step = self.kept(t)
        if step is None:
            query = self.query
            step = await self.ask(lambda store: store.step(t))
            if query == self.query:
                self.keep(step)
        return step

    def kept(self, t: int) -> Step | None:
        """Return a step that is at hand; None if it would have to be read."""
        if t in self._steps:
            self._steps.move_to_end(t)
        return self._steps.get(t)

    def keep(self, step: Step) -> None:
        """Remember a step that is at hand."""
        self._steps[step.t] = step
        if len(self._steps) > _STEPS_KEPT:
            self._steps.popitem(last=False)

    async def look_at(self, query: int) -> None:
        """Answer questions about another query from now on."""
        self.query = query
        self._steps.clear()
        await self.renew()

    async def renew(self) -> None:
        """Read from now on what is there by now: a file that forks share is replaced to write."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)

    async def aclose(self) -> None:
        """Let go of the file and the thread."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown(wait=False)

    def _ask(self, question: Callable[[RunStore], T]) -> T:
        if self._store is None:
            self._store = RunStore.open(self._path).look_at(self.query)
        return question(self._store)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
