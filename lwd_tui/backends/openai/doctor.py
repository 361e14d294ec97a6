"""What an OpenAI-compatible server will do with a run, found out by trying."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from lwd_tui.backends.openai.generator import OpenAIGenerator
from lwd_tui.backends.openai.server import OpenAIServer
from lwd_tui.experiment.backend import BackendError, GenerateRequest, UnfitRequest
from lwd_tui.experiment.doctor import HostReport
from lwd_tui.experiment.llm import Sampling
from lwd_tui.types import Message, Prompt

_SEEDS = (11, 22, 33, 44)
_HOT = {"temperature": 2.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "max_tokens": 24}
# Each of these leaves only the likeliest token, whatever the temperature.
_NARROW: dict[str, Any] = {"top_p": 1e-6, "top_k": 1, "min_p": 1.0}
_ASKED = Prompt("chat", (Message("user", "Write one sentence about the sea."),))


async def doctor(url: str, contexts: Mapping[str, int]) -> HostReport:
    """Examine a server; what is wrong is in the report, not raised.

    Parameters
    ----------
    url : str
        As `openai_urls` gives it.
    contexts : mapping of str to int
        Models to try, with the tokens of context that each needs.
    """
    report = HostReport(url)
    try:
        server = OpenAIServer(url)
        try:
            names = sorted(await server.models())
            report.server = server.dialect.name
            report.models = tuple([await server.describe(name) for name in names])
        finally:
            await server.aclose()
        for model in report.models:
            if model.context_length:
                report.note("good", f"{model.name} has {model.context_length} tokens of context")
    except BackendError as error:
        report.note("problem", str(error))
        return report
    for name, context in contexts.items():
        try:
            await _try(report, name, context)
        except BackendError as error:
            report.note("problem", str(error))
    if not contexts:
        report.note("advice", "no model was tried; name some with --model to see how they run")
    return report


async def _try(report: HostReport, model: str, context: int) -> None:
    """Have a model answer some times, and see which of the settings it heeds."""
    generator = OpenAIGenerator(
        [report.host], lambda sentence: report.note("advice", sentence), attempts=3
    )
    try:
        await generator.prepare({model: context}, len(_SEEDS))
        request = GenerateRequest(model, _ASKED, _SEEDS, Sampling(**_HOT), context)
        await generator.try_out(request)
        free = await _said(generator, request)
        if not any(map(str.strip, free)):
            report.note("advice", f"{model} said nothing within 24 tokens, so it can't be tried")
            return
        if len(set(free)) == 1:
            report.note(
                "problem",
                f"{model} gives the same answer for each of {len(free)} seeds at temperature 2: "
                "the server doesn't draw its tokens by chance",
            )
            return
        again = await _said(generator, replace(request, seeds=_SEEDS[:1]))
        if again == free[:1]:
            report.note("good", f"{model} answers by chance, and the same to the same seed")
        else:
            report.note(
                "advice",
                f"{model} answers by chance, but not the same to the same seed: a run there can't "
                "be made again",
            )
        for name, value in _NARROW.items():
            await _try_field(report, generator, request, name, value)
    finally:
        await generator.aclose()


async def _try_field(
    report: HostReport, generator: OpenAIGenerator, request: GenerateRequest, name: str, value: Any
) -> None:
    sampling = request.sampling.model_copy(update={name: value})
    try:
        said = await _said(generator, replace(request, seeds=_SEEDS[:3], sampling=sampling))
    except UnfitRequest:
        report.note("advice", f"{request.model} can't be given {name} there; leave it neutral")
        return
    if len(set(said)) == 1:
        report.note("good", f"{request.model} heeds {name}")
    else:
        report.note("advice", f"{request.model} ignores {name}, or means something else by it")


async def _said(generator: OpenAIGenerator, request: GenerateRequest) -> list[str]:
    """Return the answers in the order of the seeds."""
    async with aclosing(generator.generate(request)) as stream:
        found = [answer async for answer in stream]
    return [f"{it.thinking}\n{it.text}" for it in sorted(found, key=lambda it: it.position)]
