"""What is read beside the screen, one reading after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.dom import DOMNode


class Rereader:
    """Reads in a worker, and once more if it was asked to meanwhile: no thread can be left.

    Parameters
    ----------
    page : DOMNode
        With which the worker ends.
    read : callable
        Reads what is wanted by then.
    rest : float
        Seconds that must pass without being asked before it reads.
    """

    def __init__(
        self, page: DOMNode, read: Callable[[], Awaitable[None]], rest: float = 0.0
    ) -> None:
        self._page = page
        self._read = read
        self._rest = rest
        self._again = self._at_work = False

    def ask(self) -> None:
        """Read; after what is being read."""
        self._again = True
        if not self._at_work:
            self._at_work = True
            self._page.run_worker(self._read_on())

    async def _read_on(self) -> None:
        try:
            while self._again:
                while self._again:
                    self._again = False
                    await asyncio.sleep(self._rest)
                await self._read()
        finally:
            self._at_work = False
