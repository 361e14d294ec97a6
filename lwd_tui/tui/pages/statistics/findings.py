"""The statistics of a run as far as they are computed: off the screen's thread, step by step."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lwd_tui.errors import LwdError
from lwd_tui.findings.step import StepFindings, step_findings
from lwd_tui.findings.verdicts import RunFindings, run_findings
from lwd_tui.store.run import RunStore

if TYPE_CHECKING:
    from lwd_tui.store.records import StepNumbers
    from lwd_tui.tui.state.controller import RunController

AGAIN = 1.1
"""How much longer a run must have grown for the whole of it to be judged again while it goes on."""


class Margin(NamedTuple):
    """What counts as the same: a norm, and for how many steps in a row."""

    norm: float
    window: int


class Findings:
    """What is computed of a run, what is still to do, and how that stands in words.

    Attributes
    ----------
    steps : dict of int to StepFindings
        By t, in the order in which they were computed.
    whole : RunFindings or None
        Of all steps that were whole when it was judged.
    """

    def __init__(self, run: RunController, margin: Margin | None = None) -> None:
        self.run = run
        self.margin = margin
        self.steps: dict[int, StepFindings] = {}
        self.whole: RunFindings | None = None
        self._failed: dict[int, str] = {}
        self._judged = 0
        self._doing = ""

    def state_margin(self, margin: Margin | None) -> None:
        """Judge against another margin; what is computed of the steps stays."""
        self.margin, self.whole, self._judged = margin, None, 0

    def forget_failures(self) -> None:
        """Try again what could not be computed."""
        self._failed.clear()

    @property
    def state(self) -> str:
        """How it stands, in words; not cleaned."""
        done = len(self.run.numbers)
        if not done:
            return "no step is whole yet"
        if self._failed:
            t, why = next(iter(self._failed.items()))
            return f"t = {t} can't be computed: {why}"
        if self._doing:
            return f"{self._doing}; {len(self.steps)} of {done} steps computed"
        return f"{len(self.steps)} of {done} steps computed"

    async def advance(self, viewed: int | None, *, busy: bool) -> bool:
        """Compute the next thing there is to do, in a thread; return whether there was one.

        The step that is looked at comes first. While the run is busy, the whole of it is judged
        now and then only.
        """
        numbers, path = self.run.numbers, self.run.path
        t = self._next(viewed)
        if t is not None:
            self._doing = f"computing t = {t}"
            try:
                found = await asyncio.to_thread(_step, path, numbers[t])
            except LwdError as error:
                self._failed[t] = str(error)
            else:
                self.steps[t] = found
            self._doing = ""
            return True
        done = len(numbers)
        grown = done > self._judged if not busy else done >= max(self._judged, 1) * AGAIN
        if not done or self._failed or not grown:
            return False
        self._doing = "judging the whole run"
        margin, found_all = self.margin, [self.steps[t] for t in range(done)]
        try:
            whole = await asyncio.to_thread(_whole, path, found_all, margin)
        except LwdError as error:
            self._failed[done - 1] = str(error)
        else:
            if margin == self.margin:
                self.whole, self._judged = whole, done
        self._doing = ""
        return True

    def _next(self, viewed: int | None) -> int | None:
        done = len(self.run.numbers)
        order = range(done) if viewed is None else [viewed, *range(done)]
        for t in order:
            if t not in self.steps and t not in self._failed:
                return t
        return None


def _step(path: Path, numbers: StepNumbers) -> StepFindings:
    with RunStore.open(path) as store:
        return step_findings(store, numbers)


def _whole(path: Path, found: list[StepFindings], margin: Margin | None) -> RunFindings:
    with RunStore.open(path) as store:
        if margin is None:
            return run_findings(store, found)
        return run_findings(store, found, margin=margin.norm, window=margin.window)
