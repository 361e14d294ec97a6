"""What a change did: forks of one run beside their twins, pair by pair and step by step."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lwd_tui.analysis.distance import frobenius_norm, mean_embeddings
from lwd_tui.analysis.multiplicity import holm
from lwd_tui.analysis.paired import Paired, paired
from lwd_tui.findings.comparison import setting_text
from lwd_tui.findings.step import responses_of
from lwd_tui.store.reader import RunReader
from lwd_tui.store.records import Fork
from lwd_tui.types import Floats, Step

_MOST_FIELDS, _LONGEST = 6, 60


class Pair(NamedTuple):
    """The places, among the runs given, of a fork and of what it is held against."""

    fork: int
    twin: int


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One change of a run, from the step on at which it was forked.

    Attributes
    ----------
    parent : str
        Name of the run that was forked.
    at : int
        The first step that was taken anew.
    change : str
        In words, not cleaned.
    pairs : tuple of Pair
        Of one seed each. The fork with its parent's seed is held against its twin, or against the
        parent itself where there is no twin.
    forks, twins : ndarray of shape (m,)
        Mean norm over the pairs, at t = `at` and after; of the participants that both have.
    difference : Paired
        Of the norms.
    adjusted : ndarray of shape (m,)
        Its p-values after Holm, over all steps of all branches.
    apart : ndarray of shape (m,)
        How far a participant's mean embedding is from that of the same participant in the twin:
        root mean square over participants and pairs.
    chance, chance_apart : ndarray of shape (m,)
        The same two numbers of the twin and its parent, which differ by what chance does in a
        server; NaN unless both are there. 0 where a model answers the same again.
    """

    parent: str
    at: int
    change: str
    pairs: tuple[Pair, ...]
    forks: Floats
    twins: Floats
    difference: Paired
    adjusted: Floats
    apart: Floats
    chance: Floats
    chance_apart: Floats


def branches(stores: Sequence[RunReader], level: float = 0.95) -> list[Branch]:
    """Return the branches among some runs: forks with a twin or the parent beside them.

    Parameters
    ----------
    stores : sequence of RunReader
        Open, in any order; those that belong to no branch are passed over.
    level : float
        Of the interval of each step for itself.
    """
    forks = {i: fork for i, store in enumerate(stores) if (fork := store.fork) is not None}
    created = {store.created: i for i, store in enumerate(stores)}
    families: dict[tuple[str, int], list[int]] = {}
    for i, fork in forks.items():
        families.setdefault((fork.created, fork.at), []).append(i)
    found = []
    for (parent, _), members in families.items():
        found += list(_family(stores, forks, members, created.get(parent), level))
    finite = [np.isfinite(branch.difference.p) for branch in found]
    values = [branch.difference.p[known] for branch, known in zip(found, finite, strict=True)]
    adjusted = iter(holm(np.concatenate(values)).tolist() if values else ())
    for branch, known in zip(found, finite, strict=True):
        branch.adjusted[known] = [next(adjusted) for _ in range(int(known.sum()))]
    return found


def in_words(fork: Fork) -> str:
    """Say what a fork changed."""
    fields = list(fork.changes.items())
    said = [f"{name} = {setting_text(value, _LONGEST)}" for name, value in fields[:_MOST_FIELDS]]
    if len(fields) > _MOST_FIELDS:
        said.append(f"{len(fields) - _MOST_FIELDS} more")
    said += [f"post: {setting_text(text, _LONGEST)}" for text in fork.posts]
    return ", ".join(said) or "nothing"


def _family(
    stores: Sequence[RunReader],
    forks: Mapping[int, Fork],
    members: Sequence[int],
    parent: int | None,
    level: float,
) -> Iterator[Branch]:
    """Yield the branches of forks of one run at one step."""
    twins = {forks[i].replicate: i for i in members if forks[i].twin}
    again = twins.get(0)
    against = twins if parent is None else {0: parent} | twins
    changes: dict[str, dict[int, int]] = {}
    for i in members:
        if not forks[i].twin:
            key = json.dumps([forks[i].changes, forks[i].posts], sort_keys=True)
            changes.setdefault(key, {})[forks[i].replicate] = i
    if not changes and parent is not None and again is not None:
        against, changes = {0: parent}, {"": {0: again}}
    for of in changes.values():
        # One that hasn't gone on yet has nothing of its own.
        begun = {number: i for number, i in of.items() if stores[i].finished() > forks[i].at}
        pairs = tuple(Pair(i, against[number]) for number, i in begun.items() if number in against)
        if pairs:
            chance = None if parent is None or again is None else Pair(again, parent)
            yield _branch(stores, forks[pairs[0].fork], pairs, chance, level)


def _branch(
    stores: Sequence[RunReader],
    fork: Fork,
    pairs: tuple[Pair, ...],
    chance: Pair | None,
    level: float,
) -> Branch:
    runs = {run for pair in (*pairs, *([chance] if chance else [])) for run in pair}
    until = min(stores[run].finished() for run in runs)
    steps = range(fork.at, max(until, fork.at))
    read = np.array([_pair(stores, pair, steps) for pair in pairs])
    difference = paired(read[:, 0], read[:, 1], level)
    nothing = np.full(len(steps), math.nan)
    twin = np.array([nothing] * 3) if chance is None else _pair(stores, chance, steps)
    return Branch(
        fork.parent,
        fork.at,
        in_words(fork),
        pairs,
        read[:, 0].mean(axis=0),
        read[:, 1].mean(axis=0),
        difference,
        nothing.copy(),
        np.sqrt(np.square(read[:, 2]).mean(axis=0)),
        twin[0] - twin[1],
        twin[2],
    )


def _pair(stores: Sequence[RunReader], pair: Pair, steps: range) -> Floats:
    """Return of each step the norm of one run, of the other, and how far they are apart."""
    one, other = (stores[run] for run in pair)
    numbers = [_step_pair(one, other, t) for t in steps]
    return np.array(numbers, dtype=np.float64).reshape(-1, 3).T


def _step_pair(one: RunReader, other: RunReader, t: int) -> tuple[float, float, float]:
    first, second = one.step(t), other.step(t)
    n = min(len(store.experiment.cast) for store in (one, other))
    norms = [_norm(step, n) for step in (first, second)]
    means = [
        mean_embeddings(responses_of(store, step))[:n]
        for store, step in ((one, first), (other, second))
    ]
    if means[0].shape != means[1].shape:  # A step without any usable answer has no width.
        return norms[0], norms[1], math.nan
    squares = np.square(means[0] - means[1]).sum(axis=1)
    return norms[0], norms[1], math.sqrt(squares.mean())


def _norm(step: Step, n: int) -> float:
    """Return the norm of the first n participants, which are those that two runs share."""
    if step.geometry is None:
        return math.nan
    if len(step.geometry.distances) == n:
        return step.geometry.norm
    return frobenius_norm(step.geometry.distances[:n, :n])
