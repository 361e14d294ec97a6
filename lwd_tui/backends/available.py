"""What a backend offers at a host: its state in words, and the models to choose from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from lwd_tui.backends.hosts import ollama_hosts, openai_urls
from lwd_tui.experiment.backend import BackendError
from lwd_tui.experiment.llm import Backend
from lwd_tui.types import ModelInfo

_SECONDS = 15.0
_SCRIPTED = ("ada", "ben", "cleo", "dora", "emil", "fay")


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from.

    Attributes
    ----------
    backend : str
    host : str
        As it was reached, or as it was asked for; "" for the backends without one.
    reachable : bool
    words : str
        The state in a sentence: version and what is in memory, or why it can't be reached.
    models : tuple of ModelInfo
        Those that generate, by name.
    absent : frozenset of str
        Names of those that have to be fetched first.
    """

    backend: Backend
    host: str
    reachable: bool
    words: str
    models: tuple[ModelInfo, ...] = ()
    absent: frozenset[str] = frozenset()


async def look(backend: Backend, hosts: Sequence[str] = ()) -> tuple[Offer, ...]:
    """Find out what a backend offers, at each of its hosts.

    Parameters
    ----------
    backend : str
    hosts : sequence of str
        As the user wrote them; none for the one that the backend takes by itself.

    Returns
    -------
    tuple of Offer
        One a host, in order; of what can't be reached, the words say why, and nothing is raised.
    """
    if backend in ("embedded", "scripted"):
        asked = [""]
    else:
        asked = list(dict.fromkeys(host for host in hosts if host.strip())) or [""]
    return tuple(await asyncio.gather(*(_look_at(backend, host) for host in asked)))


async def _look_at(backend: Backend, host: str) -> Offer:
    ways = {"ollama": _ollama, "openai": _openai, "embedded": _embedded, "scripted": _scripted}
    try:
        async with asyncio.timeout(_SECONDS):
            return await ways[backend](host)
    except BackendError as error:
        words = str(error)
    except TimeoutError:
        words = f"{host or 'the server'} gave no answer within {_SECONDS:g} s"
    except ModuleNotFoundError as error:
        words = f"{error.name} is missing; install it with: pip install 'lwd-tui[{backend}]'"
    return Offer(backend, host, False, words)


async def _ollama(host: str) -> Offer:
    # A client takes half a second to import, which must not hold up who waits here.
    await asyncio.to_thread(import_module, "lwd_tui.backends.ollama.models")
    from lwd_tui.backends.ollama.models import list_models

    url = ollama_hosts([host])[0]
    found = await list_models(host)
    models = tuple(model for model in found if "generate" in model.capabilities)
    if not models:
        words = "no model here generates text; get one with: lwd-tui models pull llama3.2"
        return Offer("ollama", url, True, words)
    loaded = ", ".join(_in_memory(model) for model in found if model.loaded)
    words = f"{models[0].server}, {_count(models)}, in memory: {loaded or 'none'}"
    return Offer("ollama", url, True, words, models)


async def _openai(host: str) -> Offer:
    url = openai_urls([host])[0]
    await asyncio.to_thread(import_module, "lwd_tui.backends.openai.server")
    from lwd_tui.backends.openai.server import OpenAIServer

    server = OpenAIServer(url)
    try:
        names = sorted(await server.models())
        models = tuple([await server.describe(name) for name in names])
        kind = server.dialect.name
    finally:
        await server.aclose()
    return Offer("openai", url, True, f"OpenAI-compatible ({kind}), {_count(models)}", models)


async def _embedded(_: str) -> Offer:
    models, absent = await asyncio.to_thread(_packaged)
    words = f"in this process, {_count(models)}"
    if absent:
        words += f", {len(absent)} of them to be fetched when they are first used"
    return Offer("embedded", "", True, words, models, absent)


def _packaged() -> tuple[tuple[ModelInfo, ...], frozenset[str]]:
    from lwd_tui.backends.embedded.gguf import read_metadata
    from lwd_tui.backends.embedded.model_files import ModelFile, library_version
    from lwd_tui.backends.embedded.weights import CATALOGUE, is_present, path_of

    library_version()
    models, absent = [], set()
    for name, weights in CATALOGUE.items():
        if weights.purpose != "generate":
            continue
        if is_present(name):
            path = path_of(name)
            file = ModelFile(name, path, "", read_metadata(path), weights.licence)
            models.append(file.info(loaded=False))
        else:
            absent.add(name)
            models.append(
                ModelInfo(
                    name, "embedded", size=weights.size, licence=weights.licence, loaded=False
                )
            )
    return tuple(models), frozenset(absent)


async def _scripted(_: str) -> Offer:
    from lwd_tui.backends.scripted import ScriptedGenerator
    from lwd_tui.experiment.llm import Scripted

    generator = ScriptedGenerator(Scripted())
    models = tuple([await generator.describe(name) for name in _SCRIPTED])
    words = "no models, but rules that answer at once: for tests, teaching and rehearsals"
    return Offer("scripted", "", True, words, models)


def _in_memory(model: ModelInfo) -> str:
    share = "" if model.gpu_share is None else f" ({model.gpu_share:.0%} on the GPU)"
    return f"{model.name}{share}"


def _count(models: Sequence[ModelInfo]) -> str:
    return f"{len(models)} model{'' if len(models) == 1 else 's'}"
