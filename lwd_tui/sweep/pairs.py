"""Differences from the first variant, pair by pair, as they become sure while a sweep goes on."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.multiplicity import holm, significance
from lwd_tui.analysis.sequences import student_evidence, student_sequence
from lwd_tui.sweep.results import estimate

Place = tuple[str, int]
"""A run, by its variant and its seed."""


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """How one number of a variant differs from that of the first variant.

    Attributes
    ----------
    variant : str
    pairs : int
        Seeds whose runs are there in both, up to the first one that is still to come.
    mean : float
        Over the pairs.
    once : float
        Half the width of Student's interval: for one look, at a number of pairs that was fixed
        beforehand.
    always : float
        Half the width of the interval that holds at every look; infinite for few pairs.
    p : float
        That there is none, at every look; adjusted by Holm over the variants. 1 for few pairs.
    sure : bool
        Whether p is at the level.
    """

    variant: str
    pairs: int
    mean: float
    once: float
    always: float
    p: float
    sure: bool


def differences(
    variants: Sequence[str],
    seeds: Sequence[int],
    values: Mapping[Place, float],
    given_up: Collection[Place] = (),
    level: float = 0.95,
) -> list[Difference]:
    """Compare each variant with the first, by pairs of runs with one seed.

    Parameters
    ----------
    variants : sequence of str
    seeds : sequence of int
        In the order of the sweep's file, in which pairs are counted, so that it doesn't depend on
        their values which are: one is only counted when all before it are there.
    values : mapping of (str, int) to float
        Of the runs that are whole.
    given_up : collection of (str, int)
        Runs that an error stopped; their pairs are passed over.
    level : float

    Notes
    -----
    Both intervals take the pairs for independent and their differences for about normal.
    """
    first, *others = variants
    found = [_pairs(first, other, seeds, values, given_up) for other in others]
    p = [min(1.0, 1 / student_evidence(pairs)[-1]) if pairs else 1.0 for pairs in found]
    adjusted = holm(p).tolist() if p else []
    return [
        _difference(other, pairs, each, level)
        for other, pairs, each in zip(others, found, adjusted, strict=True)
    ]


def _pairs(
    first: str,
    other: str,
    seeds: Sequence[int],
    values: Mapping[Place, float],
    given_up: Collection[Place],
) -> list[float]:
    found = []
    for seed in seeds:
        places = (first, seed), (other, seed)
        if any(place in given_up for place in places):
            continue
        if not all(place in values for place in places):
            break
        found.append(values[other, seed] - values[first, seed])
    # Where a number isn't defined, no pair tells of it.
    return found if np.isfinite(found).all() else []


def _difference(variant: str, pairs: Sequence[float], p: float, level: float) -> Difference:
    mean, once = estimate(pairs, level)
    always = math.inf
    if pairs:
        sequence = student_sequence(pairs, level)
        always = float(sequence.upper[-1] - sequence.means[-1])
    return Difference(variant, len(pairs), mean, once, always, p, p <= significance(level))
