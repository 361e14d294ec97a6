"""A rehearsal: a few answers of each participant, to see how fast they come and how they vary."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.standard_errors import FEWEST
from lwd_tui.experiment.backend import BackendError, Embedder, Embeddings, Generator
from lwd_tui.experiment.llm import Experiment, Participant
from lwd_tui.llm.answers import attempt_of
from lwd_tui.llm.prompt import build_prompt, post_line, request_of
from lwd_tui.replicates import Key, common_keys, joined_responses, joined_vectors, key_of
from lwd_tui.run.cost import Runner, Speed, runner, typical_tokens
from lwd_tui.run.open_backends import assemble
from lwd_tui.types import Attempt, Message, ModelInfo, Notice, Prompt, Response, Vectors

ANSWERS = 8
"""Of each participant: how they vary can't be told of fewer than four."""

NOTHING = Embeddings(np.empty((0, 0), dtype=np.float32), ())


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """What a rehearsal came to.

    Attributes
    ----------
    experiment : Experiment
        As it would be run: what the participants are asked follows what their models can do.
    answers : int
        Asked of each participant.
    speeds : dict of Runner to Speed
        One for each backend, host and model.
    responses : Responses
        The usable answers, embedded; where there are several queries, the usable replicates.
    models : tuple of ModelInfo
        One a participant, then the embedder's.
    unfit : str
        Why the answers don't tell how they vary, in a sentence; "" if they do.
    """

    experiment: Experiment
    answers: int
    speeds: dict[Runner, Speed]
    responses: Responses
    models: tuple[ModelInfo, ...]
    unfit: str


async def rehearse(
    experiment: Experiment, hosts: Sequence[str], notice: Notice, answers: int = ANSWERS
) -> Rehearsal:
    """Ask each participant of an experiment what it is asked at t = 0, and embed what it answers.

    Parameters
    ----------
    experiment : Experiment
        With its participants chosen.
    hosts : sequence of str
        Servers of the run.
    notice : callable
        Called with each sentence that the user must see.
    answers : int
        Of each participant, to each query.

    Raises
    ------
    BackendError
        Whatever would keep the run from starting.
    """
    # Models are loaded for so many answers: else they would be loaded again while it is measured.
    few = experiment.replaced({"responses": max(answers, experiment.posts_each)})
    crew = await assemble(few, hosts, notice)
    experiment = crew.experiment.replaced({"responses": experiment.responses})
    speeds: dict[Runner, Speed] = {}
    heard: list[list[Response]] = [[] for _ in experiment.queries]
    unfit = ""
    try:
        for i, (who, generator, context) in enumerate(
            zip(experiment.cast, crew.generators, crew.contexts, strict=True)
        ):
            own: list[list[Response]] = []
            for query in experiment.queries:
                nonce = time.time_ns() % (2**31 - answers)
                speed, found = await probe(
                    generator, who, experiment, context, nonce, answers, query
                )
                speeds.setdefault(runner(who), speed)
                own.append([Response(0, i, index, (each,)) for index, each in enumerate(found)])
            joined = [answer.final for answer in joined_responses(own)]
            if sum(not attempt.problem for attempt in joined) < FEWEST:
                unfit = unfit or _too_few(who, joined)
            for each, answered in zip(heard, own, strict=True):
                each += answered
        embedded = [await _embedded(crew.embedder, each) for each in heard]
    finally:
        await crew.aclose()
    keys = [kept for kept, _ in embedded]
    responses = Responses.of(
        joined_vectors(keys, [rows for _, rows in embedded]),
        [who for who, _ in common_keys(keys)],
        len(experiment.cast),
    )
    models = (*crew.models, crew.embedder_model)
    return Rehearsal(experiment, answers, speeds, responses, models, unfit)


async def _embedded(embedder: Embedder, responses: Sequence[Response]) -> tuple[list[Key], Vectors]:
    """Return whose vectors there are of some answers, and these."""
    usable = [response for response in responses if not response.failed]
    texts = [response.text for response in usable]
    found = await embedder.embed(texts) if texts else NOTHING
    kept = ~np.array(found.missing or (False,) * len(texts), dtype=bool)
    keys = [key_of(response) for response, there in zip(usable, kept, strict=True) if there]
    return keys, found.vectors[kept]


async def probe(
    generator: Generator,
    who: Participant,
    experiment: Experiment,
    context: int,
    nonce: int,
    answers: int = ANSWERS,
    query: str = "",
) -> tuple[Speed, list[Attempt]]:
    """Measure how fast a participant reads and writes, with one request for a few answers.

    It is asked what it is asked at t = 0. The time until its first token counts as reading, the
    rest as writing.

    Parameters
    ----------
    generator : Generator
        Prepared, so that loading the model isn't measured.
    who : Participant
    experiment : Experiment
    context : int
        Tokens of context that the generator was prepared with.
    nonce : int
        In [0, 2**31 - answers). Goes into the seeds and the first words of the prompt, so that no
        cache knows them: another one for each probe.
    answers : int
    query : str
        The first if not given.

    Raises
    ------
    BackendError
        If the model can't answer.
    """
    prompt = _first_prompt(experiment, who, nonce, query or experiment.queries[0])
    seeds = tuple(nonce + i for i in range(answers))
    request = request_of(who, prompt, seeds, context)
    began = time.perf_counter()
    first: float | None = None

    def heard(_position: int, _text: str) -> None:
        nonlocal first
        first = first or time.perf_counter()

    async with aclosing(generator.generate(request, heard)) as stream:
        found = [answer async for answer in stream]
    ended = time.perf_counter()
    if not found:
        raise BackendError(f"{who.name} ({who.model}) gave no answer when it was tried out")
    read = found[0].prompt_tokens or typical_tokens(prompt.text)
    counts = [answer.completion_tokens or typical_tokens(answer.text) for answer in found]
    # A server that doesn't stream gives no first token: all of its time counts for both.
    writing = ended - (first or began)
    reading = (first or ended) - began
    speed = Speed(
        read / max(reading, 1e-9), sum(counts) / max(writing, 1e-9), sum(counts) / len(counts)
    )
    return speed, [attempt_of(answer) for answer in found]


def _too_few(who: Participant, found: Sequence[Attempt]) -> str:
    reasons = Counter(attempt.problem for attempt in found if attempt.problem)
    return (
        f"{who.name} ({who.model}): {sum(reasons.values())} of {len(found)} answers can't be used "
        f"(most often: {reasons.most_common(1)[0][0]}), and {FEWEST} are needed; mend the prompt, "
        "max_tokens or the model, or ask for more with --answers"
    )


def _first_prompt(experiment: Experiment, who: Participant, nonce: int, query: str) -> Prompt:
    k = experiment.draw_size(len(experiment.posts))
    lines = [post_line(experiment.template, post.text) for post in experiment.posts[:k]]
    prompt = build_prompt(experiment.template, who, query, lines)
    head, *rest = prompt.messages
    return Prompt(prompt.style, (Message(head.role, f"[{nonce}] {head.content}"), *rest))
