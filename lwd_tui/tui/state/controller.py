"""The app's side of a run: it owns the session, and tells the app what happens in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from itertools import count
from pathlib import Path
from typing import Any

from textual.message import Message

from lwd_tui.errors import LwdError, RunStopped
from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.llm.clock import Clock
from lwd_tui.llm.network import Event, PostArrived, StepCompleted
from lwd_tui.run.fork import by_hand
from lwd_tui.run.pace import Pace
from lwd_tui.run.session import Session
from lwd_tui.store.folder import new_run_path
from lwd_tui.store.reader import RunReader
from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.state import messages
from lwd_tui.tui.state.archive import Archive
from lwd_tui.tui.state.failure import failure
from lwd_tui.tui.state.progress import BUSY, Phase, Progress
from lwd_tui.tui.state.tally import Tally
from lwd_tui.types import Post, Step

Opening = Callable[[Clock], Awaitable[Session]]

GIVEN_WAY = 0.04
"""Seconds that a run waits for what a key asks for to be painted."""
PULSE = 1 / 8
"""Seconds between two tellings of the progress; what comes faster is told together."""


class RunController:
    """A run in the app: being made, or stored and looked at.

    Parameters
    ----------
    tell : callable
        Takes the messages; see `lwd_tui.tui.state.messages`.

    Attributes
    ----------
    number : int
        By which its messages name it; another for each run of this process.
    resuming : dict
        What `Session.resume` is told when a stored run goes on.
    experiment : Experiment
        With its participants chosen; there from `RunOpened` on, as are the next four.
    path : Path
    archive : Archive
        The run's file, to ask anything of.
    numbers : list of StepNumbers
        Of all whole steps, for the query `query`, from 1, or all together (0).
    posts : list of Post
        In order of posting; of a stored run they come a moment after it (`PostsChanged`).
    latest : Step or None
        The last whole step.
    progress : Progress
    """

    experiment: Experiment
    path: Path
    archive: Archive
    query = 0
    _numbers = count()

    def __init__(self, tell: Callable[[Message], object]) -> None:
        self.number = next(self._numbers)
        self.numbers: list[StepNumbers] = []
        self.posts: list[Post] = []
        self.latest: Step | None = None
        self.progress = Progress("stopped")
        self._tell = tell
        self._pace = Pace()
        self._tally = Tally(0)
        self._clock = Clock()
        self._begin: Opening | None = None
        self.resuming: dict[str, Any] = {}
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._phase: Phase = "stopped"
        self._t: int | None = None
        self._queued: list[tuple[str, str]] = []
        self._delay = 0.0
        self._nudged = asyncio.Event()
        self._given_way = 0.0
        self._told = -PULSE
        self._flush: asyncio.TimerHandle | None = None
        self._opened = False
        self._reading: asyncio.Task[None] | None = None

    # Beginning and ending

    def start(self, experiment: Experiment, wishes: Wishes, path: Path | None) -> None:
        """Begin a run, kept in `path` or under a name of its own."""

        async def begin(clock: Clock) -> Session:
            where = path if path is not None else new_run_path(experiment.name)
            return await Session.start(experiment, where, wishes, self._notice, clock=clock)

        self._begin = begin
        self._work_on(begin, Clock())

    async def open(self, path: Path, **resuming: Any) -> None:
        """Open a stored run, to look at it and perhaps go on as `Session.resume` is told.

        Raises
        ------
        StoreError
            If it can't be read.
        """
        self.path, self.archive = path, Archive(path)
        self.resuming = resuming
        try:
            self.experiment = await self.archive.ask(lambda store: store.experiment)
            self.numbers = await self.archive.ask(lambda store: store.numbers())
            if self.numbers:
                self.latest = await self.archive.step(self.numbers[-1].t)
                self._t = self.latest.t
        except (LwdError, asyncio.CancelledError):
            await self.archive.aclose()
            raise
        self._opened = True
        self._phase = "done" if self._finished else "stopped"
        self._tell(messages.RunOpened(self.number))
        self._tell_progress()
        # A hundred thousand take half a second; what the archive is asked next comes after them.
        self._reading = asyncio.create_task(self._read_posts(), name="posts")

    async def _read_posts(self) -> None:
        try:
            self.posts.extend(await self.archive.ask(lambda store: store.posts()))
        except LwdError as error:
            self._notice(str(error))
        else:
            self._tell(messages.PostsChanged(self.number))

    def go_on(self, *, paused: bool = False) -> None:
        """Resume the run where it stopped, or begin it if it hadn't; one step only if paused."""
        clock = Clock(paused=paused)
        if paused:
            clock.step()

        async def resume(clock: Clock) -> Session:
            return await Session.resume(self.path, self._notice, clock=clock, **self.resuming)

        if opening := resume if self._opened else self._begin:
            self._work_on(opening, clock)

    def retry(self, *, allow_changed: bool = False) -> None:
        """Try again what failed: to begin, or to go on."""
        if allow_changed:
            self.resuming["allow_changed"] = True
        self.go_on()

    async def stop(self) -> None:
        """End the run now; all that arrived is stored."""
        if self._task is not None and not self._task.done():
            # What lets go of the models must not be cancelled too, nor by who waits for it.
            if self._phase != "stopping":
                self._be("stopping")
                self._task.cancel()
            await asyncio.wait([self._task])

    async def aclose(self) -> None:
        """Stop, and let go of the file."""
        await self.stop()
        for waiting in (self._flush, self._reading):
            if waiting is not None:
                waiting.cancel()
        if self._opened:
            await self.archive.aclose()

    async def look_at(self, query: int) -> None:
        """Show the answers to another query, once its numbers are read, or raise StoreError."""
        await self.archive.look_at(query)
        found, latest = list[StepNumbers](), None
        while len(found) < len(self.numbers):  # Or a step became whole meanwhile.
            found = await self.archive.ask(RunReader.numbers)
            latest = await self.archive.step(found[-1].t)
        # All at once: whoever looks finds the query, its numbers and its step together.
        self.query, self.numbers[:], self.latest = query, found, latest

    # Commands

    @property
    def busy(self) -> bool:
        """Whether a session is open now; the progress tells it a moment later."""
        return self._phase in BUSY

    @property
    def paused(self) -> bool:
        """Whether no step follows the one in progress."""
        return not self.busy or self._clock.paused

    def run(self) -> None:
        """Let step follow step, resuming a stopped run."""
        if self.busy:
            self._clock.run()
            self._nudge()
        elif not self._finished:
            self.go_on()

    def pause(self) -> None:
        """Hold the run after the step in progress."""
        self._clock.pause()
        self._nudge()

    def step(self) -> None:
        """Take one more step, resuming a stopped run."""
        if self.busy:
            self._clock.step()
            self._nudge()
        elif not self._finished:
            self.go_on(paused=True)

    def wait_between(self, seconds: float) -> None:
        """Set the speed: how long is waited between two steps."""
        self._delay = seconds
        self._nudge()

    def give_way(self) -> None:
        """Let what the user asked for be painted before the run goes on."""
        self._given_way = time.monotonic() + GIVEN_WAY

    def inject(self, text: str, label: str = "") -> None:
        """Put a post on the Internet by hand, before the next step begins.

        Raises
        ------
        LwdError
            If the post is blank or no text, or no session is open to take it.
        """
        by_hand(text, label)
        if self._session is None:
            raise RunStopped("nothing runs that could read a post; go on with the run first")
        self._queued.append((text, label))
        if self._session.between_steps:
            self._post_queued(self._session)
        self._changed()

    # The work

    @property
    def _finished(self) -> bool:
        return self._opened and len(self.numbers) > self.experiment.steps

    def _work_on(self, opening: Opening, clock: Clock) -> None:
        self._clock = clock
        self._be("opening")
        self._task = asyncio.create_task(self._work(opening), name="run")

    async def _work(self, opening: Opening) -> None:
        phase: Phase = "failed"
        try:
            if self._reading is not None:
                await self._reading
            async with await opening(self._clock) as session:
                try:
                    await self._follow(session)
                finally:
                    # No post is taken while the models are let go of.
                    self._session = None
            phase = "done" if self._finished else "stopped"
        except asyncio.CancelledError:
            phase = "stopped"
            raise
        except Exception as error:
            self._tell(failure(self.number, error, stored=self._opened))
        finally:
            self._queued.clear()
            self._tally.clear()
            self._be(phase)

    async def _follow(self, session: Session) -> None:
        self._session = session
        if not self._opened:
            self.path, self.experiment = session.store.path, session.experiment
            self.archive = Archive(self.path)
            self.posts = session.store.posts()
            self._opened = True
        else:
            await self.archive.renew()
        self._tally = Tally(len(self.experiment.cast))
        self._tell(messages.RunOpened(self.number))
        self._hold_if_paused()
        gave_way = False
        async with aclosing(session.run(self._preview)) as events:
            async for event in events:
                self._see(event)
                # A model that answers at once must not keep the keys waiting; nor may keys that are
                # held down stop it, so once a step.
                if not gave_way and (wait := self._given_way - time.monotonic()) > 0:
                    gave_way = True
                    await asyncio.sleep(wait)
                if isinstance(event, StepCompleted):
                    await self._between_steps(session)
                    gave_way = False

    def _see(self, event: Event) -> None:
        self._pace.see(event)
        self._tally.see(event)
        phase, self._t = self._tally.where
        if isinstance(event, StepCompleted):
            self._keep(event.step)
        elif isinstance(event, PostArrived):
            self.posts.append(event.post)
            self._tell(messages.PostsChanged(self.number))
        self._be(phase)

    def _keep(self, whole: Step) -> None:
        self.latest = step = whole.of_query(self.query)
        self.numbers.append(StepNumbers.of(step))
        self.posts.extend(step.posted)
        self.archive.keep(whole.of_query(self.archive.query))
        self._tell(messages.StepCompleted(self.number, step))

    async def _between_steps(self, session: Session) -> None:
        self._post_queued(session)
        if self._delay and not self._clock.paused and not self._finished:
            self._be("waiting")
            self._nudged.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), self._delay)
        self._hold_if_paused()

    def _hold_if_paused(self) -> None:
        if self._clock.paused and not self._finished:
            self._be("paused")

    def _post_queued(self, session: Session) -> None:
        """Post what waits: only between steps does a post belong to one t."""
        for text, label in self._queued:
            self.posts.append(session.inject(text, label))
            self._tell(messages.PostsChanged(self.number))
        self._queued.clear()

    def _preview(self, participant: int, response: int, text: str) -> None:
        self._tally.preview(participant, response, text)
        self._changed()

    def _notice(self, sentence: str) -> None:
        self._tell(messages.NoticeGiven(self.number, sentence))

    # What is told

    def _nudge(self) -> None:
        self._nudged.set()
        self._changed()

    def _be(self, phase: Phase) -> None:
        self._phase = phase
        self._changed()

    def _changed(self) -> None:
        if self._flush is None:
            wait = max(0.0, self._told + PULSE - time.monotonic())
            self._flush = asyncio.get_running_loop().call_later(wait, self._tell_progress)

    def _tell_progress(self) -> None:
        self._flush = None
        self._told = time.monotonic()
        working = self._phase in ("asking", "embedding")
        self.progress = Progress(
            self._phase,
            pausing=working and self._clock.paused,
            t=self._t,
            done=len(self.numbers),
            steps=self.experiment.steps + 1 if self._opened else 0,
            participants=self._tally.participants,
            tokens_per_second=self._pace.tokens_per_second,
            seconds_left=self._seconds_left(),
            delay=self._delay,
            queued=len(self._queued),
        )
        self._tell(messages.ProgressChanged(self.number, self.progress))

    def _seconds_left(self) -> float | None:
        if not self._opened or self._finished:
            return None
        experiment, done = self.experiment, len(self.numbers)
        left = experiment.steps + 1 - done
        k, last_k = (experiment.draw_size(experiment.size(t)) for t in (done, experiment.steps))
        seconds = self._pace.seconds_left(left, k, last_k)
        return None if seconds is None else seconds + left * self._delay
