"""Is it the protocol? How an effect moves with what should not matter, and with the seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lwd_tui.analysis.crossed import Crossed, crossed
from lwd_tui.sweep.results import SQUARED, Estimate, RunResult, estimate
from lwd_tui.sweep.variants import Variant


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """How an effect moves with one factor of the protocol, or with all of them together.

    The effect is distance² late less early: the mean over the last third of a run's steps, less
    that over the first third.

    Attributes
    ----------
    factor : str
        As the variants name it; "" for all levels of all factors.
    levels : tuple of str
        The variants that are its levels, the sweep's first one among them.
    seeds : tuple of int
        Those with which all levels are finished, and the effect is defined and of one scale.
    effect : Estimate
        The mean over levels, with Student's interval over seeds: of these levels.
    above : int
        Of how many levels the mean over seeds is above 0.
    parts : Crossed or None
        Its rows are the levels, its columns the seeds; None for fewer than two seeds.
    """

    factor: str
    levels: tuple[str, ...]
    seeds: tuple[int, ...]
    effect: Estimate
    above: int
    parts: Crossed | None


def moved(
    variants: Sequence[Variant], results: Sequence[RunResult], level: float = 0.95
) -> list[Moved]:
    """Return how the effect moves with each factor, and with all together if there are several.

    It is empty for a sweep whose variants name no factor.

    Parameters
    ----------
    variants : sequence of Variant
        Of the sweep; the first one is a level of each factor.
    results : sequence of RunResult
        Of the finished runs, in any order.
    level : float
        Of each interval for itself.
    """
    scales = {result.scale for result in results if result.job.variant == variants[0].name}
    effects = {
        (result.job.variant, result.job.seed): result.late[SQUARED] - result.early[SQUARED]
        for result in results
        if scales == {result.scale}
    }
    changed = {variant.name: variant.protocol for variant in variants if variant.protocol}
    factors = list(dict.fromkeys(changed.values()))
    if len(factors) > 1:
        factors.append("")
    return [
        _moved(
            factor,
            (variants[0].name, *(name for name in changed if factor in ("", changed[name]))),
            effects,
            level,
        )
        for factor in factors
    ]


def _moved(
    factor: str, levels: tuple[str, ...], effects: Mapping[tuple[str, int], float], level: float
) -> Moved:
    seeds = tuple(
        seed
        for seed in dict.fromkeys(seed for _, seed in effects)
        if all(math.isfinite(effects.get((name, seed), math.nan)) for name in levels)
    )
    table = [[effects[name, seed] for seed in seeds] for name in levels]
    return Moved(
        factor,
        levels,
        seeds,
        estimate([math.fsum(of) / len(levels) for of in zip(*table, strict=True)], level),
        sum(math.fsum(row) > 0 for row in table),
        crossed(table, level) if len(seeds) > 1 else None,
    )


def verdict(found: Moved) -> str:
    """Say in a sentence or two what the intervals of a factor show, and what they don't."""
    if found.parts is None:
        return f"{len(found.seeds)} whole seeds, and two are needed to say what moves."
    rows, left, within = found.parts.rows, found.parts.left, found.parts.within
    if rows.variance == left.variance == 0:
        return "The effect is the same in all of them, seed by seed."
    less, more = rows.upper < within.lower, rows.lower > within.upper
    if rows.lower > 0:
        said = "The effect moves with the protocol beyond chance"
        if less or more:
            said += f", {'less' if less else 'more'} than with the seed"
        else:
            said += "; whether less or more than with the seed can't be told"
    else:
        said = "The effect isn't shown to move with the protocol; "
        said += (
            "if it does, less than with the seed" if less else "it may, as much as with the seed"
        )
    return f"{said}. Over seeds its mean is above 0 in {found.above} of {len(found.levels)} levels."
