"""A sweep whose runs the workers of a Dask cluster make; this process alone writes its folder.

Each run is given to one worker, which makes it in a folder of its own. We look at it again and
again, and put a copy in place of the run's file: what came home is never asked for again, whatever
becomes of the worker, of the scheduler, or of us.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import time
import uuid
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError
from contextlib import ExitStack, asynccontextmanager, suppress
from importlib import import_module
from statistics import fmean
from typing import Any

from lwd_tui.errors import LwdError, RunStopped
from lwd_tui.experiment.backend import ServerMissing
from lwd_tui.store.connection import settle_file, size_of
from lwd_tui.store.errors import RunBusy
from lwd_tui.store.files import write_whole
from lwd_tui.store.lock import WriterLock
from lwd_tui.store.log import Stamp, log_of
from lwd_tui.sweep.jobs import Job, steps_done
from lwd_tui.sweep.muster import ANSWER, Muster, SchedulerGone, Worker
from lwd_tui.sweep.remote import Copy, Order, Terms, bring, let_go, look, make
from lwd_tui.types import Notice

LEASH = 60.0
"""Seconds after which a worker that nobody looks at lets go of its runs."""
PATIENCE = 300.0
"""Seconds for which a scheduler that is gone, or workers, are waited for."""
_LOOK = 1.0
"""Seconds between two looks at a run, or more where files are large."""
_BYTES_PER_SECOND = 20e6
_COPY_SECONDS = 120.0
"""Of the copies that are brought home, and within which one must come."""
_CONNECT = 10.0
_BATCH_SECONDS = 2.0
_BATCH, _HELD = 20, 500
"""Short runs that are given together, and files that are held locked at a time."""
_DEATHS = 3
"""Workers that a run may outlive."""


class ClusterSweep:
    """The runs of a sweep, which the workers of a cluster make.

    Parameters
    ----------
    jobs : sequence of Job
        Their participants are chosen, and their folder is there.
    address : str
        Of the scheduler.
    at_once : int or None
        Runs at a time; as many as the workers have threads if None.
    per_server : int
        Requests in flight at one server, of all workers together.
    tell : callable
        Called with each job and its whole steps that are home, at first and when there are more.
    say : callable
        Told in a sentence which workers are given no runs, and what is waited for.

    Attributes
    ----------
    problems : dict of Job to str
        The runs that could not go on, and why: they still can.

    Raises
    ------
    InvalidExperiment, StoreError
        If a file in the folder isn't what is asked for.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        address: str,
        at_once: int | None,
        per_server: int,
        tell: Callable[[Job, int], None],
        say: Notice,
    ) -> None:
        self.problems: dict[Job, str] = {}
        self._address, self._at_once, self._per_server = address, at_once, per_server
        self._tell, self._say = tell, say
        self._sweep = f"{platform.node()}:{jobs[0].path.parent.resolve()}"
        self._done = {job: steps_done(job) for job in jobs}
        for job, steps in self._done.items():
            tell(job, steps)
        self._waiting = deque(job for job in jobs if self._done[job] < job.steps)
        self._given: set[asyncio.Task[None]] = set()
        self._sizes: dict[Job, int] = {}
        self._deaths: Counter[Job] = Counter()
        self._seconds: deque[float] = deque(maxlen=100)
        self._client: Any = None
        self._muster: Any = None

    async def run(self) -> None:
        """Make what isn't made yet.

        Raises
        ------
        ServerMissing
            If no scheduler answers, or it has no worker that can make runs.
        RunStopped
            If they went away and didn't come back.
        """
        gone_at: float | None = None
        while self._waiting:
            try:
                async with self._connected():
                    await self._serve(first=gone_at is None)
            except SchedulerGone:
                self._say(f"the scheduler at {self._address} is gone; {_WAITED_FOR}")
                gone_at = time.monotonic()
            except ServerMissing as missing:
                if gone_at is None:
                    raise
                if time.monotonic() - gone_at > PATIENCE:
                    raise RunStopped(f"{missing}; {_GOES_ON}") from None
                await asyncio.sleep(_LOOK)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        try:
            distributed: Any = import_module("distributed")
        except ImportError:
            raise LwdError('--dask needs the extra: pip install "lwd-tui[dask]"') from None
        # Its faults are told by us.
        logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)
        try:
            self._client = await distributed.Client(
                self._address, timeout=_CONNECT, asynchronous=True, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise ServerMissing(f"no Dask scheduler answers at {self._address}: {error}") from None
        self._muster = Muster(self._client, self._sweep, self._say)
        try:
            yield
        finally:
            self._muster.close()
            with suppress(Exception):
                async with asyncio.timeout(ANSWER):
                    await self._client.close()

    async def _serve(self, *, first: bool) -> None:
        """Give out runs until all are made, and take back those that are under way if we leave."""
        await self._muster.call()
        await self._muster.settled()
        if first and not self._muster.workers:
            raise self._nobody()
        left_at: float | None = None
        try:
            while self._waiting or self._given:
                await self._muster.call()
                if self._muster.workers:
                    left_at = None
                elif left_at is None:
                    left_at = time.monotonic()
                    self._say(f"no worker of {self._address} is left; {_WAITED_FOR}")
                elif time.monotonic() - left_at > PATIENCE:
                    raise RunStopped(f"no worker of {self._address} came back; {_GOES_ON}")
                self._give_out()
                pause = asyncio.create_task(asyncio.sleep(_LOOK))
                over, _ = await asyncio.wait({pause, *self._given}, return_when=FIRST_COMPLETED)
                pause.cancel()
                self._given -= over
                for task in over:
                    task.result()
        except SchedulerGone:
            raise
        except BaseException:
            await self._bring_all_home()
            raise
        finally:
            for task in self._given:
                task.cancel()
            await asyncio.gather(*self._given, return_exceptions=True)
            self._given.clear()

    def _nobody(self) -> ServerMissing:
        told = f"the scheduler at {self._address} has no worker"
        if refused := list(self._muster.refused.values()):
            return ServerMissing(f"{told} that can make the runs: {refused[0]}")
        return ServerMissing(f"{told}; start some: dask worker {self._address}")

    async def _bring_all_home(self) -> None:
        """Have all that is under way end now, and wait a while for what it came to."""
        self._waiting.clear()
        with suppress(Exception):
            async with asyncio.timeout(ANSWER):
                await self._client.run(
                    let_go, self._sweep, workers=list(self._muster.workers), on_error="ignore"
                )
                if self._given:
                    await asyncio.wait(self._given)

    def _give_out(self) -> None:
        """Give each thread that is free one run, or several short ones."""
        workers = sorted(self._muster.workers.values(), key=lambda worker: worker.busy)
        threads = max(1, sum(worker.threads for worker in workers))
        free = [worker for worker in workers for _ in range(worker.threads - worker.busy)]
        if self._at_once is not None:
            free = free[: max(0, self._at_once - len(self._given))]
        together = 1
        if self._seconds:
            together = int(_BATCH_SECONDS / fmean(self._seconds))
        together = min(together, _BATCH, _HELD // threads, len(self._waiting) // threads)
        for worker in free:
            count = min(max(1, together), len(self._waiting))
            if jobs := [self._waiting.popleft() for _ in range(count)]:
                worker.busy += 1
                self._given.add(asyncio.create_task(self._see_to(worker, jobs)))

    async def _see_to(self, worker: Worker, jobs: Sequence[Job]) -> None:
        """Have some runs made by a worker; those that aren't wait again."""
        left = {job.path.stem: job for job in jobs}
        known: dict[str, Stamp] = {}
        try:
            with ExitStack() as locks:
                orders = [order for job in jobs if (order := self._order(job, locks))]
                for name in left.keys() - {order.name for order in orders}:
                    del left[name]
                await self._made(worker, orders, left, known)
        finally:
            worker.busy -= 1
            self._waiting.extendleft(reversed(left.values()))
            for job in jobs:
                self._sizes.pop(job, None)

    def _order(self, job: Job, locks: ExitStack) -> Order | None:
        """Keep others from a run's file, and return what there is of it; None if that fails."""
        try:
            locks.enter_context(WriterLock(job.path))
            stored = b""
            if job.path.exists():
                settle_file(job.path)
                if size_of(log_of(job.path)):
                    raise RunBusy(f"{job.path} is read by another program; try again later")
                stored = job.path.read_bytes()
        except (LwdError, OSError) as error:
            self.problems[job] = str(error)
            return None
        return Order(job.path.stem, job.experiment, stored)

    async def _made(
        self,
        worker: Worker,
        orders: Sequence[Order],
        left: dict[str, Job],
        known: dict[str, Stamp],
    ) -> None:
        """Give out runs, look at them until the worker is done or gone, and keep what comes."""
        batch = uuid.uuid4().hex
        terms = Terms(self._sweep, batch, LEASH, _BATCH_SECONDS, self._per_server)
        try:
            async with asyncio.timeout(_COPY_SECONDS):
                await self._client.run(bring, terms, orders, workers=[worker.address])
        except Exception:
            self._count_deaths(left)
            await asyncio.sleep(_LOOK)
            return
        future = self._client.submit(
            make, batch, workers=[worker.address], allow_other_workers=False, pure=False
        )
        result = asyncio.ensure_future(future.result())
        result.add_done_callback(lambda it: it.cancelled() or it.exception())  # It may be left.
        copied = time.monotonic()
        try:
            while not result.done():
                # All files are copied whole; a look keeps the leash even where none is.
                pause = max(_LOOK, sum(self._sizes.values()) / _BYTES_PER_SECOND)
                await asyncio.wait({result}, timeout=min(pause, LEASH / 4))
                if not self._muster.is_here(worker):
                    break
                if result.done():
                    continue
                due = time.monotonic() >= copied + pause
                await self._look(worker, batch, left, known if due else None)
                copied = time.monotonic() if due else copied
            else:
                self._take(result, worker, left)
                return
        finally:
            if not result.done():
                result.cancel()
                with suppress(Exception):
                    async with asyncio.timeout(ANSWER):
                        await future.cancel()
        self._count_deaths(left)

    async def _look(
        self, worker: Worker, batch: str, left: dict[str, Job], known: dict[str, Stamp] | None
    ) -> None:
        try:
            async with asyncio.timeout(ANSWER if known is None else _COPY_SECONDS):
                found = await self._client.run(look, batch, known, workers=[worker.address])
        except Exception:
            return  # It is slow, or gone, which is seen otherwise.
        for name, copy in found[worker.address].items():
            if known is not None and name in left:
                known[name] = copy.stamp
                self._keep(left[name], copy)

    def _take(self, result: asyncio.Future[Any], worker: Worker, left: dict[str, Job]) -> None:
        """Keep what a worker's task came to."""
        try:
            made = result.result()
        except CancelledError:  # As where the scheduler is gone.
            return
        except Exception as error:
            if type(error).__name__ == "KilledWorker":
                self._count_deaths(left)
                return
            for name in list(left):
                self.problems[left.pop(name)] = f"{worker.address}: {type(error).__name__}: {error}"
            return
        if made is None:
            self._muster.forget(worker)
            return
        for each in made:
            job = left[each.name]
            if each.copy is not None:
                self._keep(job, each.copy)
            if each.problem:
                self.problems[left.pop(each.name)] = f"{each.problem} (on {worker.address})"
            elif self._done[job] == job.steps:
                del left[each.name]
                self._seconds.append(each.seconds)

    def _count_deaths(self, left: dict[str, Job]) -> None:
        for name, job in list(left.items()):
            self._deaths[job] += 1
            if self._deaths[job] >= _DEATHS:
                self.problems[left.pop(name)] = (
                    f"{_DEATHS} workers ended, or couldn't be reached, while they had it; perhaps "
                    "for want of memory"
                )

    def _keep(self, job: Job, copy: Copy) -> None:
        """Put a copy in place of a run's file."""
        if copy.steps < self._done[job]:
            return
        try:
            write_whole(job.path, copy.data, replace=True)
        except LwdError as error:
            raise RunStopped(f"{error}; {_GOES_ON}") from None
        self._sizes[job] = len(copy.data)
        if copy.steps > self._done[job]:
            self._done[job] = copy.steps
            self._tell(job, copy.steps)


_GOES_ON = "the same command goes on with what is stored"
_WAITED_FOR = f"it is waited for, up to {PATIENCE / 60:.0f} minutes"
