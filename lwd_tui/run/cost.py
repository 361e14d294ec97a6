"""What a run costs, said before it starts: responses, prompt tokens, context and time.

All of it is arithmetic on the experiment, but for the time: how fast models read and write is
measured by a short request to each (`lwd_tui.run.rehearsal`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lwd_tui.experiment.backend import load_backend
from lwd_tui.experiment.llm import Experiment, Participant
from lwd_tui.llm.context import estimated_tokens, frame, outside_texts, worst_context
from lwd_tui.llm.prompt import build_prompt, post_line
from lwd_tui.text import duration, quantity

# English has about 4 bytes a token; a context is sized with 3, which is on the safe side.
_BYTES = 4
# Tokens of one sentence, until a probe has seen the model's own answers.
_SENTENCE = 40

Runner = tuple[str, str, str]
"""Who answers: backend, host and model. Participants that share all three share its speed."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a model answers, all answers to one prompt together.

    Attributes
    ----------
    read, write : float
        Prompt tokens and new tokens a second.
    answer : float
        New tokens of an answer.
    """

    read: float
    write: float
    answer: float


@dataclass(frozen=True, slots=True)
class Share:
    """What one participant has to do in a run.

    Attributes
    ----------
    prompts, prompt_tokens : int
        Prompts, and their tokens in all; each is read once, however many answers it gets.
    new_tokens : int
    context : int
        Tokens of context: those that are set, else a bound on the longest prompt with its answer.
    needed : int
        That bound.
    """

    prompts: int
    prompt_tokens: int
    new_tokens: int
    context: int
    needed: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run costs.

    Attributes
    ----------
    responses : int
        (T + 1) n L m.
    shares : tuple of Share
        One a participant.
    seconds : float or None
        Estimated time of the requests; None while the speed of a model isn't known.
    """

    responses: int
    shares: tuple[Share, ...]
    seconds: float | None

    @property
    def prompts(self) -> int:
        """Prompts in all."""
        return sum(share.prompts for share in self.shares)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all prompts."""
        return sum(share.prompt_tokens for share in self.shares)

    @property
    def context(self) -> int:
        """The largest context that is needed."""
        return max(share.context for share in self.shares)

    def sentence(self) -> str:
        """Say it in one sentence."""
        parts = [
            f"{self.responses:,} responses to {self.prompts:,} prompts",
            f"about {quantity(self.prompt_tokens)} prompt tokens to read",
            f"needs a context of up to {self.context:,} tokens",
        ]
        if self.seconds is not None:
            parts.append(f"about {duration(self.seconds)}")
        return ", ".join(parts)


def runner(who: Participant) -> Runner:
    """Return who answers for a participant."""
    return who.backend, who.host, who.model


def estimate(experiment: Experiment, speeds: Mapping[Runner, Speed] | None = None) -> Cost:
    """Work out what a run costs.

    The posts that models write are taken to be as long as the answers that were measured, or as
    a sentence. Answers that must be asked for again are left out, and so is the embedding.

    Parameters
    ----------
    experiment : Experiment
        With its participants chosen.
    speeds : mapping of Runner to Speed, optional
        Those that were measured.
    """
    known = [(speeds or {}).get(runner(who)) for who in experiment.cast]
    answers = [
        float(min(who.sampling.max_tokens, _SENTENCE)) if speed is None else speed.answer
        for who, speed in zip(experiment.cast, known, strict=True)
    ]
    reading = _reading(experiment, sum(answers) / len(answers))
    asked = answers_each(experiment)
    shares = []
    for who, answer, (prompts, tokens) in zip(experiment.cast, answers, reading, strict=True):
        needed = needed_context(experiment, who)
        written = asked * answer
        shares.append(Share(prompts, round(tokens), round(written), who.context or needed, needed))
    return Cost(asked * len(experiment.cast), tuple(shares), _seconds(experiment, shares, known))


def answers_each(experiment: Experiment) -> int:
    """Return how many answers a participant gives in a run."""
    return (experiment.steps + 1) * experiment.responses * len(experiment.queries)


def needed_context(experiment: Experiment, who: Participant) -> int:
    """Bound the context of a participant without its tokenizer, rather too high than too low."""
    lines = [post_line(experiment.template, text) for text in outside_texts(experiment)]
    around = estimated_tokens(frame(experiment, who))
    return worst_context(experiment, who, [estimated_tokens(line) + 1 for line in lines], around)


def strain(experiment: Experiment, cost: Cost, limits: Mapping[Runner, int]) -> str:
    """Say whose context may not do for the longest prompts; "" if there is nobody.

    Parameters
    ----------
    experiment : Experiment
    cost : Cost
    limits : mapping of Runner to int
        Tokens of context that models were made for, as far as that is known.
    """
    for who, share in zip(experiment.cast, cost.shares, strict=True):
        limit = limits.get(runner(who))
        if limit is not None and share.context > limit:
            return (
                f"{who.name} was made for a context of {limit:,} tokens and may need more: lower "
                "T, beta or max_tokens"
            )
        if share.context < share.needed:
            return (
                f"{who.name} has a context of {share.context:,} tokens and may need "
                f"{share.needed:,}: a prompt that doesn't fit stops the run"
            )
    return ""


def typical_tokens(text: str) -> int:
    """Estimate the tokens of a text, as many as there usually are."""
    return len(text.encode()) // _BYTES + 1


def _reading(experiment: Experiment, answer: float) -> list[tuple[int, float]]:
    """Return the number of prompts of each participant, and their tokens in all."""
    template, steps, m = experiment.template, experiment.steps + 1, len(experiment.queries)
    around = typical_tokens(template.post.replace("{post}", "")) - 1
    human = [typical_tokens(post_line(template, post.text)) for post in experiment.posts]
    reserve = [typical_tokens(post_line(template, post.text)) for post in experiment.reserve]
    added = experiment.fresh * _mean(reserve) + experiment.noise * _mean(human)
    draws = experiment.responses if experiment.retrieval == "response" else 1
    found = []
    for who, authors in zip(
        experiment.cast, experiment.readers(len(experiment.cast)).sum(axis=1), strict=True
    ):
        written = int(authors) * experiment.posts_each if experiment.interaction else 0
        bares = [build_prompt(template, who, query, ()).text for query in experiment.queries]
        bare = sum(map(typical_tokens, bares))
        framed = sum(typical_tokens(frame(experiment, who, query)) for query in experiment.queries)
        tokens = 0.0
        for t in range(steps):
            oldest = experiment.oldest(t)
            age = t - max(oldest - 1, 0)
            here = len(human) if oldest == 0 else 0
            size = here + (written + experiment.fresh + experiment.noise) * age
            if k := experiment.draw_size(size):
                weight = float(sum(human)) if here else 0.0
                weight += age * (written * (answer + around) + added)
                tokens += framed + m * k * weight / size
            else:
                tokens += bare
        found.append((steps * draws * m, tokens * draws))
    return found


def _mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _seconds(
    experiment: Experiment, shares: list[Share], speeds: list[Speed | None]
) -> float | None:
    """Add up the time where work waits for work: on one server, or in one model in this process."""
    lanes: dict[tuple[str, ...], float] = {}
    for who, share, speed in zip(experiment.cast, shares, speeds, strict=True):
        if speed is None:
            return None
        backend, host, model = runner(who)
        lane = (backend, host) if load_backend(backend).hosts else (backend, model)
        seconds = share.prompt_tokens / speed.read + share.new_tokens / speed.write
        lanes[lane] = lanes.get(lane, 0.0) + seconds
    return max(lanes.values())
