"""The models of an Ollama server: listed, described, chosen, pulled."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from ollama import ProcessResponse, ProgressResponse, ResponseError
from pydantic import ValidationError

from lwd_tui.backends.hosts import ollama_hosts
from lwd_tui.backends.ollama.abilities import abilities
from lwd_tui.backends.ollama.client import (
    FAILURES,
    ListedModel,
    Listing,
    OllamaClient,
    ShownModel,
    explained,
    missing,
    told,
)
from lwd_tui.backends.wire import counted
from lwd_tui.experiment.backend import BackendError, ModelMissing, Progress
from lwd_tui.text import clean_line, nearest
from lwd_tui.types import ModelInfo

# What Go writes in place of a character, as %#v has it; no half of one, and none beyond Unicode.
_ESCAPED = re.compile(
    r'\\(?:[abfnrtv\\"]|x[0-7][0-9a-f]|u(?!d[89a-f])[0-9a-f]{4}|U00(?:0[0-9a-f]|10)[0-9a-f]{4})'
)

# What a server sends of a model, against that it can't be reached.
_SHOWN_WRONGLY = (ResponseError, ValidationError, ValueError, AttributeError, TypeError)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model on one server, with what a request to it needs.

    Attributes
    ----------
    info : ModelInfo
    stop : tuple of str
        Stop texts of the model itself, which those of a request would replace.
    """

    info: ModelInfo
    stop: tuple[str, ...] = ()


def canonical(name: str) -> str:
    """Return a name as the server files it: lower case, with its tag."""
    name = name.strip().lower()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


async def read_facts(client: OllamaClient, name: str) -> ModelFacts:
    """Return what a server knows about a model.

    Raises
    ------
    ModelMissing
        With the nearest names that the server has, and the command to get it.
    Transient
        If the server doesn't answer, or not as an Ollama server.
    """
    try:
        version = await client.version()
        listing, running = await client.listing(), await client.ps()
        listed = _find(listing, name)
        shown = None if listed is None else await client.show(name)
    except FAILURES as error:
        raise explained(error, client.url, name) from None
    if listed is None or shown is None:
        raise _model_missing(client.url, name, listing)
    return ModelFacts(
        _info(client.url, version, name, listed, shown, loaded_models(running)),
        tuple(_stops(shown.parameters or "")),
    )


async def list_models(host: str = "") -> list[ModelInfo]:
    """List what a server has, by name.

    Parameters
    ----------
    host : str
        "" for OLLAMA_HOST, else this machine.

    Raises
    ------
    ServerMissing
    """
    async with OllamaClient(ollama_hosts([host])[0]) as client:
        try:
            version = await client.version()
            listing, running = await client.listing(), loaded_models(await client.ps())
            at_a_time = asyncio.Semaphore(8)

            async def describe(listed: ListedModel) -> ModelInfo:
                name, odd = str(listed.model), ""
                shown: ShownModel | None = None
                async with at_a_time:
                    try:
                        shown = await client.show(name)
                    except _SHOWN_WRONGLY as error:
                        # One that can't be shown, as a remote one may be, is listed all the same.
                        odd = str(explained(error, client.url, name))
                return _info(client.url, version, name, listed, shown, running, odd)

            once = {canonical(str(listed.model)): listed for listed in reversed(listing.models)}
            found = await asyncio.gather(*map(describe, once.values()))
        except FAILURES as error:
            raise missing(explained(error, client.url), client.url) from None
    return sorted(found, key=lambda model: model.name)


async def choose_models(host: str = "", count: int = 3) -> list[str]:
    """Choose the participants of an experiment that names none.

    Models that generate on the server itself, of different families as far as there are any;
    those that can chat before base models, those that can be quiet before those that always think,
    loaded ones before others, small ones before large ones. The choice depends on the server's
    state alone.

    Raises
    ------
    ServerMissing
    ModelMissing
        If the server has no model that generates.
    """
    url = ollama_hosts([host])[0]
    # One that is odd, as every remote one is, is left to be named by the user.
    models = [
        model
        for model in await list_models(host)
        if "generate" in model.capabilities and not model.odd
    ]
    if not models:
        raise ModelMissing(
            f"{url} has no model that generates text; get one with: lwd-tui models pull llama3.2"
        )
    models.sort(
        key=lambda model: (
            "chat" not in model.capabilities,
            "always-thinking" in model.capabilities,
            not model.loaded,
            model.size or 0,
            model.name,
        )
    )
    chosen: list[str] = []
    for can_chat in (True, False):
        group = [model for model in models if ("chat" in model.capabilities) is can_chat]
        families: dict[str, str] = {}
        for model in group:
            families.setdefault(model.family, model.name)
        first = list(families.values())
        chosen += first + [model.name for model in group if model.name not in first]
    return chosen[:count]


async def pull_model(host: str, name: str, progress: Progress) -> None:
    """Let a server download a model.

    Raises
    ------
    ServerMissing
    BackendError
        If the server can't get it.
    """
    async with OllamaClient(ollama_hosts([host])[0]) as client:
        done = False
        try:
            # Closing what the client calls an iterator ends the request on the server.
            sent = await client.pull(name, stream=True)
            async with aclosing(cast("AsyncGenerator[ProgressResponse, None]", sent)) as parts:
                async for part in parts:
                    progress(clean_line(part.status or ""), part.completed, part.total)
                    done = part.status == "success"
        except ResponseError as error:
            raise BackendError(f"{client.url} can't pull {name}: {told(error.error)}") from None
        except FAILURES as error:
            raise missing(explained(error, client.url, name), client.url) from None
        if not done:
            raise BackendError(f"{client.url} stopped before {name} was whole; pull it again")


def loaded_models(running: ProcessResponse) -> dict[str, ProcessResponse.Model]:
    """Return what is in the server's memory, by canonical name."""
    return {canonical(str(model.model or model.name)): model for model in running.models}


def _info(
    url: str,
    version: str,
    name: str,
    listed: ListedModel,
    shown: ShownModel | None,
    running: dict[str, ProcessResponse.Model],
    odd: str = "",
) -> ModelInfo:
    told = shown.capabilities if shown and shown.capabilities else listed.capabilities
    details = listed.details or (shown.details if shown else None)
    loaded = running.get(canonical(name))
    share = None
    if loaded is not None and loaded.size:
        share = min(loaded.size_vram or 0, loaded.size) / loaded.size
    context = (shown.modelinfo if shown else None) or {}
    architecture = str(context.get("general.architecture", ""))
    family = clean_line((details.family if details else "") or architecture)
    hosts = [listed.remote_host, listed.remote_model]
    hosts += [shown.remote_host, shown.remote_model] if shown else []
    away = next(filter(None, hosts), "")
    if away:
        leaves = f"another machine runs it ({clean_line(away)}): what it is asked leaves this one"
        odd = "; ".join(filter(None, (leaves, odd)))
    return ModelInfo(
        name=clean_line(name),
        backend="ollama",
        digest=clean_line(listed.digest or ""),
        family=family,
        parameters=clean_line((details.parameter_size if details else "") or ""),
        quantisation=clean_line((details.quantization_level if details else "") or ""),
        size=listed.size,
        context_length=counted(context.get(f"{architecture}.context_length")),
        # Of one that isn't shown only what the list says is known.
        capabilities=abilities(
            told if shown or told else ["unknown"],
            template=(shown.template if shown else None) or "",
            modelfile=(shown.modelfile if shown else None) or "",
            family=family,
            details=context,
            remote=bool(away),
        ),
        odd=odd,
        licence=clean_line(str(context.get("general.license") or "")),
        server=f"Ollama {clean_line(version)}",
        host=url,
        loaded=loaded is not None,
        gpu_share=share,
    )


def _stops(parameters: str) -> list[str]:
    """Return the stop texts among a model's parameters, which are written as Go quotes them."""
    found = re.findall(r'^stop\s+(?:"(.*)"|(\S.*?))\s*$', parameters, re.MULTILINE)
    return [_ESCAPED.sub(_decoded, quoted) or bare for quoted, bare in found]


def _decoded(escape: re.Match[str]) -> str:
    return escape[0].encode().decode("unicode_escape")


def _find(listing: Listing, name: str) -> ListedModel | None:
    wanted = canonical(name)
    return next((model for model in listing.models if canonical(str(model.model)) == wanted), None)


def _model_missing(url: str, name: str, listing: Listing) -> ModelMissing:
    near = nearest(name, [str(model.model) for model in listing.models])
    return ModelMissing(
        f"{url} has no model {name!r}{near}; get it with: lwd-tui models pull {name} --host {url}"
    )
