"""A stored run as it is told on the page of runs: its numbers, and the curve of its norm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from lwd_tui.findings.comparison import ComparedRun, compared
from lwd_tui.findings.forks import in_words
from lwd_tui.store.errors import reading
from lwd_tui.store.records import RunSummary, StepNumbers
from lwd_tui.store.run import RunStore
from lwd_tui.text import number_text
from lwd_tui.types import Floats

Reading = Literal["norm", "norm_debiased"]
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
    begins : int
        Where the curve begins: a fork beside its parent has no other norms before.
    """

    name: str
    norms: Floats
    steps: int
    scale: str
    embedder: str
    n: int
    begins: int = 0

    def relative(self) -> NormSeries:
        """Return the norm as a share of its first value that isn't 0."""
        starts = self.norms[np.isfinite(self.norms) & (self.norms > 0)]
        start = starts[0] if len(starts) else np.nan
        return replace(self, norms=self.norms / start, scale="share of the start")

    @property
    def drawn(self) -> Floats:
        """The norms from where the curve begins; NaN before."""
        return np.where(np.arange(len(self.norms)) < self.begins, np.nan, self.norms)

    def at(self, t: int) -> float:
        """Return the norm at t; NaN where there is none."""
        return float(self.norms[t]) if t < len(self.norms) else float("nan")

    def reading(self, t: int) -> str:
        """Write the norm at t."""
        if t < len(self.norms):
            return number_text(self.norms[t])
        return f"ends at {len(self.norms) - 1}" if len(self.norms) else "no step yet"


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """What is told of a run beside its line in the list.

    Attributes
    ----------
    summary : RunSummary
    facts : tuple of (str, str)
        Labels and values, not cleaned.
    run : ComparedRun
    """

    summary: RunSummary
    facts: tuple[tuple[str, str], ...]
    run: ComparedRun

    def series(
        self, of: Reading = "norm", numbers: Sequence[StepNumbers] | None = None
    ) -> NormSeries:
        """Return the norm over t, or its debiased twin; of other numbers, if the run has grown."""
        numbers = self.run.numbers if numbers is None else numbers
        settings = self.run.settings
        return NormSeries(
            self.summary.name,
            np.array([getattr(each, of) for each in numbers]),
            self.run.steps - 1,
            scale_of(settings),
            str(settings.get("embedder.model", "")),
            self.run.n,
        )


def card_of(summary: RunSummary) -> Card:
    """Read a run's card from its file, without making its whole experiment.

    Raises
    ------
    StoreError
        If it can't be read.
    """
    with RunStore.open(summary.path) as store, reading(summary.path):
        run = compared(store.look_at(0))
        facts = tuple(_facts(store, scale_of(run.settings)))
    return Card(summary, facts, run)


def scale_of(settings: dict[str, Any]) -> str:
    """Say what a run's distances are between."""
    if "embedder.model" not in settings:
        return "weights of mixtures"
    return "unit vectors" if settings.get("embedder.normalise", True) else "raw vectors"


def _facts(store: RunStore, scale: str) -> Iterator[tuple[str, str]]:
    specification = store.specification
    yield "experiment", str(specification.get("name", ""))
    if text := specification.get("description"):
        yield "about", str(text)
    asked = specification.get("query") or ()
    for number, text in enumerate([asked] if isinstance(asked, str) else asked, 1):
        yield "query" if isinstance(asked, str) else f"query {number}", str(text)
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
        yield "embedder", f"{embedder.get('model')} · {scale}"
    if fork := store.fork:
        yield "fork of", f"{fork.parent} at t = {fork.at}, changed: {in_words(fork)}"
    versions = store.record.get("versions", {})
    yield "made with", f"lwd-tui {versions.get('lwd-tui', '(not said)')}"
    for event in store.events()[-_EVENTS:]:
        where = "" if event.t is None else f" at t = {event.t}"
        yield event.kind, f"{event.time:%Y-%m-%d %H:%M}{where} {event.message}".rstrip()
