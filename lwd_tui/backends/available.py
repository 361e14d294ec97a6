"""What backends offer at a host: its state in words, its models, and what a run will meet there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from urllib.parse import urlsplit

from lwd_tui.backends.hosts import is_loopback, ollama_hosts, refuse_secret
from lwd_tui.experiment.backend import (
    Backend,
    BackendError,
    Offer,
    Progress,
    ServerMissing,
    load_backend,
)
from lwd_tui.experiment.doctor import Finding, HostReport
from lwd_tui.experiment.guard import guarded
from lwd_tui.experiment.participants import SERVER
from lwd_tui.experiment.registry import OURS, generators
from lwd_tui.types import ModelInfo

_SECONDS = 15.0


async def look(name: str, hosts: Sequence[str] = ()) -> tuple[Offer, ...]:
    """Find out what a backend offers, at each of its hosts.

    Parameters
    ----------
    name : str
        Of the backend.
    hosts : sequence of str
        As the user wrote them; none for the one that the backend takes by itself.

    Returns
    -------
    tuple of Offer
        One a host, in order; of what can't be reached, the words say why, and nothing is raised.
    """
    try:
        backend = load_backend(name)
    except BackendError as error:
        return (Offer(name, "", False, str(error)),)
    given = dict.fromkeys(host for host in hosts if host.strip()) if backend.hosts else {}
    return tuple(await asyncio.gather(*(_look_at(name, backend, host) for host in given or [""])))


async def find_server() -> Offer | None:
    """Return what the server offers that answers where nobody had to say where it is.

    That is OLLAMA_HOST, or this machine; None where nothing answers, or nothing that generates.
    """
    try:
        url = ollama_hosts(())[0]
        if is_loopback(url):
            # A refused connection is known at once; the client takes half a second to import.
            place = urlsplit(url)
            async with asyncio.timeout(1):
                _, writer = await asyncio.open_connection(place.hostname, place.port)
            writer.close()
    except (BackendError, OSError, TimeoutError):
        return None
    (offer,) = await look(SERVER)
    return offer if offer.models else None


async def examine(
    hosts: Sequence[str] = (), contexts: Mapping[str, int] | None = None
) -> list[HostReport]:
    """Examine servers, each by the first backend that it answers; what is wrong is in the reports.

    Parameters
    ----------
    hosts : sequence of str
        None for those that the backends take by themselves.
    contexts : mapping of str to int, optional
        Models to try there, with the tokens of context that each needs.

    Raises
    ------
    UnfitRequest
        If an address holds a user, a password or a key.
    """
    for host in hosts:
        refuse_secret(host)
    if hosts:
        return list(await asyncio.gather(*(_examined(host, contexts) for host in hosts)))
    usual = [await _report(name, backend, "", contexts) for name, backend in _serving()]
    return [report for report in usual if report is not None]


async def models_at(host: str = "") -> list[ModelInfo]:
    """Return the models of a server, by the first backend that it answers.

    Parameters
    ----------
    host : str
        "" for those that the backends take by themselves, one after the other.

    Raises
    ------
    ServerMissing
        If nothing answers there, in the first one's words.
    BackendError
        If no backend knows what answers, in the last one's words.
    """
    found: list[ModelInfo] = []
    errors: list[BackendError] = []
    for name, backend in _serving():
        if backend.models is None:
            continue
        try:
            with guarded(name):
                found += await backend.models(host) or ()
        except BackendError as error:
            errors.append(error)
            continue
        if host:
            return found
    if errors and not found:
        raise errors[0 if all(isinstance(error, ServerMissing) for error in errors) else -1]
    return found


async def pull_model(host: str, name: str, progress: Progress) -> None:
    """Let a server fetch a model, by the first backend whose servers can.

    Raises
    ------
    BackendError
    """
    pull = next(backend.pull for _, backend in _serving() if backend.pull is not None)
    await pull(host, name, progress)


async def _examined(host: str, contexts: Mapping[str, int] | None) -> HostReport:
    """Return the report of the first backend that a server answers, or what all of them say."""
    unknown = HostReport(host)
    for name, backend in _serving():
        report = await _report(name, backend, host, contexts)
        if report is not None and report.server:
            return report
        unknown.findings += report.findings if report is not None else []
    return unknown


async def _report(
    name: str, backend: Backend, host: str, contexts: Mapping[str, int] | None
) -> HostReport | None:
    if backend.doctor is None:
        return None
    try:
        with guarded(name):
            return await backend.doctor(host, contexts)
    except BackendError as error:
        return HostReport(host, findings=[Finding("problem", str(error))])


def _serving() -> Iterator[tuple[str, Backend]]:
    """Yield the backends that speak to servers, as far as what they need is installed."""
    for name in generators():
        try:
            backend = load_backend(name)
        except BackendError:
            continue
        if backend.hosts and (not backend.module or is_installed(backend.module)):
            yield name, backend


def is_installed(module: str) -> bool:
    """Whether a module can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # Of a module whose package isn't there, or no name at all.
        return False


async def _look_at(name: str, backend: Backend, host: str) -> Offer:
    if backend.look is None:
        return Offer(name, host, True, "it doesn't say which models it has")
    try:
        async with asyncio.timeout(_SECONDS):
            return await backend.look(host)
    except BackendError as error:
        words = str(error)
    except TimeoutError:
        words = f"{host or 'the server'} gave no answer within {_SECONDS:g} s"
    except ModuleNotFoundError as error:
        words = f"{error.name} is missing; install {_how(backend)}"
    except Exception as error:
        if name in OURS:
            raise
        words = f"the backend failed: {type(error).__name__}: {error}"
    return Offer(name, host, False, words)


def _how(backend: Backend) -> str:
    return f"it with: pip install 'lwd-tui[{backend.extra}]'" if backend.extra else "it"
