"""What may run on one host at once: which models, and how many requests to each.

A server with several large models that don't fit into its memory together swaps them when they
are asked for in turn. So models that were never seen loaded together take turns: all requests of
one are served before the next one's, and each is loaded at most once a step.

How many requests a model serves in parallel can't be asked of an Ollama server. It is seen: a
server with P slots streams P answers at the same time and lets the others wait. So one request
more is kept in flight than were ever seen streaming together: the slots are never idle for a
round trip, and more would not help. Where a server's queue is full, less is kept in flight, and one
more again after a while: others may have filled it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary, WeakValueDictionary

from lwd_tui.backends.retry import backoff

# Requests that belong to one step are put in within this time; before a model is swapped in, all
# of them must be known.
GATHERING_SECONDS = 0.03

# Answers to each request in flight, after a full queue, before one more is tried. The try costs a
# refused request in so many if the queue is that short.
_ROUNDS = 8


@dataclass(eq=False)
class Waiter:
    """A request that waits for a turn on any of some hosts."""

    model: str
    hosts: tuple[HostScheduler, ...]
    granted: asyncio.Future[HostScheduler] = field(default_factory=asyncio.Future)


class HostScheduler:
    """The turns of one host.

    Parameters
    ----------
    url : str
    parallel : int or None
        Requests in flight per model; None finds it out.
    swaps : bool
        Whether the server loads and unloads models on demand, as Ollama does.

    Attributes
    ----------
    loaded : frozenset of str
        Models in the server's memory when we last looked.
    load_seconds, answer_seconds : dict of str to float
        What loading a model took, and its last answer.
    answered : Counter of str
        Requests to each model that came to an answer.
    failures : int
        In a row, up to now.
    in_trouble : bool
        Whether it has been told that the host goes on failing.
    """

    def __init__(self, url: str, parallel: int | None = None, swaps: bool = True) -> None:
        self.url = url
        self.loaded: frozenset[str] = frozenset()
        self.load_seconds: dict[str, float] = {}
        self.answer_seconds: dict[str, float] = {}
        self._parallel = parallel
        self._swaps = swaps
        self._together: set[frozenset[str]] = set()
        self._running: Counter[str] = Counter()
        self._streaming: Counter[str] = Counter()
        self._most_streaming: dict[str, int] = {}
        self._ceiling: dict[str, int] = {}
        self._since_full: Counter[str] = Counter()
        self._waiting: list[Waiter] = []
        self._timer: asyncio.TimerHandle | None = None
        self.answered: Counter[str] = Counter()
        self.failures = 0
        self.in_trouble = False
        self._failed_at = 0.0
        self._rests_until = 0.0
        # What the server asked for holds whatever else comes of it; a rest of our own doesn't.
        self._asked_until = 0.0

    def limit(self, model: str) -> int:
        """Return how many requests to a model may be in flight now."""
        if self._parallel is not None:
            return self._parallel
        limit = self._most_streaming.get(model, 1) + 1
        return min(limit, self._ceiling.get(model, limit))

    def allow(self, parallel: int) -> None:
        """Set how many requests per model may be in flight."""
        self._parallel = parallel

    def fit_together(self, models: Iterable[str]) -> bool:
        """Whether some models are known to fit into the server's memory at once."""
        wanted = frozenset(models)
        return not self._swaps or len(wanted) < 2 or any(wanted <= seen for seen in self._together)

    def observe(self, loaded: Iterable[str]) -> None:
        """Take note of the models that are in the server's memory now."""
        self.loaded = frozenset(loaded)
        self._together.add(self.loaded)

    def enter(self, waiter: Waiter) -> None:
        """Queue a request; its `granted` is set when it may run here."""
        self._waiting.append(waiter)
        self.poke()

    def leave(self, waiter: Waiter) -> None:
        """Take a request out of the queue."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    def release(self, model: str) -> None:
        """End a turn."""
        self._running[model] -= 1
        self.poke()

    def stream_began(self, model: str) -> None:
        """Count an answer that is being streamed; see the module on what it tells."""
        self._streaming[model] += 1
        most = max(self._most_streaming.get(model, 0), self._streaming[model])
        if most != self._most_streaming.get(model):
            self._most_streaming[model] = most
            self.poke()

    def stream_ended(self, model: str) -> None:
        """Count one answer less."""
        self._streaming[model] -= 1

    def crowded(self, model: str) -> None:
        """Keep less in flight than now: the server's queue is full."""
        self._ceiling[model] = max(1, self._running[model] - 1)
        self._since_full[model] = 0

    def failed(self, began: float, first_delay: float, key: str, after: float | None) -> None:
        """Let the host rest after a fault, longer with each in a row.

        Parameters
        ----------
        began : float
            When the request that failed was sent, by `time.monotonic`; one that was under way
            when the host failed before is no new failure.
        first_delay : float
        key : str
            See `backoff`.
        after : float or None
            Seconds that the server asked for.
        """
        now = time.monotonic()
        self._asked_until = max(self._asked_until, now + (after or 0.0))
        if began < self._failed_at:
            return
        self.failures, self._failed_at = self.failures + 1, now
        self._rests_until = now + backoff(self.failures, first_delay, f"{self.url} {key}")

    def recovered(self, model: str) -> None:
        """Note that the host answers, and a model on it."""
        self.answered[model] += 1
        self.failures = 0
        self.in_trouble = False
        self._rests_until = 0.0
        if model in self._ceiling:
            self._since_full[model] += 1
            if self._since_full[model] >= _ROUNDS * self._ceiling[model]:
                self._ceiling[model] += 1
                self._since_full[model] = 0

    @property
    def rests(self) -> bool:
        """Whether the host is left alone after a fault."""
        return time.monotonic() < self._alone_until

    @property
    def _alone_until(self) -> float:
        return max(self._rests_until, self._asked_until)

    def poke(self) -> None:
        """Grant all turns that can be had now."""
        if self.rests:
            self._wake_in(self._alone_until - time.monotonic())
            return
        for waiter in tuple(self._waiting):
            if waiter.granted.done():
                self._waiting.remove(waiter)
            elif self._admits(waiter.model):
                self._grant(waiter)
        if self._waiting and not self._busy:
            self._wake_in(GATHERING_SECONDS)

    def _wake_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds + 0.001, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if self._busy or self.rests:
            self.poke()
            return
        self._begin()

    @property
    def _busy(self) -> frozenset[str]:
        return frozenset(model for model, count in self._running.items() if count > 0)

    def _admits(self, model: str) -> bool:
        if self._running[model] >= self.limit(model):
            return False
        busy = self._busy
        if model in busy:
            return True
        if busy:
            return self.fit_together(busy | {model})
        return not self._swaps or model in self.loaded

    def _grant(self, waiter: Waiter) -> None:
        self._waiting.remove(waiter)
        self._running[waiter.model] += 1
        waiter.granted.set_result(self)

    def _begin(self) -> None:
        """Start the next model on an idle host: first one that no other host works on."""
        waiting = [waiter for waiter in self._waiting if not waiter.granted.done()]
        idle = [waiter for waiter in waiting if not self._helpers(waiter)]
        chosen = idle or [waiter for waiter in waiting if self._worth_loading(waiter, waiting)]
        if chosen:
            self._grant(chosen[0])
            self.poke()

    def _helpers(self, waiter: Waiter) -> list[HostScheduler]:
        return [
            host
            for host in waiter.hosts
            if host is not self and not host.rests and host._running[waiter.model] > 0
        ]

    def _worth_loading(self, waiter: Waiter, waiting: list[Waiter]) -> bool:
        """Whether the others would take longer over a model's queue than loading it takes here."""
        model = waiter.model
        queue = sum(other.model == model for other in waiting)
        helpers = self._helpers(waiter)
        hands = sum(host.limit(model) for host in helpers)
        answer = max(host.answer_seconds.get(model, 0.0) for host in helpers)
        return queue / hands * answer > self.load_seconds.get(model, 0.0)


_schedulers: WeakKeyDictionary[
    asyncio.AbstractEventLoop, WeakValueDictionary[str, HostScheduler]
] = WeakKeyDictionary()


def scheduler_of(url: str, parallel: int | None = None, swaps: bool = True) -> HostScheduler:
    """Return the scheduler of a URL, shared by all that use it on the running event loop.

    A limit is the host's: participants with hosts of their own, a pool of hosts and the embedder
    may meet on one server.
    """
    known = _schedulers.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    scheduler = known.get(url)
    if scheduler is None:
        scheduler = known[url] = HostScheduler(url, parallel, swaps)
    return scheduler
