"""Who takes part: what is asked of a run beyond its experiment, and models as participants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lwd_tui.experiment.files import load_preset
from lwd_tui.experiment.llm import EmbedderSpec, Participant

SCRIPTED_EMBEDDER = EmbedderSpec(backend="scripted", model="words-64")
EMBEDDED_EMBEDDER = EmbedderSpec()

HERE, SERVER, REHEARSAL = "embedded", "ollama", "scripted"
"""The backends that "auto" and rehearsals stand for."""


_LONGEST = 50
"""Characters of a name that is made of a model's, a number for copies left aside."""


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
    settings : tuple of (str, object)
        Dotted fields of participants with their values, set once these are chosen.
    """

    backend: str = "auto"
    models: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()


def embedded_cast() -> tuple[Participant, ...]:
    """Return the participants that need no server: those of the quickstart preset."""
    return load_preset("quickstart").cast


def participants_of(backend: str, models: Sequence[str]) -> list[Participant]:
    """Return a participant for each model, with the settings that suit the packaged ones."""
    embedded = {who.model: who for who in embedded_cast()}
    cast: list[Participant] = []
    for model, name in zip(models, _names_of(models), strict=True):
        base = embedded.get(model) if backend == HERE else None
        settings = {"style": base.style, "sampling": base.sampling} if base else {}
        cast.append(Participant(name=name, backend=backend, model=model, **settings))
    return cast


def _names_of(models: Sequence[str]) -> list[str]:
    """Return a name for each model, all different: the last part of it, where that says enough."""
    last = {model: model.rsplit("/", 1)[-1][:_LONGEST] for model in models}
    names: list[str] = []
    for model in models:
        alone = list(last.values()).count(last[model]) == 1
        stem = last[model] if alone else model[-_LONGEST:]
        name, copies = stem, 1
        while name in names:
            copies += 1
            name = f"{stem} #{copies}"
        names.append(name)
    return names
