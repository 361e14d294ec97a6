"""Algorithm 1: a network of language models that read what language models wrote."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from lwd_tui.backends.base import (
    BackendStopped,
    Embedder,
    GenerateRequest,
    Generation,
    Generator,
)
from lwd_tui.dynamics.answers import problem_of
from lwd_tui.dynamics.clock import Clock
from lwd_tui.dynamics.internet import Internet
from lwd_tui.dynamics.keys import generator, request_seed
from lwd_tui.dynamics.prompt import build_prompt
from lwd_tui.experiment import Experiment
from lwd_tui.types import Attempt, Draw, Prompt, Response, Step, Vectors


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins: what every participant has drawn, and the prompts made of it.

    `prompts` has one entry a draw, in the order of `draws`.
    """

    t: int
    k: int
    size: int
    draws: tuple[Draw, ...]
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class AttemptRejected:
    """An answer can't be used and is asked for again."""

    t: int
    participant: int
    index: int
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class ResponseArrived:
    """A response stands, usable or failed."""

    response: Response


@dataclass(frozen=True, slots=True)
class Embedding:
    """All responses of the step are in and are being embedded."""

    t: int
    texts: int


@dataclass(frozen=True, slots=True)
class StepCompleted:
    """A step is whole."""

    step: Step


Event = StepStarted | AttemptRejected | ResponseArrived | Embedding | StepCompleted
TokenPreview = Callable[[int, int, str], None]
"""Called with (participant, response, new text) as tokens arrive; may be dropped."""


class Network:
    """The participants, the Internet between them, and the rule by which a step follows a step.

    Parameters
    ----------
    experiment : Experiment
        With its participants chosen.
    internet : Internet
        A(0), or A(t) where a run is resumed.
    generators : sequence of Generator
        One a participant; participants may share one.
    contexts : sequence of int
        Tokens of context, one a participant.
    embedder : Embedder
    clock : Clock
    """

    def __init__(
        self,
        experiment: Experiment,
        internet: Internet,
        generators: Sequence[Generator],
        contexts: Sequence[int],
        embedder: Embedder,
        clock: Clock,
    ) -> None:
        self._experiment = experiment
        self._internet = internet
        self._generators = generators
        self._contexts = contexts
        self._embedder = embedder
        self._clock = clock

    async def run(
        self, start: int = 0, pending: Iterable[Response] = (), preview: TokenPreview | None = None
    ) -> AsyncGenerator[Event, None]:
        """Go from step `start` to T.

        Closing the iterator cancels the requests in flight.

        Parameters
        ----------
        start : int
            The first step to take.
        pending : iterable of Response
            Responses of that step that are there already; they are not asked for again.
        preview : callable, optional
            Sees tokens as they arrive.
        """
        known = {(answer.participant, answer.index): answer for answer in pending}
        for t in range(start, self._experiment.steps + 1):
            if not await self._clock.tick():
                return
            async with aclosing(self._step(t, known, preview)) as events:
                async for event in events:
                    yield event
            known = {}

    async def _step(
        self,
        t: int,
        known: dict[tuple[int, int], Response],
        preview: TokenPreview | None,
    ) -> AsyncGenerator[Event, None]:
        began = time.perf_counter()
        size, synthetic = len(self._internet), self._internet.synthetic
        k = self._experiment.draw_size(size)
        draws = self._draw(t, k)
        prompts = tuple(self._prompt(draw) for draw in draws)
        yield StepStarted(t, k, size, draws, prompts)

        async with aclosing(self._answers(t, draws, prompts, known, preview)) as events:
            async for event in events:
                if isinstance(event, ResponseArrived):
                    known[event.response.participant, event.response.index] = event.response
                yield event
        responses = tuple(known[key] for key in sorted(known))

        texts = [response.text for response in responses if not response.failed]
        yield Embedding(t, len(texts))
        vectors: Vectors = np.empty((0, 0), dtype=np.float32)
        truncated = 0
        if texts:
            embeddings = await self._embedder.embed(texts)
            vectors, truncated = embeddings.vectors, sum(embeddings.truncated)

        posted = tuple(
            self._internet.add(
                response.text,
                self._experiment.cast[response.participant].name,
                "synthetic",
                t + 1,
            )
            for response in first_usable(responses)
        )
        seconds = time.perf_counter() - began
        yield StepCompleted(
            Step(t, k, size, synthetic, draws, responses, vectors, posted, seconds, truncated)
        )

    def _draw(self, t: int, k: int) -> tuple[Draw, ...]:
        seed, draw = self._experiment.seed, self._internet.draw
        participants = range(len(self._experiment.cast))
        match self._experiment.retrieval:
            case "participant":
                return tuple(
                    Draw(t, i, draw(generator(seed, "draw", t, i), k)) for i in participants
                )
            case "shared":
                shared = draw(generator(seed, "draw", t), k)
                return tuple(Draw(t, i, shared) for i in participants)
            case "response":
                return tuple(
                    Draw(t, i, draw(generator(seed, "draw", t, i, index), k), index)
                    for i in participants
                    for index in range(self._experiment.responses)
                )

    def _prompt(self, draw: Draw) -> Prompt:
        experiment = self._experiment
        texts = [post.text for post in self._internet.read(draw.posts)]
        participant = experiment.cast[draw.participant]
        return build_prompt(experiment.template, participant, experiment.query, texts)

    async def _answers(
        self,
        t: int,
        draws: Sequence[Draw],
        prompts: Sequence[Prompt],
        known: Mapping[tuple[int, int], Response],
        preview: TokenPreview | None,
    ) -> AsyncGenerator[Event, None]:
        """Ask for all that is missing at once, and yield what comes as it comes."""
        arrived: asyncio.Queue[Event | None] = asyncio.Queue()
        tasks: list[asyncio.Task[None]] = []
        for draw, prompt in zip(draws, prompts, strict=True):
            indices = (
                range(self._experiment.responses) if draw.response is None else [draw.response]
            )
            missing = [index for index in indices if (draw.participant, index) not in known]
            if missing:
                asking = self._ask(t, draw.participant, prompt, missing, arrived, preview)
                tasks.append(asyncio.create_task(asking))
        for task in tasks:
            task.add_done_callback(lambda _: arrived.put_nowait(None))
        try:
            running = len(tasks)
            while running or not arrived.empty():
                event = await arrived.get()
                if event is not None:
                    yield event
                    continue
                running -= 1
                for task in tasks:
                    if task.done():
                        task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(
        self,
        t: int,
        participant: int,
        prompt: Prompt,
        indices: list[int],
        arrived: asyncio.Queue[Event | None],
        preview: TokenPreview | None,
    ) -> None:
        """Get responses to one prompt; what can't be used is asked for again with a new key."""
        experiment = self._experiment
        who = experiment.cast[participant]
        attempts: dict[int, tuple[Attempt, ...]] = dict.fromkeys(indices, ())
        for number in range(experiment.max_attempts):
            seeds = tuple(
                request_seed(experiment.seed, t, participant, index, number) for index in indices
            )
            request = GenerateRequest(
                who.model, prompt, seeds, who.sampling, self._contexts[participant]
            )
            asked, indices = indices, []
            show = _previewer(preview, participant, asked)
            async with aclosing(self._generators[participant].generate(request, show)) as answers:
                async for generation in answers:
                    index = asked[generation.position]
                    attempt = _attempt(generation)
                    attempts[index] += (attempt,)
                    if attempt.problem and number + 1 < experiment.max_attempts:
                        indices.append(index)
                        arrived.put_nowait(AttemptRejected(t, participant, index, attempt))
                    else:
                        response = Response(t, participant, index, attempts[index])
                        arrived.put_nowait(ResponseArrived(response))
            if silent := [index for index in asked if len(attempts[index]) == number]:
                raise BackendStopped(
                    f"{who.name} ({who.model}) gave {len(asked) - len(silent)} of "
                    f"{len(asked)} answers at t = {t}; resume the run to ask again"
                )
            if not indices:
                return
            indices.sort()


def first_usable(responses: Iterable[Response]) -> list[Response]:
    """Return the first usable response of each participant: the ones that are posted.

    Responses are independent given the draw, so the first usable one is as good a draw from the
    participant's distribution as the first one.
    """
    first: dict[int, Response] = {}
    for response in responses:
        if not response.failed:
            first.setdefault(response.participant, response)
    return list(first.values())


def _previewer(
    preview: TokenPreview | None, participant: int, indices: list[int]
) -> Callable[[int, str], None] | None:
    if preview is None:
        return None
    return lambda position, text: preview(participant, indices[position], text)


def _attempt(generation: Generation) -> Attempt:
    text = generation.text.strip()
    return Attempt(
        text,
        generation.seed,
        generation.finish_reason,
        generation.prompt_tokens,
        generation.completion_tokens,
        generation.seconds,
        problem_of(text, generation.finish_reason),
        generation.thinking,
        generation.host,
        generation.retries,
    )
