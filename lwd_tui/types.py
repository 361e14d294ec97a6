"""The records that travel through the house: frozen, and made of numpy and the standard library.

Symbols are those of the paper (arXiv:2506.15690): n participants, L responses a participant and
step, A(t) the posts at step t, k_t = floor(beta * |A(t)|) the posts of one draw, D(t) the
distances between the participants.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Ints = NDArray[np.int64]

Origin = Literal["human", "synthetic", "injected", "noise"]
PromptStyle = Literal["chat", "completion"]
Role = Literal["system", "user", "assistant"]
Think = Literal["auto", "off", "on", "low", "medium", "high"]

NO_EMBEDDING = "it has no embedding"
"""The problem of an answer that its embedder gives no vector for; told when a step is whole."""

Notice = Callable[[str], None]
"""Called with one sentence that the user must see; a run records it, see `lwd_tui.run.notes`."""
Fetching = Callable[[str, int, int], None]
"""Called with (what, bytes done, bytes in all) while weights are fetched, in any thread."""


@dataclass(frozen=True, slots=True)
class Post:
    """One post on the Internet.

    Attributes
    ----------
    id : int
        Position in order of posting, from 0; never reused.
    text : str
        As written; pass it through `lwd_tui.text.clean` before showing it.
    author : str
        Name of the participant, or of the human source ("" where none is given).
    origin : {"human", "synthetic", "injected", "noise"}
        Part of A(0) or fresh human text; written by a participant; put in by hand; noise.
    step : int
        First t at which it can be drawn: 0 for A(0), t + 1 for what was answered at t.
    label : str
        Free annotation such as a sentiment; "" where none is given.
    """

    id: int
    text: str
    author: str
    origin: Origin
    step: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Draw:
    """The posts that one participant read at one step, in the order in which it read them.

    Attributes
    ----------
    t, participant : int
        Step, and position of the participant in the experiment.
    posts : tuple of int
        Ids of the k_t posts.
    response : int or None
        Set only where each response draws for itself; None: shared by all L responses.
    """

    t: int
    participant: int
    posts: tuple[int, ...]
    response: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is given: chat messages, or one text for a base model to go on from."""

    style: PromptStyle
    messages: tuple[Message, ...]

    @classmethod
    def completion(cls, text: str) -> Prompt:
        """Make a prompt that a base model continues."""
        return cls("completion", (Message("user", text),))

    @property
    def text(self) -> str:
        """The bare text of a completion prompt; of a chat, its contents joined by blank lines."""
        return "\n\n".join(message.content for message in self.messages)

    @property
    def has_system(self) -> bool:
        """Whether it begins with a system text."""
        return bool(self.messages) and self.messages[0].role == "system"

    def without_system(self) -> Prompt:
        """Return the chat with its system text at the head of the turn that follows it."""
        if not self.has_system or len(self.messages) == 1:
            return self
        system, first, *rest = self.messages
        turn = Message(first.role, f"{system.content}\n\n{first.content}")
        return Prompt(self.style, (turn, *rest))

    def to_json(self) -> str:
        """Return the canonical form that is stored and hashed."""
        turns = [[message.role, message.content] for message in self.messages]
        return json.dumps({"style": self.style, "messages": turns}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Prompt:
        """Read back what `to_json` wrote."""
        data = json.loads(text)
        turns = tuple(Message(role, body) for role, body in data["messages"])
        if not all(isinstance(turn.content, str) and turn.role in get_args(Role) for turn in turns):
            raise ValueError("a prompt isn't made of messages")
        if data["style"] not in get_args(PromptStyle):
            raise ValueError("a prompt is of no known style")
        return cls(data["style"], turns)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer of a model, usable or not.

    Attributes
    ----------
    text : str
        The answer as it came, stripped of outer white space only.
    seed : int
        The seed that the backend was given, or used where it derives its own.
    finish_reason : str
        "stop", "length", or the server's own word.
    prompt_tokens, completion_tokens : int or None
        As the backend counted them; None where it doesn't say.
    seconds : float
        From the request to its last token.
    problem : str
        Why it can't be used; "" for a usable answer.
    thinking : str
        Reasoning kept apart from the answer by the model's server.
    host : str
        The server that answered; "" for a model in this process.
    retries : tuple of str
        Faults met before this answer came, in order.
    """

    text: str
    seed: int
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    problem: str = ""
    thinking: str = ""
    host: str = ""
    retries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """f_{i,l}: the l-th response of participant i at step t, with every attempt that led to it.

    `query` is the number of the query that it answers, from 1; 0 stands for all together, see
    `lwd_tui.replicates`.
    """

    t: int
    participant: int
    index: int
    attempts: tuple[Attempt, ...]
    query: int = 1

    @property
    def final(self) -> Attempt:
        """The attempt that stands."""
        return self.attempts[-1]

    @property
    def text(self) -> str:
        """The text of the attempt that stands."""
        return self.final.text

    @property
    def failed(self) -> bool:
        """Whether no attempt was usable: left out of every mean and never posted."""
        return bool(self.final.problem)


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Where the participants stand at one step.

    Attributes
    ----------
    distances : ndarray of shape (n, n)
        D(t), with rows of NaN for a participant without any usable response.
    norm : float
        Frobenius norm of D(t) over the full matrix; NaN if a participant is missing.
    norm_debiased, noise_floor : float
        See `lwd_tui.analysis.distance`; NaN where they are not defined (L < 2).
    dispersion : ndarray of shape (n,)
        S_i, the trace of the unbiased covariance of the responses of participant i.
    coordinates : ndarray of shape (m, 2)
        Classical multidimensional scaling of the m usable responses.
    owners : ndarray of shape (m,)
        The participant of each row of `coordinates`.
    explained : float
        Share of the total squared distance that the two axes show, 0 to 1; 1 if there is none
        but of rounding.
    """

    distances: Floats
    norm: float
    norm_debiased: float
    noise_floor: float
    dispersion: Floats
    coordinates: Floats
    owners: Ints
    explained: float


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One whole step of Algorithm 1.

    Attributes
    ----------
    t, k : int
        The step, and k_t; where participants read different networks, the largest.
    size, synthetic : int
        |A(t)| before this step's answers are posted, and how many of those a model wrote.
    draws : tuple of Draw
    responses : tuple of Response
        Ordered by participant, then index; n * L of them.
    embeddings : ndarray of shape (m, p), float32
        Of the usable responses, in the order of `responses`.
    posted : tuple of Post
        What this step adds to A(t + 1).
    seconds : float
        Wall time of the step.
    truncated : int
        Number of texts that the embedder had to cut to its window.
    geometry : Geometry or None
        None until the analysis has seen the step.
    asked : tuple of Step
        The same step with the answers to each further query in the place of these.
    together : Step or None
        The same step with the replicates of all queries, see `lwd_tui.replicates`; None where
        there is one query, or until the analysis has seen the step.
    """

    t: int
    k: int
    size: int
    synthetic: int
    draws: tuple[Draw, ...]
    responses: tuple[Response, ...]
    embeddings: Vectors
    posted: tuple[Post, ...]
    seconds: float
    truncated: int = 0
    geometry: Geometry | None = None
    asked: tuple[Step, ...] = ()
    together: Step | None = None

    def of_query(self, query: int) -> Step:
        """Return the step with the answers to a query, from 1; 0: to all together."""
        if query == 0:
            return self.together or self
        return self.asked[query - 2] if query > 1 else self

    @property
    def usable(self) -> list[Response]:
        """The responses that are embedded, in the order of `embeddings`."""
        return [response for response in self.responses if not response.failed]

    @property
    def failed(self) -> int:
        """How many responses have no usable attempt."""
        return len(self.responses) - len(self.usable)

    @property
    def owners(self) -> Ints:
        """The participant of each row of `embeddings`."""
        return np.array([response.participant for response in self.usable], dtype=np.int64)

    def draw_for(self, participant: int, index: int) -> Draw | None:
        """Return what was drawn for a response; None if there is no such response."""
        for draw in self.draws:
            if draw.participant == participant and draw.response in (None, index):
                return draw
        return None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known about a model, as recorded with a run.

    Attributes
    ----------
    name, backend : str
    digest : str
        SHA-256 of the weights, or the server's own digest; "" if unknown.
    family, parameters, quantisation : str
        Such as "llama", "135M", "Q4_1"; "" if unknown.
    size : int or None
        Bytes of the weights.
    context_length : int or None
        Tokens that the model was trained for.
    capabilities : tuple of str
        Of "generate", "chat", "embed"; "no-system" where its chat has no place for a system text;
        "thinking", and "always-thinking" where it can't be told not to; "remote" where the server
        only passes requests on to another machine.
    odd : str
        What is odd about it, in a sentence; "" for nothing.
    licence, server, host : str
    loaded : bool or None
    gpu_share : float or None
        Share of the loaded model that sits in GPU memory, 0 to 1.
    """

    name: str
    backend: str
    digest: str = ""
    family: str = ""
    parameters: str = ""
    quantisation: str = ""
    size: int | None = None
    context_length: int | None = None
    capabilities: tuple[str, ...] = ()
    licence: str = ""
    server: str = ""
    host: str = ""
    loaded: bool | None = None
    gpu_share: float | None = None
    odd: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return fields | {"capabilities": list(self.capabilities)}
