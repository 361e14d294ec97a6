"""The clock of a run: running, paused, or let on step by step."""

from __future__ import annotations

import asyncio


class Clock:
    """Says when the next step may start; the step in progress is always finished.

    Parameters
    ----------
    paused : bool
        Whether to wait for `run` or `step` before the first step.
    """

    def __init__(self, *, paused: bool = False) -> None:
        self._changed = asyncio.Event()
        self._paused = paused
        self._granted = 0

    @property
    def paused(self) -> bool:
        """Whether the next step waits, but for those granted one by one."""
        return self._paused

    def run(self) -> None:
        """Let step follow step."""
        self._paused = False
        self._changed.set()

    def pause(self) -> None:
        """Hold before the next step; steps granted but not begun are taken back."""
        self._paused = True
        self._granted = 0

    def step(self) -> None:
        """Let one more step through while paused."""
        self._paused = True
        self._granted += 1
        self._changed.set()

    async def tick(self) -> None:
        """Wait until the next step may start."""
        while self._paused and not self._granted:
            self._changed.clear()
            await self._changed.wait()
        if self._paused:
            self._granted -= 1
