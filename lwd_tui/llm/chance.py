"""Whether a server draws its tokens by chance, as a temperature above 0 asks it to.

Some servers take every setting and answer greedily all the same, or give a stored answer again. All
answers of a participant are equal then, its dispersion is 0, and the run shows nothing. A model
may also be sure of a short answer, such as "Yes"; so answers that are all equal are asked for
again at a temperature at which no model is sure of anything. Where a participant gives one answer
a step, there is nothing to compare; a server of which nothing is known is asked for two beforehand.
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
from lwd_tui.types import Notice, Response

_AGAIN = 4
_HOT = 2.0
_TOKENS = 24
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
    said = {(attempt.text, attempt.thinking) for attempt in attempts}
    served = all(attempt.host for attempt in attempts)
    return (
        by_chance(sampling)
        and served
        and len(attempts) > 1
        and len(said) == 1
        and said != {("", "")}
    )


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
    hot, said = await _hotly(generator, request)
    if len(set(said)) > 1 or not any(map(any, said)):
        return
    final = responses[0].final
    seeds = sum(len(response.attempts) for response in responses)
    raise _worthless(
        f"{name} ({request.model} at {final.host})",
        f"{seeds} seeds at temperature {request.sampling.temperature:g}, and for {len(said)} more "
        f"at temperature {hot:g}",
        final.text or final.thinking,
    )


async def refuse_greedy_alone(
    generator: Generator, request: GenerateRequest, who: str, notice: Notice
) -> None:
    """Ask hotly with two seeds, and with some more if the answers are equal; raise if all are.

    For a participant of one answer a step, at a server of which nothing is known.

    Parameters
    ----------
    generator : Generator
    request : GenerateRequest
        As the run will send it.
    who : str
        Name and model.
    notice : callable
        Told what can't be known.

    Raises
    ------
    RunWorthless
    """
    own = request.sampling
    short = own.model_copy(update={"max_tokens": min(_TOKENS, own.max_tokens)})
    asked = replace(request, sampling=short, thinking_tokens=0)
    hot, said = await _hotly(generator, replace(asked, seeds=(1, 2)))
    if not any(map(any, said)):
        notice(
            f"{who} said nothing within {short.max_tokens} tokens: with one answer a step it can't "
            "be known whether its server draws tokens by chance"
        )
    elif len(set(said)) == 1:
        hot, more = await _hotly(generator, replace(asked, seeds=tuple(range(3, 3 + _AGAIN))))
        said += more
        if len(set(said)) == 1:
            seeds = f"{len(said)} seeds at temperature {hot:g}"
            raise _worthless(who, seeds, said[0][0] or said[0][1])


def other_seeds(seed: int, t: int, participant: int, responses: int) -> tuple[int, ...]:
    """Return seeds that no response of a run has."""
    return tuple(request_seed(seed, t, participant, responses + i, 0) for i in range(_AGAIN))


def by_chance(sampling: Sampling) -> bool:
    """Say whether tokens are to be drawn by chance."""
    return sampling.temperature > 0 and sampling.top_k != 1 and sampling.min_p < 1


def _worthless(who: str, seeds: str, text: str) -> RunWorthless:
    return RunWorthless(
        f"{who} gave the same answer for each of {seeds} ({shorten(text[:_SHOWN], _SHOWN)}): the "
        "server doesn't draw its tokens by chance; switch that on there (for transformers serve, "
        "do_sample in the model's generation_config.json), or set temperature = 0 for this "
        "participant if it is meant, and begin anew"
    )


async def _hotly(
    generator: Generator, request: GenerateRequest
) -> tuple[float, list[tuple[str, str]]]:
    """Return a temperature at which no model is sure of anything, and what is said at it."""
    own = request.sampling
    hot = max(_HOT, own.temperature)
    hotly = own.model_copy(update={"temperature": hot, "top_p": 1.0, "top_k": 0, "min_p": 0.0})
    try:
        return hot, await _said(generator, replace(request, sampling=hotly))
    except UnfitRequest:  # Some take no temperature above 1.
        return own.temperature, await _said(generator, request)


async def _said(generator: Generator, request: GenerateRequest) -> list[tuple[str, str]]:
    async with aclosing(generator.generate(request)) as answers:
        return [(answer.text, answer.thinking) async for answer in answers]
