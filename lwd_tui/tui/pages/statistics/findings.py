"""The statistics of a run as far as they are computed: off the screen's thread, step by step."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from lwd_tui.errors import LwdError
from lwd_tui.findings.step import StepFindings, first_findings, step_findings
from lwd_tui.findings.verdicts import RunFindings, run_findings
from lwd_tui.tui.state.archive import ask_anew
from lwd_tui.tui.state.grouping import FEW

if TYPE_CHECKING:
    from lwd_tui.store.records import StepNumbers
    from lwd_tui.store.run import RunStore
    from lwd_tui.tui.state.controller import RunController

AGAIN = 1.1
"""How much longer a run must have grown for the whole of it to be judged again while it goes on."""
MOST = 100
"""Participants beyond which only what is quick is computed: the rest would take hours."""
_SLOW = "tests, interval, diversity, copying"


T = TypeVar("T")


class Margin(NamedTuple):
    """What counts as the same: a norm, and for how many steps in a row."""

    norm: float
    window: int


class Findings:
    """What is computed of a run, what is still to do, and how that stands in words.

    Parameters
    ----------
    run : RunController
    margin : Margin, optional
    tell : callable
        Called when something that takes long begins.
    query : int
        Whose answers are looked at, from 1; 0: those to all queries together.

    Attributes
    ----------
    steps : dict of int to StepFindings
        By t, in the order in which they were computed. Of a crowd, what is quick comes first, of
        all steps, and the rest of each later.
    whole : RunFindings or None
        Of all steps that were whole when it was judged.
    """

    def __init__(
        self,
        run: RunController,
        margin: Margin | None = None,
        tell: Callable[[], None] = lambda: None,
        query: int = 0,
    ) -> None:
        self.run = run
        self._query = query
        self.margin = margin
        self._tell = tell
        self.steps: dict[int, StepFindings] = {}
        self.whole: RunFindings | None = None
        self._failed: dict[int, str] = {}
        self._complete: set[int] = set()
        self._judged = 0
        self._doing = ""

    def state_margin(self, margin: Margin | None) -> None:
        """Judge against another margin; what is computed of the steps stays."""
        self.margin, self.whole, self._judged = margin, None, 0

    def forget_failures(self) -> None:
        """Try again what could not be computed."""
        self._failed.clear()

    @property
    def looked_at(self) -> str:
        """Of which query this is, in words, if there are several."""
        return self.run.experiment.looked_at(self._query)

    @property
    def state(self) -> str:
        """How it stands, in words; not cleaned."""
        done = len(self.run.numbers)
        if not done:
            return "no step is whole yet"
        if self._failed:
            t, why = next(iter(self._failed.items()))
            return f"t = {t} can't be computed: {why}"
        words = f"{len(self.steps)} of {done} steps computed"
        if self._missing:
            words += f", {self._missing}"
        return f"{self._doing}; {words}" if self._doing else words

    @property
    def _at_once(self) -> bool:
        """Whether a step is computed in one go."""
        return len(self.run.experiment.cast) <= FEW

    @property
    def _tested(self) -> bool:
        return len(self.run.experiment.cast) <= MOST

    @property
    def _missing(self) -> str:
        done = len(self.run.numbers)
        if self._at_once or not self._tested:
            return "" if self._at_once else "without tests"
        return "" if len(self._complete) == done else f"tests of {len(self._complete)}"

    def why_untested(self, t: int) -> str:
        """Say what is still missing of a computed step, and why; "" if nothing is."""
        if self._at_once or t in self._complete:
            return ""
        if not self._tested:
            n = len(self.run.experiment.cast)
            return f"left out, as they take hours for {n:,} participants:\n{_SLOW}"
        return f"these follow: {_SLOW}"

    async def advance(self, viewed: int | None, *, busy: bool) -> bool:
        """Compute the next thing there is to do, in a thread; return whether there was one.

        The step that is looked at comes first. While the run is busy, the whole of it is judged
        now and then only, and of a crowd nothing is tested.
        """
        if self.run.query != self._query:
            # The numbers at hand are those of another query, which has findings of its own.
            return False
        t = self._next(viewed, self.steps)
        if t is not None:
            await self._compute(t, f"computing t = {t}", whole=self._at_once)
            return True
        if await self._judge(busy=busy):
            return True
        if self._at_once or not self._tested or busy:
            return False
        t = self._next(viewed, self._complete)
        if t is None:
            return False
        await self._compute(t, f"testing t = {t}", whole=True)
        return True

    async def _compute(self, t: int, words: str, *, whole: bool) -> None:
        self._begin(words)
        numbers = self.run.numbers[t]
        work: Callable[[RunStore, StepNumbers], StepFindings]
        work = step_findings if whole else first_findings
        try:
            found = await self._asked(lambda store: work(store, numbers))
            self.steps[t] = found
        except LwdError as error:
            self._failed[t] = str(error)
        if whole:
            self._complete.add(t)
        self._doing = ""

    async def _asked(self, question: Callable[[RunStore], T]) -> T:
        return await ask_anew(self.run.path, question, self._query)

    def _begin(self, words: str) -> None:
        self._doing = words
        if not self._at_once:
            self._tell()

    async def _judge(self, *, busy: bool) -> bool:
        done = len(self.run.numbers)
        grown = done > self._judged if not busy else done >= max(self._judged, 1) * AGAIN
        if not done or self._failed or not grown:
            return False
        self._begin("judging the whole run")
        margin = self.margin
        judge = partial(run_findings, findings=[self.steps[t] for t in range(done)])
        if margin is not None:
            judge = partial(judge, margin=margin.norm, window=margin.window)
        try:
            whole = await self._asked(judge)
        except LwdError as error:
            self._failed[done - 1] = str(error)
        else:
            if margin == self.margin:
                self.whole, self._judged = whole, done
        self._doing = ""
        return True

    def _next(self, viewed: int | None, known: Container[int]) -> int | None:
        done = len(self.run.numbers)
        order = range(done) if viewed is None else [viewed, *range(done)]
        return next((t for t in order if t not in known and t not in self._failed), None)
