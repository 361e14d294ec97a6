"""The backends of one run: opened, asked what they are, and sized for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lwd_tui.backends.hosts import refuse_secret
from lwd_tui.experiment.backend import (
    Embedder,
    GenerateRequest,
    Generator,
    NoChatFormat,
    Opening,
    Tries,
    UnfitRequest,
    Unheeded,
    close_all,
    load_backend,
)
from lwd_tui.experiment.guard import guarded_embedder, guarded_generator
from lwd_tui.experiment.llm import Experiment, Participant
from lwd_tui.llm.chance import by_chance, refuse_greedy_alone
from lwd_tui.llm.context import estimated_tokens, frame, outside_texts, worst_context
from lwd_tui.llm.prompt import build_prompt, post_line, request_of
from lwd_tui.types import Fetching, ModelInfo, Notice, Prompt


@dataclass(frozen=True, slots=True)
class Crew:
    """Everything that generates or embeds in a run.

    Attributes
    ----------
    generators : tuple of Generator
        One a participant; those with the same backend and hosts share one.
    contexts : tuple of int
        Tokens of context, one a participant.
    models : tuple of ModelInfo
        One a participant.
    embedder : Embedder
    embedder_model : ModelInfo
    experiment : Experiment
        As it is run: what the participants are asked follows what their models can do.
    """

    generators: tuple[Generator, ...]
    contexts: tuple[int, ...]
    models: tuple[ModelInfo, ...]
    embedder: Embedder
    embedder_model: ModelInfo
    experiment: Experiment

    async def aclose(self) -> None:
        """Cancel what is in flight and let go of all servers and weights."""
        await close_all([*dict.fromkeys(self.generators), self.embedder])


async def assemble(
    experiment: Experiment,
    hosts: Sequence[str],
    notice: Notice,
    fetching: Fetching | None = None,
    contexts: Sequence[int] = (),
) -> Crew:
    """Open the backends of an experiment whose participants are chosen, and get them ready.

    Parameters
    ----------
    experiment : Experiment
    hosts : sequence of str
        Servers of the participants, and of the embedder, that name none of their own.
    notice : callable
        Told, a sentence at a time, what the user should know.
    fetching : callable, optional
        Told how far weights are, should they have to be fetched.
    contexts : sequence of int
        Tokens of context, one a participant, of a run that goes on; none to size them. A server
        may count now what was estimated then, and would load its models anew for another number.

    Raises
    ------
    BackendError
        If a server or model is missing, or a prompt could outgrow a model's context.
    """
    # Also what this run doesn't use is recorded with it.
    for host in (*hosts, *(who.host for who in experiment.cast), experiment.embedder.host):
        refuse_secret(host)
    opened: dict[tuple[str, tuple[str, ...]], Generator] = {}
    embedder: Embedder | None = None
    opening = Opening((), notice, fetching, experiment.scripted)
    try:
        keys = [_key(who, hosts) for who in experiment.cast]
        for key in dict.fromkeys(keys):
            name, servers = key
            opened[key] = guarded_generator(name, replace(opening, hosts=servers))
        generators = tuple(opened[key] for key in keys)
        models = [
            await generator.describe(who.model)
            for generator, who in zip(generators, experiment.cast, strict=True)
        ]
        experiment = fitted(experiment, models, notice)
        contexts = contexts or [
            await _context(experiment, who, generator, model, notice)
            for who, generator, model in zip(experiment.cast, generators, models, strict=True)
        ]
        # One model is loaded once: participants that share it share the larger context.
        wanted: dict[tuple[tuple[str, tuple[str, ...]], str], int] = {}
        for key, who, context in zip(keys, experiment.cast, contexts, strict=True):
            wanted[key, who.model] = max(context, wanted.get((key, who.model), 0))
        for key, generator in opened.items():
            sizes = {model: size for (owner, model), size in wanted.items() if owner == key}
            await generator.prepare(sizes, experiment.responses)
        settled = tuple(
            wanted[key, who.model] for key, who in zip(keys, experiment.cast, strict=True)
        )
        experiment, unsure = await _try_out(experiment, generators, settled, notice)
        if experiment.responses == 1:
            # Of a single answer a step nobody could see whether it is drawn.
            for (generator, model), i in unsure.items():
                first = _first(experiment, i, settled)
                name = f"{experiment.cast[i].name} ({model})"
                await refuse_greedy_alone(generator, first, name, notice)
        phi = experiment.embedder
        servers = (phi.host,) if phi.host else tuple(hosts)
        embedder = guarded_embedder(phi, replace(opening, hosts=servers))
        embedder_model = await embedder.describe()
    except BaseException:
        await close_all([*opened.values(), *([] if embedder is None else [embedder])])
        raise
    return Crew(generators, settled, tuple(models), embedder, embedder_model, experiment)


def fitted(experiment: Experiment, models: Sequence[ModelInfo], notice: Notice) -> Experiment:
    """Return the experiment with participants that are asked what their models can do.

    A base model goes on from a text; a model that can think is told not to, or where it can't be
    told so, to think as little as it can. Each change is said, and so is what is odd about a model.

    Raises
    ------
    UnfitRequest
        If a participant's model only embeds, or can't think where it is to.
    """
    changes: dict[str, object] = {}
    for i, (who, model) in enumerate(zip(experiment.cast, models, strict=True)):
        can, place = model.capabilities, f"participants.{i}"
        if "embed" in can and "generate" not in can:
            raise UnfitRequest(
                f"{who.name}: {who.model} embeds texts and can't generate any; choose another model"
            )
        if model.odd:
            notice(f"{who.name} ({who.model}): {model.odd}")
        if who.style == "chat" and "generate" in can and "chat" not in can:
            changes |= _as_base(who, place, notice)
        if who.style == "chat" and "no-system" in can and _unread(experiment, who).has_system:
            notice(
                f"{who.name} ({who.model}) has no place for a system text, which its server would "
                "drop: it is put at the head of the user's turn"
            )
        if who.think == "auto" and "always-thinking" in can:
            notice(
                f"{who.name} ({who.model}) can't be told not to think; it thinks as little as it "
                f"can, for up to {who.sampling.thinking_tokens} tokens"
            )
            changes[f"{place}.think"] = "low"
        elif who.think == "auto" and "thinking" in can:
            changes[f"{place}.think"] = "off"
        elif who.think not in ("auto", "off") and not _may_think(who, model):
            raise UnfitRequest(
                f'{who.name}: {who.model} can\'t think before it answers; set think = "off"'
            )
    return experiment.replaced(changes) if changes else experiment


def _as_base(who: Participant, place: str, notice: Notice) -> dict[str, object]:
    """Return the changes by which a participant goes on from a text, and say them."""
    notice(
        f"{who.name} ({who.model}) is a base model without a chat template: it goes on "
        'with the posts as a list (style = "completion")'
    )
    stop = {} if who.sampling.stop else {f"{place}.sampling.stop": ["\n"]}
    return {f"{place}.style": "completion", **stop}


async def _try_out(
    experiment: Experiment,
    generators: Sequence[Generator],
    contexts: Sequence[int],
    notice: Notice,
) -> tuple[Experiment, dict[tuple[Generator, str], int]]:
    """Send each participant's first request, where a server may refuse it.

    Returns
    -------
    experiment : Experiment
        With participants that go on from a text where their models have no chat format.
    unsure : dict of (Generator, str) to int
        The models that aren't known to draw by chance, each with a participant that is to.

    Raises
    ------
    UnfitRequest
        If settings aren't heeded, with those of all participants that have to be left.
    BackendError
    """
    unheeded: dict[int, Unheeded] = {}
    unsure: dict[tuple[Generator, str], int] = {}
    for i, (who, generator) in enumerate(zip(experiment.cast, generators, strict=True)):
        if not isinstance(generator, Tries):
            continue
        try:
            try:
                known = await generator.try_out(_first(experiment, i, contexts))
            except NoChatFormat:
                changes = _as_base(who, f"participants.{i}", notice)
                experiment = experiment.replaced(changes)
                known = await generator.try_out(_first(experiment, i, contexts))
        except Unheeded as error:
            unheeded[i] = error
        else:
            if not known and by_chance(who.sampling):
                unsure.setdefault((generator, who.model), i)
    if unheeded:
        sentences = "; ".join(dict.fromkeys(error.sentence for error in unheeded.values()))
        settings = " ".join(
            f"--set participants.{i}.sampling.{name}={value:g}"
            for i, error in unheeded.items()
            for name, value in error.neutral.items()
        )
        raise UnfitRequest(f"{sentences}; do without: {settings}")
    return experiment, unsure


def _first(experiment: Experiment, i: int, contexts: Sequence[int]) -> GenerateRequest:
    """Return what a participant is asked that has read nothing."""
    who = experiment.cast[i]
    unread = _unread(experiment, who)
    return request_of(who, unread, tuple(range(experiment.responses)), contexts[i])


def _unread(experiment: Experiment, who: Participant) -> Prompt:
    return build_prompt(experiment.template, who, experiment.queries[0], ())


def _may_think(who: Participant, model: ModelInfo) -> bool:
    return "thinking" in model.capabilities or not load_backend(who.backend).tells_thinking


def _key(who: Participant, hosts: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    if not load_backend(who.backend).hosts:
        return who.backend, ()
    return who.backend, (who.host,) if who.host else tuple(hosts)


async def _context(
    experiment: Experiment,
    who: Participant,
    generator: Generator,
    model: ModelInfo,
    notice: Notice,
) -> int:
    """Size the context of one participant for the longest prompt that k_T posts can make."""

    async def tokens(text: str) -> int:
        exact = await generator.count_tokens(who.model, text)
        return estimated_tokens(text) if exact is None else exact

    lines = [post_line(experiment.template, text) for text in outside_texts(experiment)]
    # Noise is there many times over, and a server may have to be asked for each count.
    cost_of = {line: await tokens(line) + 1 for line in dict.fromkeys(lines)}
    costs = [cost_of[line] for line in lines]
    needed = worst_context(experiment, who, costs, await tokens(frame(experiment, who)))
    # Where the server sets it, `prepare` says what to do about too little.
    limit = model.context_length if load_backend(who.backend).sets_context else None
    if who.context and limit is not None and who.context > limit:
        raise UnfitRequest(
            f"{who.name}: context = {who.context} is more than the {limit} tokens "
            f"that {who.model} was made for; lower it"
        )
    if who.context:
        if who.context < needed:
            notice(
                f"{who.name}: the longest prompts may need {needed} tokens of context, and "
                f"{who.context} are set; a prompt that doesn't fit stops the run"
            )
        return who.context
    if limit is not None and needed > limit:
        raise UnfitRequest(
            f"{who.name}: the prompts of the last step may need {needed} tokens of context, and "
            f"{who.model} was made for {limit}; lower steps, beta or sampling.max_tokens, "
            f"or set context = {limit} for this participant to try all the same"
        )
    return needed
