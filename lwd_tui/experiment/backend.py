"""What a backend is: how it is opened, the protocols that are called, and the errors it raises.

This file is the whole contract. A backend is one `Backend`, found by `lwd_tui.experiment.registry`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import import_module
from operator import attrgetter
from typing import Protocol, runtime_checkable

from lwd_tui.errors import LwdError
from lwd_tui.experiment.doctor import HostReport
from lwd_tui.experiment.llm import EmbedderSpec, Sampling, Scripted
from lwd_tui.experiment.registry import place_of
from lwd_tui.text import clean_line
from lwd_tui.types import Fetching, ModelInfo, Notice, Prompt, Think, Vectors

Preview = Callable[[int, str], None]
"""Called with (position in the request, new text) as tokens arrive, on the event loop."""
Progress = Callable[[str, int | None, int | None], None]
"""Called with (state, bytes done, bytes in all) while a server fetches a model."""


def rounded_context(tokens: int) -> int:
    """Return tokens of context rounded up to a multiple of 256."""
    return -(-tokens // 256) * 256


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


class NoChatFormat(UnfitRequest):
    """The model was taught no turns; asked for a completion it can go on from a text."""


class Unheeded(UnfitRequest):
    """The server isn't known to heed settings of `Sampling`; `neutral` has those it can do without.

    Parameters
    ----------
    sentence : str
        Says which, without what to do.
    neutral : mapping of str to float
        The settings, at the values by which nothing is changed.
    """

    def __init__(self, sentence: str, neutral: Mapping[str, float]) -> None:
        self.sentence = sentence
        self.neutral = neutral
        settings = ", ".join(f"sampling.{name} = {value:g}" for name, value in neutral.items())
        super().__init__(f"{sentence}; set {settings} for this participant")


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
    think : str
        As of a participant.
    thinking_tokens : int
        Tokens that it may think for, beyond `sampling.max_tokens`.
    """

    model: str
    prompt: Prompt
    seeds: tuple[int, ...]
    sampling: Sampling
    context: int
    think: Think = "auto"
    thinking_tokens: int = 0

    @property
    def new_tokens(self) -> int:
        """Tokens that may be made in all."""
        return self.sampling.max_tokens + self.thinking_tokens


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
    missing : tuple of bool
        Which texts have no vector, alone as in a batch, so that their rows are zero; () for none.
    faults : tuple of str
        What was met before the vectors came, each with its host.
    """

    vectors: Vectors
    truncated: tuple[bool, ...]
    missing: tuple[bool, ...] = ()
    faults: tuple[str, ...] = ()


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
class Tries(Protocol):
    """A generator that can tell, before a run is stored, what it would be refused for."""

    async def try_out(self, request: GenerateRequest) -> bool:
        """Send a request as the run will; raise BackendError where it can't be served.

        Returns
        -------
        bool
            Whether all that answer are of a kind that is known to draw tokens by chance.
        """
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


@dataclass(frozen=True, slots=True)
class Opening:
    """What a backend is given when it is opened for a run.

    Attributes
    ----------
    hosts : tuple of str
        Servers as the user wrote them; none for the one that it takes by itself.
    notice : callable
        Told, a sentence at a time, what the user should know.
    fetching : callable or None
        Told how far weights are, should they have to be fetched.
    scripted : Scripted
        The experiment's settings of scripted models.
    """

    hosts: tuple[str, ...]
    notice: Notice
    fetching: Fetching | None = None
    scripted: Scripted = field(default_factory=Scripted)


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from at a host.

    Attributes
    ----------
    backend : str
    host : str
        As it was reached, or as it was asked for; "" for the backends without one.
    reachable : bool
    words : str
        The state in a sentence: version and what is in memory, or why it can't be reached.
    models : tuple of ModelInfo
        Those that generate, by name.
    absent : frozenset of str
        Names of those that have to be fetched first.
    complete : bool
        Whether a model that isn't among them can't be had there.
    """

    backend: str
    host: str
    reachable: bool
    words: str
    models: tuple[ModelInfo, ...] = ()
    absent: frozenset[str] = frozenset()
    complete: bool = False


def counted(models: Sequence[ModelInfo]) -> str:
    """Say how many models there are."""
    return f"{len(models)} model{'' if len(models) == 1 else 's'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """All that is known of a backend; its module must be quick to import.

    Attributes
    ----------
    generator : callable or None
        Opens what answers prompts; None if it can't.
    embedder : callable or None
        Opens what embeds texts; None if it can't.
    look : callable or None
        Says what a host offers ("" for its usual one); raises BackendError where it can't.
    choose : callable or None
        Chooses so many models at a host, for an experiment that names none.
    models : callable or None
        Lists all models of a host, those that embed among them; None where "" is given and nobody
        said where such a server is.
    doctor : callable or None
        Examines a host, and tries some models there with the tokens of context that each needs.
        What is wrong is in the report; None as for `models`.
    pull : callable or None
        Lets a host fetch a model, and is told how far it is.
    hosts : str
        The hosts it takes if none are given, in words; "" for a backend that has no hosts.
    sets_context : bool
        Whether a run sets how much context its models have, and not who started their server.
    tells_thinking : bool
        Whether a model that can think is always listed as one.
    embedding_model : str
        The embedding model to begin with.
    module, extra, title : str
        The module that it needs installed, the extra of ours that brings it, and what it is for.
    """

    generator: Callable[[Opening], Generator] | None = None
    embedder: Callable[[EmbedderSpec, Opening], Embedder] | None = None
    look: Callable[[str], Awaitable[Offer]] | None = None
    choose: Callable[[str, int], Awaitable[Sequence[str]]] | None = None
    models: Callable[[str], Awaitable[Sequence[ModelInfo] | None]] | None = None
    doctor: Callable[[str, Mapping[str, int] | None], Awaitable[HostReport | None]] | None = None
    pull: Callable[[str, str, Progress], Awaitable[None]] | None = None
    hosts: str = ""
    sets_context: bool = True
    tells_thinking: bool = True
    embedding_model: str = ""
    module: str = ""
    extra: str = ""
    title: str = ""


def load_backend(name: str) -> Backend:
    """Return a backend by its name.

    Raises
    ------
    UnfitRequest
        If there is none, or the package that brings it can't be imported.
    """
    place = place_of(name)
    if place is None:
        raise UnfitRequest(
            f"there is no backend {clean_line(name)!r} here; install the package that brings it"
        )
    module, _, attribute = place.where.partition(":")
    try:
        backend = attrgetter(attribute)(import_module(module))
    except (Exception, SystemExit) as error:  # Of another's package: it may raise anything.
        raise UnfitRequest(
            f"the backend {name} can't be used: importing {place.where} ended in "
            f"{type(error).__name__}: {clean_line(str(error))}; mend or remove the package that "
            "brings it"
        ) from error
    if not isinstance(backend, Backend):
        raise UnfitRequest(f"the backend {name} can't be used: {place.where} is no Backend")
    return backend


class Closable(Protocol):
    """Something that holds connections, weights or processes."""

    async def aclose(self) -> None:
        """Let go of them."""


async def close_all(held: Collection[Closable]) -> None:
    """Close them one after another, the others also where one fails or is no longer waited for."""
    async with AsyncExitStack() as stack:
        for each in reversed(list(held)):
            stack.push_async_callback(each.aclose)
