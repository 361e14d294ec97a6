"""What an Ollama server will do with a run, found out by trying, and what to set on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing

from lwd_tui.backends.hosts import ollama_hosts
from lwd_tui.backends.ollama.client import FAILURES, explained
from lwd_tui.backends.ollama.models import canonical, list_models
from lwd_tui.backends.ollama.request import KEEP_ALIVE, loaded_with
from lwd_tui.backends.ollama.server import OllamaServer
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.vectors import NoVector, checked
from lwd_tui.experiment.backend import BackendError
from lwd_tui.experiment.doctor import HostReport
from lwd_tui.types import ModelInfo

_STREAMS = 6
_SECONDS = 300.0
_STREAMED = 24


async def doctor(
    hosts: Sequence[str] = (), contexts: Mapping[str, int] | None = None
) -> list[HostReport]:
    """Examine Ollama servers; what is wrong is in the reports, not raised.

    Parameters
    ----------
    hosts : sequence of str
        None for OLLAMA_HOST, else this machine.
    contexts : mapping of str to int, optional
        The models of a run with the tokens of context that each needs. They are loaded, and
        unloaded again afterwards. Without them only models that are loaded anyway are tried.
    """
    return list(await asyncio.gather(*(_examine(url, contexts) for url in ollama_hosts(hosts))))


async def _examine(url: str, contexts: Mapping[str, int] | None) -> HostReport:
    report = HostReport(url)
    try:
        report.models = tuple(await list_models(url))
    except BackendError as error:
        report.note("problem", str(error))
        return report
    server = OllamaServer(url)
    try:
        report.version = await server.client.version()
        report.server = f"Ollama {report.version}"
        if dropping := [model.name for model in report.models if "no-system" in model.capabilities]:
            report.note(
                "advice",
                f"the chat format of {', '.join(dropping)} has no place for a system text, and the "
                "server drops it; a run puts it at the head of the user's turn",
            )
        generating = [
            canonical(model.name) for model in report.models if "generate" in model.capabilities
        ]
        if len(generating) < 2:
            report.note(
                "advice",
                f"{len(generating)} of its models can take part in a run; get another with: "
                f"lwd-tui models pull NAME --host {report.host}",
            )
        loaded = await server.look()
        asked = contexts or {
            name: context for name, context in loaded.items() if name in generating and context
        }
        can = {canonical(model.name): model for model in report.models}
        tried = [
            model
            for model, context in asked.items()
            if await _tried(report, server, model, context, can.get(canonical(model)))
        ]
        if contexts and tried:
            await _see_together(report, server, tried)
        elif not asked:
            report.note("advice", "no model is loaded; name some to try how they run")
    except (BackendError, Transient) as error:
        report.note("problem", str(error))
    except FAILURES as error:
        report.note("problem", str(explained(error, url)))
    finally:
        await server.aclose()
    return report


async def _tried(
    report: HostReport, server: OllamaServer, model: str, context: int, known: ModelInfo | None
) -> bool:
    """Try a model at what it can do, and say if that went well; a fault is its own alone."""
    able = known.capabilities if known is not None else ()
    try:
        if known is not None and "remote" in able:
            report.note("advice", f"{model} is not tried: {known.odd}")
            return False
        if "embed" in able:
            await _try_embedding(report, server, model)
        else:
            await _try(report, server, model, context)
        return True
    except (BackendError, Transient) as error:
        report.note("problem", str(error))
    except NoVector as error:
        report.note("problem", f"{model} gave no vector: {error}")
    except TimeoutError:
        report.note("problem", f"{model} gave no answer within {_SECONDS:g} s")
    except FAILURES as error:
        report.note("problem", str(explained(error, report.host, model)))
    return False


async def _try_embedding(report: HostReport, server: OllamaServer, model: str) -> None:
    server.touch(model)
    body = {"model": model, "input": ["one text"], "keep_alive": KEEP_ALIVE}
    async with asyncio.timeout(_SECONDS):
        (vector,) = checked(await server.client.vectors(body), 1)
    report.note("good", f"{model} embeds a text as {len(vector)} numbers")


async def _try(report: HostReport, server: OllamaServer, model: str, context: int) -> None:
    """Load a model, and see how it treats long prompts and how many answers it makes at once."""
    proven = await server.ready(model, context, _SECONDS)
    if proven < context:
        report.note(
            "advice",
            f"Ollama {report.version} cuts prompts that are too long without a word; a run "
            f"stops when {model} reads more than {proven} tokens; a newer version refuses "
            "them instead",
        )
    slots = report.slots[model] = await count_slots(server, model, context)
    if slots == 1:
        report.note(
            "advice",
            f"{model} makes one answer at a time; set OLLAMA_NUM_PARALLEL=4 on the server "
            "if it has memory for four contexts",
        )
    else:
        sure = "at least " if slots >= _STREAMS else ""
        report.note("good", f"{model} makes {sure}{slots} answers at the same time")


async def _see_together(report: HostReport, server: OllamaServer, models: list[str]) -> None:
    loaded = await server.look()
    wanted = {canonical(model) for model in models}
    report.together = server.scheduler.fit_together(wanted)
    if report.together:
        report.note("good", f"all {len(wanted)} models fit into its memory at once")
    else:
        seconds = sum(server.scheduler.load_seconds.get(name, 0.0) for name in wanted)
        report.note(
            "advice",
            f"the {len(wanted)} models don't fit into its memory at once: each step loads "
            f"them in turn, {seconds:.0f} s in all; smaller contexts or quantisations, "
            "OLLAMA_KV_CACHE_TYPE=q8_0, OLLAMA_MAX_LOADED_MODELS or a second host avoid it",
        )
    for model in await list_models(report.host):
        if canonical(model.name) in wanted & set(loaded) and (model.gpu_share or 0) < 1:
            report.note(
                "advice",
                f"{model.gpu_share or 0:.0%} of {model.name} sits on a GPU; the rest is slow",
            )


async def count_slots(server: OllamaServer, model: str, context: int) -> int:
    """Return how many answers a model streams at the same time, up to six.

    Parameters
    ----------
    server : OllamaServer
    model : str
        Loaded with this context, so that nothing is loaded anew.
    context : int
    """
    body = {
        "model": model,
        "prompt": "Count: one, two, three,",
        "raw": True,
        "keep_alive": KEEP_ALIVE,
    }
    streaming = most = 0

    async def listen(seed: int) -> None:
        nonlocal streaming, most
        asked = body | loaded_with(context, num_predict=_STREAMED, temperature=0.8, seed=seed)
        tokens = 0
        sent = server.client.stream(server.accepted(asked), _STREAMED)
        try:
            async with aclosing(sent) as parts:
                async for _ in parts:
                    tokens += 1
                    if tokens == 2:
                        streaming += 1
                        most = max(most, streaming)
                    if most == _STREAMS:
                        return
        finally:
            streaming -= tokens >= 2

    async with asyncio.timeout(_SECONDS):
        await asyncio.gather(*(listen(seed) for seed in range(_STREAMS)))
    return max(1, most)
