"""A stored run as it is told on the page of runs: its numbers, and the curve of its norm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lwd_tui.store.records import RunSummary
from lwd_tui.store.run import RunStore
from lwd_tui.types import Floats

_EVENTS = 3
"""How many of the last events are told."""


@dataclass(frozen=True, slots=True, eq=False)
class NormSeries:
    """The norm of one run over t.

    Attributes
    ----------
    name : str
        Of the run, not cleaned.
    norms : ndarray of shape (steps done,)
        NaN where there is none.
    steps : int
        T.
    scale : str
        What the distances are between, in words.
    embedder : str
        The model that made the vectors, not cleaned; "" for mixtures.
    n : int
        Participants. Norms compare only where scale, embedder and n are the same: each pair of
        participants adds to the norm.
    """

    name: str
    norms: Floats
    steps: int
    scale: str
    embedder: str
    n: int

    def relative(self) -> NormSeries:
        """Return the norm as a share of its first value that isn't 0."""
        starts = self.norms[np.isfinite(self.norms) & (self.norms > 0)]
        start = starts[0] if len(starts) else np.nan
        return replace(self, norms=self.norms / start, scale="share of the start")


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """What is told of a run beside its line in the list.

    Attributes
    ----------
    summary : RunSummary
    facts : tuple of (str, str)
        Labels and values, not cleaned.
    series : NormSeries
    """

    summary: RunSummary
    facts: tuple[tuple[str, str], ...]
    series: NormSeries


def card_of(summary: RunSummary) -> Card:
    """Read a run's card from its file, without making its whole experiment.

    Raises
    ------
    StoreError
        If it can't be read.
    """
    with RunStore.open(summary.path) as store:
        specification = store.specification
        norms = np.array([numbers.norm for numbers in store.numbers()])
        steps = int(specification.get("steps", len(norms) - 1))
        series = NormSeries(
            summary.name,
            norms,
            steps,
            scale_of(specification),
            _embedder(specification),
            _participants(specification),
        )
        facts = tuple(_facts(store, specification))
    return Card(summary, facts, series)


def scale_of(specification: dict[str, Any]) -> str:
    """Say what a run's distances are between."""
    embedder = specification.get("embedder")
    if not isinstance(embedder, dict):
        return "weights of mixtures"
    return "unit vectors" if embedder.get("normalise", True) else "raw vectors"


def _embedder(specification: dict[str, Any]) -> str:
    embedder = specification.get("embedder")
    return str(embedder.get("model", "")) if isinstance(embedder, dict) else ""


def _participants(specification: dict[str, Any]) -> int:
    """Return n: mixtures are counted, language models are listed."""
    participants = specification.get("participants", 0)
    return participants if isinstance(participants, int) else len(participants)


def _facts(store: RunStore, specification: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "experiment", str(specification.get("name", ""))
    for label, field in (("about", "description"), ("query", "query")):
        if text := specification.get(field):
            yield label, str(text)
    participants = specification.get("participants")
    if isinstance(participants, list):
        for each in participants:
            yield "participant", f"{each['name']} · {each['model']} · {each['backend']}"
    elif participants is not None:
        yield "mixtures", str(participants)
    symbols = {"responses": "L", "beta": "beta", "steps": "T", "seed": "seed"}
    told = [
        f"{symbol} {specification[field]}"
        for field, symbol in symbols.items()
        if field in specification
    ]
    yield "settings", ", ".join(told)
    if isinstance(embedder := specification.get("embedder"), dict):
        yield "embedder", f"{embedder.get('model')} · {scale_of(specification)}"
    versions = store.record.get("versions", {})
    yield "made with", f"lwd-tui {versions.get('lwd-tui', '(not said)')}"
    for event in store.events()[-_EVENTS:]:
        where = "" if event.t is None else f" at t = {event.t}"
        yield event.kind, f"{event.time:%Y-%m-%d %H:%M}{where} {event.message}".rstrip()
