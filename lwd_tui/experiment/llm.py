"""The experiment: what is run, as validated data that is read from and written to TOML.

The names are the words of the paper; its symbols are given where a field has one. What the paper
leaves open (template, sampling, retries) is a field with a documented default here, so that every
run records it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lwd_tui.experiment.exchange import Exchange, share_of
from lwd_tui.experiment.registry import known_embedder, known_generator
from lwd_tui.experiment.section import NEWER, Name, Section, Specification
from lwd_tui.experiment.section import InvalidExperiment as InvalidExperiment
from lwd_tui.experiment.section import parse_setting as parse_setting
from lwd_tui.types import PromptStyle, Think

Ranking = Literal["uniform", "similar", "recent"]
NoiseKind = Literal["shuffled", "off-topic"]
GeneratorName = Annotated[str, AfterValidator(known_generator)]
EmbedderName = Annotated[str, AfterValidator(known_embedder)]

Text = Annotated[str, StringConstraints(min_length=1)]
NonBlank = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]

MOST_QUERIES = 100


class Sampling(Section):
    """How a model's tokens are drawn. The paper states none of these; the defaults are ours.

    Attributes
    ----------
    temperature, top_p, top_k, min_p, repeat_penalty : float or int
        As llama.cpp and Ollama define them; 1.0 for `repeat_penalty` is no penalty.
    max_tokens : int
        An answer cut by this limit is not used: it is asked for again.
    thinking_tokens : int
        Tokens beyond `max_tokens` for a participant that thinks before it answers.
    stop : tuple of str
        Texts that end an answer.
    """

    temperature: float = Field(0.8, ge=0, le=5)
    top_p: float = Field(0.95, gt=0, le=1)
    top_k: int = Field(40, ge=0)
    min_p: float = Field(0.05, ge=0, le=1)
    repeat_penalty: float = Field(1.0, gt=0, le=5)
    max_tokens: int = Field(96, ge=1, le=32768)
    thinking_tokens: int = Field(1024, ge=0, le=131072, json_schema_extra=NEWER)
    stop: tuple[Text, ...] = ()


class Participant(Section):
    """One of the n models of the network.

    Attributes
    ----------
    name : str
        Shown everywhere, and the author of the posts; unique in the experiment.
    backend, model : str
        Who runs it, and the model's name there, or a path where it takes one.
    host : str
        Server of this participant alone; "" for the hosts of the run.
    system : str
        Persona; "" for the template's own system prompt.
    style : {"chat", "completion"}
        "completion" for base models, which have no chat template.
    think : {"auto", "off", "on", "low", "medium", "high"}
        Whether it thinks before it answers, and how much where the model has levels. "auto": not
        at all where it can be told so, else as little as it can; the run records which.
    context : int
        Tokens of context; 0 sizes it for k_T before the run starts.
    silent : bool
        It reads and answers, and none of it is posted.
    sampling : Sampling
    """

    name: Name
    backend: GeneratorName
    model: NonBlank
    host: str = ""
    system: str = ""
    style: PromptStyle = "chat"
    think: Think = Field("auto", json_schema_extra=NEWER)
    context: int = Field(0, ge=0)
    silent: bool = Field(False, json_schema_extra=NEWER)
    sampling: Sampling = Sampling()

    @property
    def thinking_tokens(self) -> int:
        """Tokens that it may think for, beyond those of its answer."""
        return 0 if self.think in ("auto", "off") else self.sampling.thinking_tokens


class EmbedderSpec(Section):
    """phi: the map from a response to R^p.

    Attributes
    ----------
    backend, model : str
    host : str
    prefix : str
        Put before every text, such as nomic's "clustering: ".
    normalise : bool
        True: unit vectors. False: as the model gives them (raw), as in the paper.
    """

    backend: EmbedderName = "embedded"
    model: NonBlank = "all-minilm-l6-v2"
    host: str = ""
    prefix: str = ""
    normalise: bool = True

    @property
    def scale(self) -> str:
        """What the distances are between, in words."""
        return "unit vectors" if self.normalise else "raw vectors"


_PLACES = {
    "post": ("{post}",),
    "chat": ("{posts}", "{query}"),
    "completion": ("{posts}", "{query}"),
    "unread": ("{query}",),
}


class Template(Section):
    """The words around the posts and the query. `{post}`, `{posts}` and `{query}` are filled in.

    Attributes
    ----------
    system : str
        System prompt of participants that have no persona; "" sends none.
    post : str
        One post; those of a draw are joined by line breaks.
    chat, completion : str
        The whole prompt for an instructed model, and for a base model.
    unread : str
        The prompt while there is nothing to read (k_t = 0), for both styles.
    """

    system: str = "You take part in a discussion on the Internet. Answer in your own words."
    post: str = "- {post}"
    chat: str = "{posts}\n\n{query}"
    completion: str = "{query}\n\n{posts}\n-"
    unread: str = "{query}"

    @field_validator(*_PLACES)
    @classmethod
    def _has_its_places(cls, value: str, info: ValidationInfo) -> str:
        missing = [place for place in _PLACES[str(info.field_name)] if place not in value]
        if missing:
            raise ValueError(f"must contain {' and '.join(missing)}")
        return value


class Scripted(Section):
    """How the scripted models behave; used by participants with that backend only.

    Attributes
    ----------
    attraction : float
        0: a model never heeds what it read; 1: it says only what it read.
    spread : float
        How much the answers of one model differ from each other.
    tokens_per_second : float
        Pace of the answers; 0 answers at once.
    failures : float
        Share of attempts that come back unusable, to rehearse retries.
    """

    attraction: float = Field(0.7, ge=0, le=1)
    spread: float = Field(0.3, ge=0, le=1)
    tokens_per_second: float = Field(0, ge=0)
    failures: float = Field(0, ge=0, le=1)


class SeedPost(Section):
    """One post of A(0)."""

    text: NonBlank
    author: str = ""
    label: str = ""


class Experiment(Specification, Exchange):
    """A run's whole specification.

    Attributes
    ----------
    name, description : str
    query : str or tuple of str
        q, asked at every step; several are asked of each participant with the same posts read, and
        it posts what it answers to the first. A list of one text is that text.
    participants : tuple of Participant, or "auto"
        "auto": chosen when the run starts, among what is reachable; the run records whom.
    posts : tuple of SeedPost
        A(0).
    responses : int
        L, answers a participant and step.
    steps : int
        T; the run has T + 1 steps, t = 0 .. T.
    beta : float
        k_t = floor(beta * |A(t)|).
    seed : int
        All randomness of the run comes from it.
    ranking : {"uniform", "similar", "recent"}
        Which k_t posts a draw takes: any (the paper); those nearest to the query by the cosine of
        their embeddings; the newest. Ties are broken at random.
    posts_each : int
        Usable responses that each participant posts at each step, the first ones (the paper: 1).
    noise_kind : {"shuffled", "off-topic"}
        What the `noise` posts of each step are: posts of A(0) with their words shuffled, or
        sentences about other things.
    reserve : tuple of SeedPost
        Human posts that `fresh` takes from, each once, in an order of chance.
    max_attempts : int
        How often an unusable answer is asked for before it counts as failed.
    embedder, template, scripted
        See there.
    """

    query: NonBlank | tuple[NonBlank, ...]
    responses: int = Field(4, ge=1, le=100_000)
    steps: int = Field(8, ge=1, le=1_000_000)
    beta: float = Field(0.5, gt=0, le=1)
    seed: int = Field(7, ge=0, lt=2**63)
    ranking: Ranking = "uniform"
    posts_each: int = Field(1, ge=1)
    noise_kind: NoiseKind = "shuffled"
    max_attempts: int = Field(3, ge=1, le=20)
    embedder: EmbedderSpec = EmbedderSpec()
    template: Template = Template()
    scripted: Scripted = Scripted()
    participants: tuple[Participant, ...] | Literal["auto"]
    posts: tuple[SeedPost, ...] = ()
    reserve: tuple[SeedPost, ...] = ()

    @field_validator("query")
    @classmethod
    def _distinct_queries(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if isinstance(value, str):
            return value
        if not 0 < len(value) <= MOST_QUERIES:
            raise ValueError(f"must hold 1 to {MOST_QUERIES} texts, not {len(value)}")
        seen: dict[str, int] = {}
        for number, text in enumerate(value, 1):
            first = seen.setdefault(" ".join(text.split()), number)
            if first != number:
                raise ValueError(
                    f"{first} and {number} are the same; to ask one more often, raise responses"
                )
        return value if len(value) > 1 else value[0]

    @field_validator("participants", mode="before")
    @classmethod
    def _some_participants(cls, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            if value == "auto":
                return value
            raise ValueError('must be "auto" or a list of [[participants]] tables')
        if not value:
            raise ValueError("must hold at least one participant")
        return value

    @model_validator(mode="after")
    def _distinct_names(self) -> Self:
        seen: set[str] = set()
        for participant in self.cast:
            if participant.name in seen:
                raise ValueError(f"participants: the name {participant.name!r} is used twice")
            seen.add(participant.name)
        return self

    @model_validator(mode="after")
    def _exchange_fits(self) -> Self:
        if self.posts_each > self.responses:
            raise ValueError(
                f"posts_each = {self.posts_each}: must be at most responses = {self.responses}"
            )
        if self.fresh * self.steps > len(self.reserve):
            raise ValueError(
                f"fresh = {self.fresh}: {self.steps} steps need {self.fresh * self.steps} posts "
                f"in reserve, and there are {len(self.reserve)}"
            )
        if self.noise and self.noise_kind == "shuffled" and not self.posts:
            raise ValueError("noise: there are no posts whose words could be shuffled")
        if self.cast and not self.readers(len(self.cast)).all() and self.retrieval == "shared":
            raise ValueError(
                'retrieval = "shared" needs a network in which everyone reads everyone'
            )
        return self

    @property
    def cast(self) -> tuple[Participant, ...]:
        """The participants; empty while they are still "auto"."""
        return () if self.participants == "auto" else self.participants

    @property
    def queries(self) -> tuple[str, ...]:
        """The m queries, the first being the one whose answers are posted."""
        return (self.query,) if isinstance(self.query, str) else self.query

    def looked_at(self, query: int) -> str:
        """Say what is looked at, a query from 1 or all (0), where there are several."""
        m = len(self.queries)
        if m == 1:
            return ""
        return f"query {query} of {m}" if query else f"all {m} queries together"

    def scale_of(self, query: int) -> str:
        """Say what the distances are between, and of which query if there are several."""
        which = self.looked_at(query)
        return f"{which}, {self.embedder.scale}" if which else self.embedder.scale

    def size(self, t: int) -> int:
        """|A(t)|, if every participant has enough usable responses.

        In the paper's network |A(0)| + n t.
        """
        speaking = sum(not who.silent for who in self.cast)
        written = speaking * self.posts_each if self.interaction else 0
        oldest = self.oldest(t)
        human = len(self.posts) if oldest == 0 else 0
        return human + (written + self.fresh + self.noise) * (t - max(oldest - 1, 0))

    def draw_size(self, size: int) -> int:
        """k_t = floor(beta * |A(t)|) for an Internet of `size` posts."""
        return share_of(self.beta, size)
