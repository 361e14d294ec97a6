"""What a backend offers at a host: its state in words, and the models to choose from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from lwd_tui.backends.hosts import is_loopback, ollama_hosts
from lwd_tui.experiment.backend import Backend, BackendError, Offer, load_backend
from lwd_tui.experiment.registry import OURS

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
    (offer,) = await look("ollama")
    return offer if offer.models else None


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
