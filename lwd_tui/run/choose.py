"""The choice of who takes part: what "auto" stands for, and the changes asked for at the start."""

from __future__ import annotations

from collections.abc import Sequence

from lwd_tui.backends.available import look
from lwd_tui.experiment.backend import ServerMissing, UnfitRequest, load_backend
from lwd_tui.experiment.llm import Experiment, Participant
from lwd_tui.experiment.participants import (
    EMBEDDED_EMBEDDER,
    HERE,
    REHEARSAL,
    SCRIPTED_EMBEDDER,
    SERVER,
    Wishes,
    embedded_cast,
    participants_of,
)
from lwd_tui.types import Notice


async def choose_cast(experiment: Experiment, wishes: Wishes, notice: Notice) -> Experiment:
    """Return the experiment with its participants settled.

    Whatever differs from what the experiment asks for is said through `notice`.

    Raises
    ------
    ServerMissing
        If a server was asked for and doesn't answer.
    UnfitRequest
        If models were named but not who runs them.
    """
    experiment = await _with_cast(experiment, wishes, notice)
    return experiment.replaced(dict(wishes.settings), "command line")


async def _with_cast(experiment: Experiment, wishes: Wishes, notice: Notice) -> Experiment:
    backend = wishes.backend
    if wishes.models:
        if backend == "auto":
            backend = SERVER if wishes.hosts else await _runner_of(wishes.models)
        cast = tuple(participants_of(backend, wishes.models))
        return _recast(experiment, cast, backend, notice)
    if backend == "auto":
        if experiment.participants != "auto":
            return experiment
        return await _choose(experiment, wishes, notice)
    if backend == HERE:
        return _recast(experiment, embedded_cast(), backend, notice)
    if backend == REHEARSAL:
        names = [who.name for who in experiment.cast] or ["ada", "ben", "cleo"]
        cast = tuple(Participant(name=name, backend=backend, model=name) for name in names)
        return _recast(experiment, cast, backend, notice)
    if experiment.cast and all(who.backend == backend for who in experiment.cast):
        return experiment
    models = await _server_models(wishes, backend)
    return _recast(experiment, tuple(participants_of(backend, models)), backend, notice)


async def _choose(experiment: Experiment, wishes: Wishes, notice: Notice) -> Experiment:
    """Settle "auto": models of an Ollama server that can be reached, else the embedded ones."""
    try:
        models = await _server_models(wishes, SERVER)
    except ServerMissing as error:
        if wishes.hosts:
            raise
        notice(f"{error}; the small embedded models take part instead")
        return _recast(experiment, embedded_cast(), HERE, notice)
    return _recast(experiment, tuple(participants_of(SERVER, models)), SERVER, notice)


async def _runner_of(models: Sequence[str]) -> str:
    """Return who runs models that are named without a host: an Ollama server if one isn't ours.

    The Hub's names are Ollama's too: they are run here, unless a server has all of them already.
    """
    from lwd_tui.backends.embedded.hub_names import is_on_hub
    from lwd_tui.backends.embedded.packaged import CATALOGUE

    unsure = {model.lower() for model in models if is_on_hub(model)}
    others = [model for model in models if not is_on_hub(model)]
    if not all(model in CATALOGUE or model.endswith(".gguf") for model in others):
        return SERVER
    if others:
        return HERE
    (offer,) = await look(SERVER)
    there = {model.name.lower().removesuffix(":latest") for model in offer.models}
    return SERVER if unsure <= there else HERE


async def _server_models(wishes: Wishes, backend: str) -> tuple[str, ...]:
    choose = load_backend(backend).choose
    if choose is None:
        raise UnfitRequest(
            f"the {backend} backend can't choose models by itself; name them with --model"
        )
    return tuple(await choose(wishes.hosts[0] if wishes.hosts else "", 3))


def _recast(
    experiment: Experiment, cast: tuple[Participant, ...], backend: str, notice: Notice
) -> Experiment:
    """Put a cast in, and an embedder that is sure to be there with it."""
    models = ", ".join(f"{who.name} ({who.model})" for who in cast)
    notice(f"participants: {models}, by the {backend} backend")
    changes: dict[str, object] = {"participants": [who.model_dump(mode="json") for who in cast]}
    if backend == REHEARSAL and experiment.embedder.backend != REHEARSAL:
        changes["embedder"] = SCRIPTED_EMBEDDER.model_dump(mode="json")
    elif backend == HERE and load_backend(experiment.embedder.backend).hosts:
        changes["embedder"] = EMBEDDED_EMBEDDER.model_dump(mode="json")
    now = experiment.replaced(changes)
    if "embedder" in changes:
        notice(
            f"embedder: {now.embedder.model} ({now.embedder.backend}) instead of "
            f"{experiment.embedder.model} ({experiment.embedder.backend})"
        )
    return now
