"""Runs side by side: what they have in common, and in what they differ."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lwd_tui.experiment.section import dotted
from lwd_tui.store.errors import reading, run_name
from lwd_tui.store.reader import RunReader
from lwd_tui.store.records import Fork, StepNumbers
from lwd_tui.text import shorten

Plain = dict[str, Any]
_LEFT_OUT = {"name", "description", "seed"}
_EMBEDDER = "embedder."
_MOST = 12
"""Sections of a list, such as participants, that are told one by one where they differ."""


class Scale(NamedTuple):
    """What a norm is one of: those of the same n compare, if they embed in the same way."""

    n: int
    embedder: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class ComparedRun:
    """One of the runs.

    Attributes
    ----------
    name : str
    seed : int
    n : int
    steps : int
        T + 1.
    numbers : tuple of StepNumbers
        Of the whole steps.
    settings : dict
        What is run, field by field with dots between the names of sections.
    fork : Fork or None
    created : str
        By which forks name it.
    """

    name: str
    seed: int
    n: int
    steps: int
    numbers: tuple[StepNumbers, ...]
    settings: Plain
    fork: Fork | None
    created: str

    @property
    def scale(self) -> Scale:
        """With which of the other runs its norms compare."""
        embedder = (
            (name, _key(value))
            for name, value in self.settings.items()
            if name.startswith(_EMBEDDER) and name != f"{_EMBEDDER}host"
        )
        return Scale(self.n, tuple(embedder))

    @property
    def dispersions(self) -> tuple[float, float]:
        """The mean dispersion of the participants at the first and at the last whole step."""
        ends = (self.numbers[end].dispersion for end in (0, -1))
        first, last = (float(each.mean()) if len(each) else math.nan for each in ends)
        return first, last


def compared(store: RunReader) -> ComparedRun:
    """Read what is compared of a run, of models or of mixtures."""
    specification = store.specification
    # It isn't made into an experiment, which a hundred thousand posts would take long for.
    with reading(store.path):
        fields = dotted(specification)
        settings = {name: value for name, value in fields if name.split(".")[0] not in _LEFT_OUT}
        participants = specification["participants"]
        return ComparedRun(
            run_name(store.path),
            specification["seed"],
            participants if isinstance(participants, int) else len(participants),
            specification["steps"] + 1,
            tuple(store.numbers()),
            settings,
            store.fork,
            store.created,
        )


def begins(runs: Sequence[ComparedRun]) -> list[int]:
    """Return the step at which each run leaves those before it in the same picture.

    It is 0, or for a fork whose parent is among the runs the last step that they share.
    """
    there = {run.created for run in runs}
    return [
        max(run.fork.at - 1, 0) if run.fork is not None and run.fork.created in there else 0
        for run in runs
    ]


def differences(runs: Sequence[ComparedRun]) -> list[Plain]:
    """Return for each run the fields in which not all of them agree, but for names and seeds.

    Of lists of as many sections, such as participants, the fields of those that differ.
    """
    told: list[Plain] = [{} for _ in runs]
    for name in dict.fromkeys(name for run in runs for name in run.settings):
        values: list[Any] = [run.settings.get(name) for run in runs]
        if not _differ(values):
            continue
        places = _differing_sections(values)
        for fields, value in zip(told, values, strict=True):
            if 0 < len(places) <= _MOST:
                fields |= dotted({name: {str(place): value[place] for place in places}})
            else:
                fields[name] = value
    names = dict.fromkeys(name for fields in told for name in fields)
    differing = [name for name in names if _differ([fields.get(name) for fields in told])]
    return [{name: fields.get(name) for name in differing} for fields in told]


def _differing_sections(lists: Sequence[Any]) -> list[int]:
    """Return where lists of sections differ; empty unless they are such, of one length."""
    if not all(map(_are_sections, lists)) or len(set(map(len, lists))) > 1:
        return []
    return [place for place, sections in enumerate(zip(*lists, strict=True)) if _differ(sections)]


def _are_sections(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def setting_text(value: Any, width: int) -> str:
    """Write a setting as it would be set, cleaned and shortened; sections by their number."""
    if _are_sections(value):
        return str(len(value))
    if value in (None, ""):
        return '""' if value == "" else "–"
    return shorten(str(value).lower() if isinstance(value, bool) else str(value), width)


def replicates(runs: Sequence[ComparedRun]) -> bool:
    """Whether the runs differ in the seed and in nothing else, each having one of its own."""
    return not differences(runs)[0] and len({run.seed for run in runs}) == len(runs)


def why_norms_differ(scales: Iterable[Scale]) -> str:
    """Say why the norms of runs don't compare; empty if they do."""
    found = set(scales)
    if len({scale.embedder for scale in found}) > 1:
        return "The runs embed their answers in different ways: their norms don't compare."
    sizes = sorted({scale.n for scale in found})
    if len(sizes) > 1:
        told = " and ".join(f"n = {n}" for n in sizes)
        return f"The runs have {told}, and a norm is of all pairs: their norms don't compare."
    return ""


def _differ(values: Sequence[Any]) -> bool:
    return any(_key(value) != _key(values[0]) for value in values)


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
