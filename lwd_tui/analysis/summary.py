"""Everything that is computed of one step, in one call: its vectors, and its texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis import lexical
from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.bootstrap import NormInterval, norm_interval
from lwd_tui.analysis.distance import debiased_squared_distances
from lwd_tui.analysis.diversity import VectorDiversity, vector_diversity
from lwd_tui.analysis.partition import Partition, partition
from lwd_tui.analysis.permutation import DifferenceTest, difference_tests
from lwd_tui.analysis.resolution import resolution
from lwd_tui.analysis.standard_errors import PairEstimates, debiased_pairs
from lwd_tui.types import Geometry, Ints


@dataclass(frozen=True, slots=True, eq=False)
class StepStatistics:
    """The inference and diversity of one step; the plain numbers are in its Geometry.

    Attributes
    ----------
    tests : tuple of DifferenceTest
        Empty where fewer than two participants have responses.
    pairs : PairEstimates
    interval : NormInterval
    partition : Partition or None
        None where fewer than two participants have responses.
    together : VectorDiversity
        Of all responses.
    alone : tuple of VectorDiversity
        Of each participant's.
    resolution : float
        Distance up to which two responses are equal but for rounding.
    """

    tests: tuple[DifferenceTest, ...]
    pairs: PairEstimates
    interval: NormInterval
    partition: Partition | None
    together: VectorDiversity
    alone: tuple[VectorDiversity, ...]
    resolution: float


def step_statistics(
    responses: Responses,
    rng: np.random.Generator,
    level: float = 0.95,
    permutations: int = 999,
    resamples: int = 999,
) -> StepStatistics:
    """Compute the statistics of one step from its embedded responses.

    Parameters
    ----------
    responses : Responses
    rng : numpy.random.Generator
    level : float
        Of the interval.
    permutations, resamples : int
        Of the tests, and of the bootstrap.
    """
    several = len(np.unique(responses.owners)) > 1
    # One participant is at no distance.
    unknown = NormInterval(math.nan, math.nan, math.nan, level)
    together, *alone = vector_diversity(responses)
    return StepStatistics(
        difference_tests(responses, rng, permutations) if several else (),
        debiased_pairs(responses),
        norm_interval(responses, rng, level, resamples) if responses.n > 1 else unknown,
        partition(responses) if several else None,
        together,
        tuple(alone),
        resolution(responses.points),
    )


def first_statistics(
    responses: Responses, geometry: Geometry | None, level: float = 0.95
) -> StepStatistics:
    """Compute what is quick for any number of participants, from distances that are there.

    Without tests; NaN stand for the interval, the standard errors and the diversity, whose work
    grows with the square of n L or faster.

    Parameters
    ----------
    responses : Responses
    geometry : Geometry or None
        Of the same step.
    level : float
        Of the interval that is to come.
    """
    # As many NaN as one takes.
    nothing = np.broadcast_to(np.float64(np.nan), (responses.n, responses.n))
    squares = nothing
    if geometry is not None:
        squares = debiased_squared_distances(
            geometry.distances, geometry.dispersion, responses.counts
        )
    unknown = VectorDiversity(math.nan, math.nan, math.nan)
    return StepStatistics(
        (),
        PairEstimates(squares, nothing),
        NormInterval(math.nan, math.nan, math.nan, level),
        partition(responses) if len(np.unique(responses.owners)) > 1 else None,
        unknown,
        (unknown,) * responses.n,
        resolution(responses.points),
    )


@dataclass(frozen=True, slots=True)
class TextDiversity:
    """Of some texts: see `lwd_tui.analysis.lexical`; `words` is the mean length."""

    distinct_1: float
    distinct_2: float
    self_bleu: float
    duplicates: float
    words: float


@dataclass(frozen=True, slots=True)
class TextStatistics:
    """The wording of one step: of all texts together, and of each participant's."""

    together: TextDiversity
    alone: tuple[TextDiversity, ...]


def text_statistics(texts: Sequence[str], owners: Ints, n: int) -> TextStatistics:
    """Compute the statistics of one step from the texts of its usable responses.

    Parameters
    ----------
    texts : sequence of str
    owners : ndarray of shape (len(texts),)
    n : int

    Raises
    ------
    UnfitData
        If the owners don't fit.
    """
    if len(owners) != len(texts):
        raise UnfitData(f"owners: {len(texts)} are needed, one a text, not {len(owners)}")
    own = [[text for text, i in zip(texts, owners, strict=True) if i == k] for k in range(n)]
    return TextStatistics(_texts(texts), tuple(_texts(part) for part in own))


def _texts(texts: Sequence[str]) -> TextDiversity:
    lengths = lexical.lengths(texts)
    return TextDiversity(
        lexical.distinct(texts, 1),
        lexical.distinct(texts, 2),
        lexical.self_bleu(texts),
        lexical.duplicate_share(texts),
        float(lengths.mean()) if len(lengths) else math.nan,
    )
