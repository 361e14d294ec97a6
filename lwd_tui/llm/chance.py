"""Whether a server draws its tokens by chance, as a temperature above 0 asks it to.

Some servers take every setting and answer greedily all the same, or give a stored answer again. All
answers of a participant are equal then, its dispersion is 0, and the run shows nothing. A model
may also be sure of a short answer, such as "Yes"; so answers that are all equal are asked for
again at a temperature at which no model is sure of anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from lwd_tui.errors import RunWorthless
from lwd_tui.experiment.backend import GenerateRequest, Generator, UnfitRequest
from lwd_tui.experiment.llm import Sampling
from lwd_tui.seeds import request_seed
from lwd_tui.text import shorten
from lwd_tui.types import Response

_AGAIN = 4
_HOT = 2.0
_SHOWN = 60


def look_greedy(responses: Sequence[Response], sampling: Sampling) -> bool:
    """Whether all answers of a participant to one prompt are equal, though chance was asked for.

    What is no server's (the models in this process, and scripted ones) is never meant.

    Parameters
    ----------
    responses : sequence of Response
        Those of one participant at one step.
    sampling : Sampling
        As it was asked for.
    """
    attempts = [attempt for response in responses for attempt in response.attempts]
    chance = sampling.temperature > 0 and sampling.top_k != 1 and sampling.min_p < 1
    said = {(attempt.text, attempt.thinking) for attempt in attempts}
    served = all(attempt.host for attempt in attempts)
    return chance and served and len(attempts) > 1 and len(said) == 1 and said != {("", "")}


async def refuse_greedy(
    generator: Generator, request: GenerateRequest, responses: Sequence[Response], name: str
) -> None:
    """Ask again with other seeds, hotly, and raise RunWorthless unless the answers differ now.

    Parameters
    ----------
    generator : Generator
    request : GenerateRequest
        By which the responses were asked for, with other seeds.
    responses : sequence of Response
        That are all equal.
    name : str
        Of the participant.
    """
    own = request.sampling
    hot = max(_HOT, own.temperature)
    hotly = own.model_copy(update={"temperature": hot, "top_p": 1.0, "top_k": 0, "min_p": 0.0})
    try:
        said = await _said(generator, replace(request, sampling=hotly))
    except UnfitRequest:  # Some take no temperature above 1.
        hot = own.temperature
        said = await _said(generator, request)
    if len(set(said)) > 1 or not any(map(any, said)):
        return
    final = responses[0].final
    seeds = sum(len(response.attempts) for response in responses)
    shown = shorten((final.text or final.thinking)[:_SHOWN], _SHOWN)
    raise RunWorthless(
        f"{name} ({request.model} at {final.host}) gave the same answer for each of {seeds} seeds "
        f"at temperature {own.temperature:g}, and for {len(said)} more at temperature {hot:g} "
        f"({shown}): the server doesn't draw its tokens by chance; switch that on there (for "
        "transformers serve, do_sample in the model's generation_config.json), or set temperature "
        "= 0 for this participant if it is meant, and begin anew"
    )


def other_seeds(seed: int, t: int, participant: int, responses: int) -> tuple[int, ...]:
    """Return seeds that no response of a run has."""
    return tuple(request_seed(seed, t, participant, responses + i, 0) for i in range(_AGAIN))


async def _said(generator: Generator, request: GenerateRequest) -> list[tuple[str, str]]:
    async with aclosing(generator.generate(request)) as answers:
        return [(answer.text, answer.thinking) async for answer in answers]
