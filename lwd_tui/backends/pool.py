"""Several hosts that share the work: each piece runs where a turn is free, and moves when it fails.

Retries are bounded and recorded. A host that failed rests for a while, longer each time; meanwhile
the others take its work, and where there is no other, the work waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import ContextVar
from typing import TypeVar

from lwd_tui.backends.retry import UNREACHED, Transient
from lwd_tui.backends.scheduler import HostScheduler, Waiter
from lwd_tui.experiment.backend import BackendStopped, Generation, ModelMissing
from lwd_tui.types import Notice

Result = TypeVar("Result")
Server = TypeVar("Server")

_TOLD = 3
"""Failures in a row after which a host is said to be in trouble."""
_OUTAGE_DELAYS = 400
"""Of first delays, that hosts may refuse connections: 200 s, where vLLM is up again in 60 to 90."""

gate: ContextVar[Callable[[str], AbstractAsyncContextManager[None]]] = ContextVar(
    "gate", default=lambda _: nullcontext()
)
"""What each request to a URL passes: a limit that holds beyond this process, where there is one."""


class FailsAlone(BackendStopped):
    """A piece of work failed at every try while others with the same model came to an end.

    Attributes
    ----------
    faults : tuple of str
        In order, each with its host.
    """

    def __init__(self, told: str, faults: tuple[str, ...]) -> None:
        super().__init__(told)
        self.faults = faults


class Pool:
    """Runs pieces of work on hosts.

    Parameters
    ----------
    attempts : int
        Tries a piece of work gets in all, and failures in a row before all hosts count as lost.
        Tries at a host that refuses connections don't count: a server that is started again takes
        minutes to load its model, and is waited for by the clock.
    first_delay : float
        Seconds that a host rests after its first failure in a row.
    notice : callable, optional
        Told of a host that goes on failing, and that it answers again.
    """

    def __init__(self, attempts: int, first_delay: float, notice: Notice | None = None) -> None:
        self._attempts = attempts
        self._first_delay = first_delay
        self._outage = first_delay * _OUTAGE_DELAYS
        self._notice = notice

    async def run(
        self,
        model: str,
        hosts: Sequence[HostScheduler],
        work: Callable[[HostScheduler], Awaitable[Result]],
        key: str,
    ) -> tuple[Result, tuple[str, ...]]:
        """Do a piece of work on the first host that has a turn for it.

        Parameters
        ----------
        model : str
        hosts : sequence of HostScheduler
            Those that have the model.
        work : callable
            Raises Transient where another try may help.
        key : str
            Spreads the waits; see `backoff`.

        Returns
        -------
        result
        faults : tuple of str
            Those met before, in order, each with its host.

        Raises
        ------
        BackendStopped
            If the last attempt failed as well; FailsAlone where it isn't for the hosts.
        """
        faults: list[str] = []
        answered = 0
        tries = 0
        started = reached = time.monotonic()
        while True:
            host = await _turn(model, hosts)
            try:
                async with gate.get()(host.url):
                    began = time.monotonic()
                    result = await work(host)
            except Transient as error:
                if not faults:
                    answered = _answered(model, hosts)
                faults.append(f"{host.url}: {error.fault}")
                if error.fault != UNREACHED:
                    tries, reached = tries + 1, time.monotonic()
                host.failed(began, self._first_delay, key, error.after)
                if error.fault == UNREACHED:
                    host.failures = min(host.failures, self._attempts // 2)
                self._tell(host, error.fault)
            else:
                if host.in_trouble and self._notice is not None:
                    self._notice(f"{host.url} answers again")
                host.recovered(model)
                return result, tuple(faults)
            finally:
                host.release(model)
                for other in hosts:
                    other.poke()
            # While a host is down, each try of any answer counts: the bound is on the outage.
            dead = all(other.failures >= self._attempts for other in hosts)
            waited = time.monotonic() - reached
            lost = waited >= self._outage if faults[-1].endswith(UNREACHED) else dead
            if lost or tries >= self._attempts:
                spent = time.monotonic() - started
                told = (
                    f"{model}: {len(faults)} tries in {spent:.0f} s failed, the last one at "
                    f"{faults[-1]}; when the server is well again, begin or resume the run"
                )
                if not lost and _answered(model, hosts) > answered:
                    raise FailsAlone(told, tuple(faults))
                raise BackendStopped(told)

    def _tell(self, host: HostScheduler, fault: str) -> None:
        if self._notice is None or host.failures < _TOLD or host.in_trouble:
            return
        host.in_trouble = True
        how = f"for up to {self._outage:.0f} s" if fault == UNREACHED else "a few times more"
        self._notice(f"{host.url}: {fault}; it is tried again, {how}")


def failed_alone(
    position: int, seed: int, host: str, error: FailsAlone, before: tuple[str, ...] = ()
) -> Generation:
    """Return the unusable answer that such a failure comes to, so that the run can go on.

    Parameters
    ----------
    position, seed, host
        As of `Generation`.
    error : FailsAlone
    before : tuple of str
        What was noted of the answer before its last request.
    """
    reason = f"a fault at each of {len(error.faults)} tries"
    return Generation(position, "", seed, reason, None, None, 0.0, "", host, before + error.faults)


def _answered(model: str, hosts: Iterable[HostScheduler]) -> int:
    return sum(host.answered[model] for host in hosts)


async def holders_of(
    servers: Iterable[Server], ask: Callable[[Server], Awaitable[Result]]
) -> list[tuple[Server, Result]]:
    """Return the servers that have a model, each with what it tells of it.

    Raises
    ------
    ModelMissing
        If none of them has it, in the first one's words.
    """
    found: list[tuple[Server, Result]] = []
    absent: list[ModelMissing] = []
    for server in servers:
        try:
            found.append((server, await ask(server)))
        except ModelMissing as error:
            absent.append(error)
    if not found:
        raise absent[0]
    return found


async def _turn(model: str, hosts: Sequence[HostScheduler]) -> HostScheduler:
    waiter = Waiter(model, tuple(hosts))
    try:
        for host in hosts:
            if not waiter.granted.done():
                host.enter(waiter)
        return await waiter.granted
    except asyncio.CancelledError:
        if waiter.granted.done() and not waiter.granted.cancelled():
            waiter.granted.result().release(model)
        raise
    finally:
        for host in hosts:
            host.leave(waiter)
