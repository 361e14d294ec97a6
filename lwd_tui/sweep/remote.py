"""What a worker of a Dask cluster does of a sweep: it makes runs in a folder of its own.

The command that gave them out looks again and again, and takes copies of their files home. A run
that nobody looks at any more ends: the command, or the way to it, is gone.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lwd_tui.backends.hosts import is_loopback
from lwd_tui.backends.pool import gate
from lwd_tui.errors import LwdError, RunStopped
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.llm import Experiment
from lwd_tui.store.errors import ENDING
from lwd_tui.store.log import Stamp, stamp_of
from lwd_tui.store.run import RunStore
from lwd_tui.sweep.jobs import Job, go_through

_LOOK = 0.2
_TURN_SECONDS = 10.0
"""After which a request asks again for its turn: a turn that is given to one who left is lost."""

_NO_FILE: Stamp = (None, None)


@dataclass(frozen=True, slots=True)
class Terms:
    """How runs are to be made.

    Attributes
    ----------
    sweep : str
        The folder that they are kept in, and its machine.
    batch : str
        Names what is given together.
    leash : float
        Seconds without a look after which a run ends.
    enough : float
        Seconds after which none is begun any more.
    per_server : int
        Requests in flight at one server, of all workers together.
    """

    sweep: str
    batch: str
    leash: float
    enough: float
    per_server: int


@dataclass(frozen=True, slots=True)
class Order:
    """A run to be made, and its file as far as it is; empty if it isn't begun."""

    name: str
    experiment: Experiment | GmmSpec
    stored: bytes


@dataclass(frozen=True, slots=True)
class Copy:
    """A run's file as it was at one moment, with the number of its whole steps."""

    steps: int
    data: bytes
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Made:
    """A run that has ended: its file if there is one, what stopped it or "", and its seconds.

    One that was let go of has steps left and was stopped by nothing.
    """

    name: str
    copy: Copy | None
    problem: str
    seconds: float


@dataclass(eq=False)
class _Batch:
    terms: Terms
    orders: Sequence[Order]
    begun: bool = False
    paths: dict[str, Path] = field(default_factory=dict)
    looked: float = field(default_factory=time.monotonic)
    let_go: bool = False

    @property
    def over(self) -> bool:
        """Whether to end; after a rest of the whole process too, in which nobody could look."""
        return self.let_go or time.monotonic() - self.looked > self.terms.leash


_batches: list[_Batch] = []
_semaphores: dict[tuple[str, int], Any] = {}


async def bring(terms: Terms, orders: Sequence[Order]) -> None:
    """Take orders that `make` will find.

    They are no arguments of it: the scheduler keeps a thousand of the messages that tell tasks.
    """
    _batches[:] = [batch for batch in _batches if batch.begun or not batch.over]
    _batches.append(_Batch(terms, orders))


def make(name: str) -> list[Made] | None:
    """Make the runs of a batch one after another, those that there is time for, and return them.

    Dask runs this as a task; None is returned where the batch isn't, as in another process at the
    worker's address, where Dask begins it again.
    """
    batch = next((it for it in _batches if it.terms.batch == name and not it.begun), None)
    if batch is None:
        return None
    batch.begun = True
    distributed: Any = import_module("distributed")
    worker, made, began = distributed.get_worker(), list[Made](), time.monotonic()
    logging.getLogger("distributed.worker").addFilter(_worth_a_line)
    gate.set(_Turns(worker, batch).turn)
    try:
        with TemporaryDirectory(prefix="lwd-tui-", dir=worker.local_directory) as folder:
            for order in batch.orders:
                if batch.over or (made and time.monotonic() - began > batch.terms.enough):
                    break
                batch.paths[order.name] = Path(folder) / f"{order.name}{ENDING}"
                made.append(_made(order, batch))
    finally:
        _batches.remove(batch)
    return made


def _worth_a_line(record: logging.LogRecord) -> bool:
    # A worker would log each look, once a second.
    return record.args not in ((bring.__name__,), (look.__name__,))


def _made(order: Order, batch: _Batch) -> Made:
    path, began, problem = batch.paths[order.name], time.monotonic(), ""
    try:
        if order.stored:
            path.write_bytes(order.stored)
        asyncio.run(_on_leash(Job("", 0, order.experiment, path), batch))
    except (LwdError, OSError) as error:
        problem = "" if batch.over else str(error)
    copy = None
    with suppress(LwdError):
        copy = _copy(path)
    return Made(order.name, copy, problem, time.monotonic() - began)


async def _on_leash(job: Job, batch: _Batch) -> None:
    run = asyncio.ensure_future(go_through(job))
    while not run.done():
        await asyncio.wait([run], timeout=_LOOK)
        if batch.over:
            run.cancel()
    with suppress(asyncio.CancelledError):
        run.result()


async def look(name: str, known: Mapping[str, Stamp] | None) -> dict[str, Copy]:
    """Return copies of the runs of a batch, of those that aren't as they are known.

    None are asked for if nothing is said of what is known.
    """
    found = {}
    for batch in [batch for batch in _batches if batch.terms.batch == name]:
        batch.looked = time.monotonic()
        if known is None:
            continue
        for run, path in list(batch.paths.items()):
            if stamp_of(path) != known.get(run, _NO_FILE):
                # It may end, and its folder with it, while we read.
                with suppress(LwdError, OSError):
                    found[run] = await asyncio.to_thread(_copy, path)
    return found


async def let_go(sweep: str) -> None:
    """End all runs of a sweep in this process, and wait for that."""
    ending = [batch for batch in _batches if batch.terms.sweep == sweep]
    for batch in ending:
        batch.let_go = True
        if not batch.begun:
            _batches.remove(batch)
    while any(batch in _batches for batch in ending):  # noqa: ASYNC110, they end in other threads
        await asyncio.sleep(_LOOK)


def _copy(path: Path) -> Copy:
    """Copy a run's file, which may be written meanwhile."""
    stamp = stamp_of(path)
    with RunStore.open(path) as store:
        return Copy(store.finished(), store.image(), stamp)


class _Turns:
    """The turns of requests at servers, of which all workers together have so many at a time.

    Those of a worker that died come free by Dask's `distributed.scheduler.locks.lease-timeout`.
    """

    def __init__(self, worker: Any, batch: _Batch) -> None:
        self._worker, self._batch, self._count = worker, batch, batch.terms.per_server

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[None]:
        """Wait for a turn at a server, and hold it."""
        # What is called this machine is another one on each.
        place = f"{url} on {platform.node()}" if is_loopback(url) else url
        had = self._there(self._acquired(place))
        try:
            await asyncio.shield(asyncio.wrap_future(had))
        except asyncio.CancelledError:
            had.add_done_callback(lambda turn: None if turn.exception() else self._release(place))
            raise
        except (OSError, RuntimeError) as error:
            raise RunStopped(f"the cluster's scheduler gives no turn at {url}: {error}") from None
        try:
            if self._batch.over:  # Another worker may ask for the same by now.
                raise RunStopped("nobody looks at the run any more")
            yield
        finally:
            self._release(place)

    def _release(self, place: str) -> None:
        # A worker that is closed has no loop any more.
        with suppress(RuntimeError):
            self._there(self._released(place))

    def _there(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        """Let the worker's own loop do what has to do with the scheduler."""
        return asyncio.run_coroutine_threadsafe(work, self._worker.loop.asyncio_loop)

    async def _acquired(self, place: str) -> None:
        distributed: Any = import_module("distributed")
        key = place, self._count
        if key not in _semaphores:
            name = f"lwd-tui: {self._count} at {place}"
            rpc, loop = self._worker.scheduler, self._worker.loop
            _semaphores[key] = distributed.Semaphore(
                self._count, name, scheduler_rpc=rpc, loop=loop
            )
        while not await _semaphores[key].acquire(timeout=_TURN_SECONDS):
            pass

    async def _released(self, place: str) -> None:
        await _semaphores[place, self._count].release()
