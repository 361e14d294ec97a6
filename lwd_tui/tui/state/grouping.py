"""Who is drawn alike: each participant for itself, or, of a crowd, those of one group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lwd_tui.experiment.llm import Experiment
from lwd_tui.palette import MARKERS
from lwd_tui.types import Floats

FEW = len(MARKERS)
"""Participants up to which each has a marker of its own."""
CHOSEN = "◉"
"""Stands for the participant of a crowd that is looked at."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Who belongs together; of few participants, each is a group.

    Attributes
    ----------
    by : str
        What they have in common: "participant", "model", "persona", "island"; "" where nothing
        tells a crowd apart.
    names : tuple of str
        Of the groups, in order of their first participants; not cleaned.
    of : tuple of int
        The group of each participant; its marker and colour are those of that place.
    """

    by: str
    names: tuple[str, ...]
    of: tuple[int, ...]

    @property
    def crowd(self) -> bool:
        """Whether there are more participants than markers."""
        return len(self.of) > FEW

    def means(self, values: Floats) -> Floats:
        """Average what each participant has over those of its group that have it; NaN for none."""
        of, known = np.array(self.of), np.isfinite(values)
        sizes = np.bincount(of[known], minlength=len(self.names))
        with np.errstate(invalid="ignore"):
            return np.bincount(of[known], values[known], len(sizes)) / sizes


NO_CROWD = Grouping("participant", (), ())
"""Of few, whoever they are."""


def groupings(experiment: Experiment) -> tuple[Grouping, ...]:
    """Return the ways to group a cast, at least one: what splits a crowd into 2 to 10 groups."""
    cast = experiment.cast
    if len(cast) <= FEW:
        return (Grouping("participant", tuple(who.name for who in cast), tuple(range(len(cast)))),)
    islands: Sequence[str] = ()
    if experiment.topology == "islands" and not experiment.reads:
        # Of one's island, the first is who is read first.
        first = experiment.readers(len(cast)).argmax(axis=1).tolist()
        numbers = {place: number for number, place in enumerate(sorted(set(first)), start=1)}
        islands = [f"island {numbers[place]}" for place in first]
    ways = (
        ("model", [who.model for who in cast]),
        ("persona", [who.system or "no persona" for who in cast]),
        ("island", islands),
    )
    found = (_grouped(by, keys) for by, keys in ways)
    useful = tuple(each for each in found if 2 <= len(each.names) <= FEW)
    return useful or (Grouping("", ("participants",), (0,) * len(cast)),)


def chosen(ways: Sequence[Grouping], by: str) -> Grouping:
    """Return the way that is wanted, or else the first."""
    return next((way for way in ways if way.by == by), ways[0])


def _grouped(by: str, keys: Sequence[str]) -> Grouping:
    names = tuple(dict.fromkeys(keys))
    places = {name: place for place, name in enumerate(names)}
    return Grouping(by, names, tuple(places[key] for key in keys))
