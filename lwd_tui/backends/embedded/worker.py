"""The thread of one model, between the event loop and the blocking calls of xllamacpp.

One thread a weights file: requests for the same weights queue here, those for others run at the
same time. The library lets go of the interpreter's lock while it computes.

Leaving the interpreter while a call is in flight would crash it (SIGSEGV), so all that still runs
then is cancelled, waited for and deleted first. The threads are daemons, because Python would
otherwise wait for the whole generation before it gets to that.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import queue
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from lwd_tui.backends.embedded.model import Chunk, Hear, LlamaCppModel, Shape
from lwd_tui.experiment.backend import BackendStopped

T = TypeVar("T")
_NICENESS = 5


class LlamaCppWorker:
    """Runs calls to one model in their order of arrival, and loads it when it is first needed.

    Parameters
    ----------
    path : Path
        Of the weights.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._model: LlamaCppModel | None = None
        self._closing = threading.Event()
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._work, name=f"llama.cpp {path.name}", daemon=True
        )
        self._thread.start()
        _alive.add(self)

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._model is not None

    async def run(self, shape: Shape, call: Callable[[LlamaCppModel], T]) -> T:
        """Run a call in the model's thread, the model loaded in at least that shape."""
        return await asyncio.wrap_future(self._submit(shape, call))

    async def stream(
        self, shape: Shape, call: Callable[[LlamaCppModel, Hear], None]
    ) -> AsyncGenerator[Chunk, None]:
        """Run a call that hears pieces as they come, and yield them; closing cancels the call."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[Chunk | None] = asyncio.Queue()
        left = threading.Event()

        def hear(chunk: Chunk) -> bool:
            if left.is_set() or self._closing.is_set():
                return True
            try:
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            except RuntimeError:
                # The loop is closed: nobody listens any more.
                return True
            return False

        done = asyncio.wrap_future(self._submit(shape, lambda model: call(model, hear)))
        done.add_done_callback(lambda _: chunks.put_nowait(None))
        try:
            while (chunk := await chunks.get()) is not None:
                yield chunk
            await done
        finally:
            left.set()
            done.cancel()

    def stop(self) -> None:
        """Cancel what is in flight or queued, without waiting; nothing more is taken on."""
        self._closing.set()
        self._jobs.put(None)

    def close(self) -> None:
        """Stop, wait, and let go of the model; may be called again."""
        self.stop()
        self._thread.join()

    def _submit(self, shape: Shape, call: Callable[[LlamaCppModel], T]) -> Future[T]:
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                self._refuse_if_closing()
                future.set_result(call(self._ready(shape)))
            except BaseException as error:
                future.set_exception(error)

        self._refuse_if_closing()
        self._jobs.put(job)
        return future

    def _refuse_if_closing(self) -> None:
        if self._closing.is_set():
            raise BackendStopped("the embedded backend was closed; resume the run to go on")

    def _ready(self, shape: Shape) -> LlamaCppModel:
        if self._model is not None:
            if self._model.shape.holds(shape):
                return self._model
            shape = shape.joined(self._model.shape)
            self._let_go()
        self._model = LlamaCppModel(self._path, shape)
        return self._model

    def _let_go(self) -> None:
        if self._model is not None:
            self._model.close()
            self._model = None

    def _work(self) -> None:
        _give_way()
        while (job := self._jobs.get()) is not None:
            job()
        self._let_go()


def _give_way() -> None:
    """Let the screen go before this thread and those that llama.cpp starts from it."""
    # Elsewhere a priority is that of the whole process.
    if sys.platform == "linux":
        here = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), max(here, _NICENESS))


_alive: weakref.WeakSet[LlamaCppWorker] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for worker in list(_alive):
        worker.close()
