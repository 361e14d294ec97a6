"""What a backend is: the protocols that the dynamics call, and the errors that backends raise."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from lwd_tui.errors import LwdError
from lwd_tui.experiment.llm import Sampling
from lwd_tui.types import ModelInfo, Prompt, Vectors

Preview = Callable[[int, str], None]
"""Called with (position in the request, new text) as tokens arrive, on the event loop."""


class BackendError(LwdError):
    """A backend could not do what it was asked, and trying again won't help."""

    exit_code = 3


class ServerMissing(BackendError):
    """No server answers at the host, or what answers isn't such a server."""


class ModelMissing(BackendError):
    """The server or the cache doesn't have the model."""


class WeightsError(BackendError):
    """Packaged weights could not be fetched, or their checksum is wrong."""


class UnfitRequest(BackendError):
    """The request can't be served as it is: an unknown option, a model that can't chat."""

    exit_code = 2


class PromptTooLong(BackendError):
    """The prompt doesn't fit the context; the message names the tokens needed."""

    exit_code = 4


class BackendStopped(BackendError):
    """The server failed and bounded retries did not help; the run is resumable."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A wish for several independent answers to one prompt.

    Attributes
    ----------
    model : str
    prompt : Prompt
    seeds : tuple of int
        One an answer wanted, each in [0, 2**31). A backend that can only take one seed for a
        batch derives the others from the first and reports those it used.
    sampling : Sampling
    context : int
        Tokens of context, the same for every request of a participant in a run.
    """

    model: str
    prompt: Prompt
    seeds: tuple[int, ...]
    sampling: Sampling
    context: int


@dataclass(frozen=True, slots=True)
class Generation:
    """One finished answer; `position` says which of the request's seeds it belongs to."""

    position: int
    text: str
    seed: int
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    thinking: str = ""
    host: str = ""
    retries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Vectors of some texts.

    Attributes
    ----------
    vectors : ndarray of shape (m, p), float32
        In the order of the texts.
    truncated : tuple of bool
        Which texts were cut to the embedder's window.
    """

    vectors: Vectors
    truncated: tuple[bool, ...]


@runtime_checkable
class Generator(Protocol):
    """Something that answers prompts."""

    async def describe(self, model: str) -> ModelInfo:
        """Say what is known about a model; raise ModelMissing or ServerMissing."""
        ...

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count the tokens of a text without special ones; None where the server can't say."""
        ...

    async def prepare(self, contexts: dict[str, int], answers: int) -> None:
        """Get ready for a run.

        Parameters
        ----------
        contexts : dict of str to int
            Each model of the run with the tokens of context it needs, constant over the run.
        answers : int
            L, the answers asked for at a time.
        """
        ...

    def generate(
        self, request: GenerateRequest, preview: Preview | None = None
    ) -> AsyncGenerator[Generation, None]:
        """Yield each answer as it is finished, in any order; closing the iterator cancels.

        Scheduling on the server or the machine (what may run at once) is the backend's own
        business: the dynamics simply ask for all that a step needs.
        """
        ...

    async def aclose(self) -> None:
        """Cancel what is in flight and let go of servers and weights."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Something that maps texts to vectors: phi of the paper."""

    async def describe(self) -> ModelInfo:
        """Say what is known about the model."""
        ...

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts, with the prefix and normalisation the embedder was opened with."""
        ...

    async def aclose(self) -> None:
        """Let go of servers, processes and weights."""
        ...
