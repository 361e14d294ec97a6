"""Algorithm 1: a network of language models that read what language models wrote."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from lwd_tui.experiment.backend import BackendStopped, Embedder, Generator
from lwd_tui.experiment.llm import Experiment
from lwd_tui.llm.additions import fresh_posts, noise_posts
from lwd_tui.llm.answers import attempt_of
from lwd_tui.llm.chance import look_greedy, other_seeds, refuse_greedy
from lwd_tui.llm.clock import Clock
from lwd_tui.llm.internet import Internet
from lwd_tui.llm.prompt import build_prompt, post_line, request_of
from lwd_tui.llm.retrieval import Retrieval
from lwd_tui.seeds import request_seed
from lwd_tui.types import NO_EMBEDDING, Attempt, Draw, Post, Prompt, Response, Step, Vectors


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins: what every participant has drawn, and the prompts made of it.

    `prompts` has one entry a draw, in the order of `draws`; `asked` as many for each further query.
    """

    t: int
    k: int
    size: int
    draws: tuple[Draw, ...]
    prompts: tuple[Prompt, ...]
    asked: tuple[tuple[Prompt, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptRejected:
    """An answer can't be used and is asked for again."""

    t: int
    participant: int
    index: int
    attempt: Attempt
    query: int = 1


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


@dataclass(frozen=True, slots=True)
class PostArrived:
    """A post is on the Internet that no step brought: put in by hand, before step `post.step`."""

    post: Post


Event = StepStarted | AttemptRejected | ResponseArrived | Embedding | StepCompleted | PostArrived
TokenPreview = Callable[[int, int, str], None]
"""Called with (participant, response, new text) as tokens of the answers to the first query arrive;
may be dropped."""

Place = tuple[int, int, int]
"""Of a response in a step: query, participant, index; ordered like that."""


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

    Attributes
    ----------
    drawing : bool
        Whether a step is being drawn, which takes time where posts are ranked: what it draws from
        is settled by then.
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
        self._retrieval = Retrieval(experiment, internet, embedder)
        self._lines: list[str] = []
        self._generators = generators
        self._contexts = contexts
        self._embedder = embedder
        self._clock = clock
        self.drawing = False

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
        known = {_place(answer): answer for answer in pending}
        for t in range(start, self._experiment.steps + 1):
            await self._clock.tick()
            async with aclosing(self._step(t, known, preview, t == start)) as events:
                async for event in events:
                    yield event
            known = {}

    async def _step(
        self,
        t: int,
        known: dict[Place, Response],
        preview: TokenPreview | None,
        first: bool,
    ) -> AsyncGenerator[Event, None]:
        began = time.perf_counter()
        here = self._internet.since(self._experiment.oldest(t))
        size = len(here)
        synthetic = self._internet.synthetic(here)
        self.drawing = True
        try:
            draws = await self._retrieval.draw(t)
        finally:
            self.drawing = False
        k = max(len(draw.posts) for draw in draws)
        prompts, *asked = (
            tuple(self._prompt(draw, query) for draw in draws) for query in self._experiment.queries
        )
        yield StepStarted(t, k, size, draws, prompts, tuple(asked))

        async with aclosing(self._answers(t, draws, (prompts, *asked), known, preview)) as events:
            async for event in events:
                if isinstance(event, ResponseArrived):
                    known[_place(event.response)] = event.response
                yield event
        ordered = groupby((known[place] for place in sorted(known)), lambda each: each.query)
        answers = [tuple(each) for _, each in ordered]
        if first:
            await self._refuse_greedy(t, draws, prompts, answers[0])

        yield Embedding(t, sum(not response.failed for each in answers for response in each))
        # Query by query, so that those of the first go in the batches in which they go alone.
        (responses, vectors, truncated), *others = [await self._embedded(each) for each in answers]
        posted = tuple(self._post(t, responses))
        seconds = time.perf_counter() - began
        step = Step(t, k, size, synthetic, draws, responses, vectors, posted, seconds, truncated)
        further = (
            replace(step, responses=each, embeddings=rows, truncated=cut)
            for each, rows, cut in others
        )
        yield StepCompleted(replace(step, asked=tuple(further)))

    async def _embedded(
        self, responses: tuple[Response, ...]
    ) -> tuple[tuple[Response, ...], Vectors, int]:
        """Return responses, those without a vector marked, their vectors, and how many were cut."""
        texts = [response.text for response in responses if not response.failed]
        if not texts:
            return responses, np.empty((0, 0), dtype=np.float32), 0
        embeddings = await self._embedder.embed(texts)
        vectors = embeddings.vectors
        if any(embeddings.missing):
            responses = _without_vectors(responses, embeddings.missing)
            vectors = vectors[~np.array(embeddings.missing)]
        return responses, vectors, sum(embeddings.truncated)

    async def _refuse_greedy(
        self,
        t: int,
        draws: Sequence[Draw],
        prompts: Sequence[Prompt],
        responses: Sequence[Response],
    ) -> None:
        """Raise RunWorthless if a participant's server doesn't draw by chance, though asked to."""
        seed, count = self._experiment.seed, self._experiment.responses
        prompt_of = {draw.participant: prompt for draw, prompt in zip(draws, prompts, strict=True)}
        for i, who in enumerate(self._experiment.cast):
            own = [response for response in responses if response.participant == i]
            if look_greedy(own, who.sampling):
                seeds = other_seeds(seed, t, i, count)
                request = request_of(who, prompt_of[i], seeds, self._contexts[i])
                await refuse_greedy(self._generators[i], request, own, who.name)

    def _post(self, t: int, responses: Iterable[Response]) -> Iterator[Post]:
        """Put on the Internet what step t adds to it."""
        experiment, add = self._experiment, self._internet.add
        if experiment.interaction:
            for response in first_usable(responses, experiment.posts_each):
                who = experiment.cast[response.participant]
                if not who.silent:
                    yield add(response.text, who.name, "synthetic", t + 1)
        if t < experiment.steps:
            for post in fresh_posts(experiment, self._internet.fresh()):
                yield add(post.text, post.author, "human", t + 1, post.label)
            for text in noise_posts(experiment, t):
                yield add(text, "", "noise", t + 1)

    def _prompt(self, draw: Draw, query: str) -> Prompt:
        experiment, internet = self._experiment, self._internet
        # A post is read many times over: its line is made once.
        self._lines.extend(
            post_line(experiment.template, internet[post_id].text)
            for post_id in range(len(self._lines), len(internet))
        )
        lines = [self._lines[post_id] for post_id in draw.posts]
        participant = experiment.cast[draw.participant]
        return build_prompt(experiment.template, participant, query, lines)

    async def _answers(
        self,
        t: int,
        draws: Sequence[Draw],
        prompts: Sequence[Sequence[Prompt]],
        known: Mapping[Place, Response],
        preview: TokenPreview | None,
    ) -> AsyncGenerator[Event, None]:
        """Ask for all that is missing at once, and yield what comes as it comes.

        There are prompts for each query, and those of the first are asked for first.
        """
        arrived: asyncio.Queue[Event | None] = asyncio.Queue()
        tasks: list[asyncio.Task[None]] = []
        for query, each in enumerate(prompts, 1):
            heard = preview if query == 1 else None
            for draw, prompt in zip(draws, each, strict=True):
                who, own = draw.participant, draw.response
                indices = range(self._experiment.responses) if own is None else [own]
                missing = [index for index in indices if (query, who, index) not in known]
                if missing:
                    asking = self._ask(t, query, who, prompt, missing, arrived, heard)
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
        query: int,
        participant: int,
        prompt: Prompt,
        indices: list[int],
        arrived: asyncio.Queue[Event | None],
        preview: TokenPreview | None,
    ) -> None:
        """Get responses to one prompt; what can't be used is asked for again with a new key."""
        experiment = self._experiment
        who = experiment.cast[participant]
        # The seeds of the first query are those of a run that asks no other.
        further = (query,) if query > 1 else ()
        attempts: dict[int, tuple[Attempt, ...]] = dict.fromkeys(indices, ())
        number = 0
        while indices:
            asked, indices = sorted(indices), []
            seeds = tuple(
                request_seed(experiment.seed, t, participant, index, number, *further)
                for index in asked
            )
            request = request_of(who, prompt, seeds, self._contexts[participant])
            show = _previewer(preview, participant, asked)
            async with aclosing(self._generators[participant].generate(request, show)) as answers:
                async for generation in answers:
                    index = asked[generation.position]
                    attempt = attempt_of(generation)
                    attempts[index] += (attempt,)
                    if attempt.problem and number + 1 < experiment.max_attempts:
                        indices.append(index)
                        arrived.put_nowait(AttemptRejected(t, participant, index, attempt, query))
                    else:
                        response = Response(t, participant, index, attempts[index], query)
                        arrived.put_nowait(ResponseArrived(response))
            if silent := [index for index in asked if len(attempts[index]) == number]:
                raise BackendStopped(
                    f"{who.name} ({who.model}) gave {len(asked) - len(silent)} of "
                    f"{len(asked)} answers at t = {t}; resume the run to ask again"
                )
            number += 1


def _place(response: Response) -> Place:
    return response.query, response.participant, response.index


def _without_vectors(
    responses: Iterable[Response], missing: Sequence[bool]
) -> tuple[Response, ...]:
    """Return the responses with those marked that have no vector, in the order of the usable."""
    lacks = iter(missing)

    def marked(response: Response) -> Response:
        if response.failed or not next(lacks):
            return response
        final = replace(response.final, problem=NO_EMBEDDING)
        return replace(response, attempts=(*response.attempts[:-1], final))

    return tuple(map(marked, responses))


def first_usable(responses: Iterable[Response], count: int = 1) -> list[Response]:
    """Return the first usable responses of each participant, `count` of them: what is posted.

    Responses are independent given the draw, so the first usable one is as good a draw from the
    participant's distribution as the first one.
    """
    taken: Counter[int] = Counter()
    posted = []
    for response in responses:
        if not response.failed and taken[response.participant] < count:
            taken[response.participant] += 1
            posted.append(response)
    return posted


def _previewer(
    preview: TokenPreview | None, participant: int, indices: list[int]
) -> Callable[[int, str], None] | None:
    if preview is None:
        return None
    return lambda position, text: preview(participant, indices[position], text)
