"""Who takes part: the choice behind "auto", and the changes asked for when a run starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from lwd_tui.backends.base import ServerMissing, UnfitRequest
from lwd_tui.experiment import Backend, EmbedderSpec, Experiment, Participant
from lwd_tui.presets import load_preset

Notice = Callable[[str], None]
"""Called with one sentence that the user must see; it is recorded with the run."""

SCRIPTED_EMBEDDER = EmbedderSpec(backend="scripted", model="words-64")
EMBEDDED_EMBEDDER = EmbedderSpec()

Choice = Literal["auto"] | Backend


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line or the app asks of a run beyond the preset.

    Attributes
    ----------
    backend : str
        "auto" keeps the experiment's own participants where it has some.
    models : tuple of str
        One participant each; a name given several times makes copies.
    hosts : tuple of str
        Servers, for the backends that have one.
    """

    backend: Choice = "auto"
    models: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


def embedded_cast() -> tuple[Participant, ...]:
    """Return the participants that need no server: those of the quickstart preset."""
    return load_preset("quickstart").cast


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
    backend = wishes.backend
    if wishes.models:
        if backend == "auto":
            backend = "ollama" if wishes.hosts else _runner_of(wishes.models)
        cast = tuple(participants_of(backend, wishes.models))
        return _recast(experiment, cast, backend, notice)
    if backend == "auto":
        if experiment.participants != "auto":
            return experiment
        return await _choose(experiment, wishes, notice)
    if backend == "embedded":
        return _recast(experiment, embedded_cast(), backend, notice)
    if backend == "scripted":
        names = [who.name for who in experiment.cast] or ["ada", "ben", "cleo"]
        cast = tuple(Participant(name=name, backend="scripted", model=name) for name in names)
        return _recast(experiment, cast, backend, notice)
    if experiment.cast and all(who.backend == backend for who in experiment.cast):
        return experiment
    models = await _server_models(wishes, backend)
    return _recast(experiment, tuple(participants_of(backend, models)), backend, notice)


async def _choose(experiment: Experiment, wishes: Wishes, notice: Notice) -> Experiment:
    """Settle "auto": models of an Ollama server that can be reached, else the embedded ones."""
    try:
        models = await _server_models(wishes, "ollama")
    except ServerMissing as error:
        if wishes.hosts:
            raise
        notice(f"{error}; the three small embedded models take part instead")
        return _recast(experiment, embedded_cast(), "embedded", notice)
    return _recast(experiment, tuple(participants_of("ollama", models)), "ollama", notice)


def _runner_of(models: Sequence[str]) -> Backend:
    from lwd_tui.backends.weights import CATALOGUE

    ours = all(model in CATALOGUE or model.endswith(".gguf") for model in models)
    return "embedded" if ours else "ollama"


async def _server_models(wishes: Wishes, backend: Backend) -> tuple[str, ...]:
    if backend != "ollama":
        raise UnfitRequest(
            f"the {backend} backend can't choose models by itself; name them with --model"
        )
    from lwd_tui.backends.ollama import choose_models

    return tuple(await choose_models(wishes.hosts[0] if wishes.hosts else "", 3))


def participants_of(backend: Backend, models: Sequence[str]) -> list[Participant]:
    """Return a participant for each model, with the settings that suit the packaged ones."""
    embedded = {who.model: who for who in embedded_cast()}
    cast: list[Participant] = []
    for model in models:
        copies = sum(who.model == model for who in cast)
        base = embedded.get(model) if backend == "embedded" else None
        settings = {"style": base.style, "sampling": base.sampling} if base else {}
        name = model.rsplit("/", 1)[-1][:50] + (f" #{copies + 1}" if copies else "")
        cast.append(Participant(name=name, backend=backend, model=model, **settings))
    return cast


def _recast(
    experiment: Experiment, cast: tuple[Participant, ...], backend: Backend, notice: Notice
) -> Experiment:
    """Put a cast in, and an embedder that is sure to be there with it."""
    models = ", ".join(f"{who.name} ({who.model})" for who in cast)
    notice(f"participants: {models}, by the {backend} backend")
    changes: dict[str, object] = {"participants": [who.model_dump(mode="json") for who in cast]}
    if backend == "scripted" and experiment.embedder.backend != "scripted":
        changes["embedder"] = SCRIPTED_EMBEDDER.model_dump(mode="json")
    elif backend == "embedded" and experiment.embedder.backend in ("ollama", "openai"):
        changes["embedder"] = EMBEDDED_EMBEDDER.model_dump(mode="json")
    if "embedder" in changes:
        now = Experiment.from_dict(experiment.to_dict() | changes)
        notice(
            f"embedder: {now.embedder.model} ({now.embedder.backend}) instead of "
            f"{experiment.embedder.model} ({experiment.embedder.backend})"
        )
        return now
    return Experiment.from_dict(experiment.to_dict() | changes)
