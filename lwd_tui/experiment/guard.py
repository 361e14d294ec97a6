"""Backends of other packages, whose own errors are told in a sentence instead of a traceback.

A mistake in one of ours is ours, and is reported as one; see `lwd_tui.cli.outcome`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext

from lwd_tui.errors import LwdError
from lwd_tui.experiment.backend import (
    BackendError,
    BackendStopped,
    Embedder,
    Embeddings,
    GenerateRequest,
    Generation,
    Generator,
    Opening,
    Preview,
    Tries,
    UnfitRequest,
    load_backend,
)
from lwd_tui.experiment.llm import EmbedderSpec
from lwd_tui.experiment.registry import OURS
from lwd_tui.text import clean_line, shorten
from lwd_tui.types import ModelInfo

_LONGEST = 300


def guarded_generator(name: str, opening: Opening) -> Generator:
    """Open what answers prompts, guarded where it isn't ours; raise BackendError if it can't."""
    opens = load_backend(name).generator
    if opens is None:
        raise UnfitRequest(f"the backend {name} answers no prompts; choose another")
    with guarded(name):
        opened = opens(opening)
        return opened if name in OURS else _GuardedGenerator(name, opened)


def guarded_embedder(spec: EmbedderSpec, opening: Opening) -> Embedder:
    """Open what embeds texts, guarded where it isn't ours; raise BackendError if it can't."""
    name = spec.backend
    opens = load_backend(name).embedder
    if opens is None:
        raise UnfitRequest(f"the backend {name} embeds no texts; choose another")
    with guarded(name):
        opened = opens(spec, opening)
        return opened if name in OURS else _GuardedEmbedder(name, opened)


def guarded(name: str) -> AbstractContextManager[None]:
    """Return what tells the errors of a backend that isn't ours."""
    return nullcontext() if name in OURS else told(name, BackendError)


@contextmanager
def told(name: str, kind: type[BackendError]) -> Iterator[None]:
    """Raise whatever another package's code raises as an error of that kind."""
    try:
        yield
    except (LwdError, GeneratorExit):
        raise
    except Exception as error:
        said = shorten(clean_line(str(error)), _LONGEST) or "no reason given"
        raise kind(f"the backend {name} failed: {type(error).__name__}: {said}") from error


class _GuardedGenerator:
    def __init__(self, name: str, inner: Generator) -> None:
        self._name, self._inner = name, inner

    async def describe(self, model: str) -> ModelInfo:
        with told(self._name, BackendError):
            return await self._inner.describe(model)

    async def count_tokens(self, model: str, text: str) -> int | None:
        with told(self._name, BackendError):
            return await self._inner.count_tokens(model, text)

    async def prepare(self, contexts: dict[str, int], answers: int) -> None:
        with told(self._name, BackendError):
            await self._inner.prepare(contexts, answers)

    async def try_out(self, request: GenerateRequest) -> bool:
        if not isinstance(self._inner, Tries):
            return True
        with told(self._name, BackendError):
            return bool(await self._inner.try_out(request))

    async def generate(
        self, request: GenerateRequest, preview: Preview | None = None
    ) -> AsyncGenerator[Generation, None]:
        with told(self._name, BackendStopped):
            async with aclosing(self._inner.generate(request, preview)) as answers:
                async for answer in answers:
                    yield answer

    async def aclose(self) -> None:
        with told(self._name, BackendError):
            await self._inner.aclose()


class _GuardedEmbedder:
    def __init__(self, name: str, inner: Embedder) -> None:
        self._name, self._inner = name, inner

    async def describe(self) -> ModelInfo:
        with told(self._name, BackendError):
            return await self._inner.describe()

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        with told(self._name, BackendStopped):
            return await self._inner.embed(texts)

    async def aclose(self) -> None:
        with told(self._name, BackendError):
            await self._inner.aclose()
