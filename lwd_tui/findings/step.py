"""The statistics of one step of a stored run: its answers, what was read before them, its tests.

Steps are read one at a time. Whatever is random is keyed by the run's own seed, so that the same
run always gives the same numbers. Formulas and sources are in docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.copying import copied
from lwd_tui.analysis.diversity import VectorDiversity
from lwd_tui.analysis.neighbours import nearest_overlap
from lwd_tui.analysis.sequences import simultaneous_level
from lwd_tui.analysis.summary import (
    StepStatistics,
    TextDiversity,
    TextStatistics,
    first_statistics,
    step_statistics,
    text_statistics,
)
from lwd_tui.analysis.upper_bound import norm_upper_bound
from lwd_tui.seeds import generator
from lwd_tui.store.reader import RunReader
from lwd_tui.store.records import StepNumbers
from lwd_tui.types import Floats, Ints, Step

PURPOSE = "statistics"
"""Names the stream of random numbers that the statistics of a run take from its seed."""


MOST_TESTED = 5_000
"""Answers of a step that are tested, at most: the memory of it grows with their square."""


class Value(NamedTuple):
    """A number of all answers of a step, and of each participant's; NaN where it isn't defined."""

    together: float
    alone: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StepFindings:
    """What is computed of one whole step.

    Attributes
    ----------
    numbers : StepNumbers
        As stored with the step.
    counts : ndarray of shape (n,)
        L_i, the usable answers of each participant.
    vectors : StepStatistics
        Tests, interval, split and diversity of the embedded answers.
    texts : TextStatistics
        Diversity of their wording.
    copied : Value
        Share of an answer's words inside runs of five or more that stand in a post it read.
    human : Value
        Share of words in common with the human post that is nearest by it. Human posts have no
        stored embedding, so this is of words; see `lwd_tui.analysis.neighbours`.
    upper_bound : float
        Of the norm, as `upper_bound` gives it.
    """

    numbers: StepNumbers
    counts: Ints
    vectors: StepStatistics
    texts: TextStatistics
    copied: Value
    human: Value
    upper_bound: float


def step_findings(
    store: RunReader,
    numbers: StepNumbers,
    *,
    level: float = 0.95,
    permutations: int = 999,
) -> StepFindings:
    """Compute the statistics of one whole step of a run of language models.

    Parameters
    ----------
    store : RunReader
    numbers : StepNumbers
        Of the step, as `RunReader.numbers` gives them.
    level : float
        Of the interval, and of the upper bounds of all steps together.
    permutations : int
        R of the tests.

    Raises
    ------
    UnfitData
        If the level doesn't fit, or the embeddings can't be analysed.

    Notes
    -----
    Of more than `MOST_TESTED` answers the tests, the interval, the standard errors and the
    diversity by vectors are left out.
    """
    return _findings(store, numbers, level, permutations)


def first_findings(store: RunReader, numbers: StepNumbers, *, level: float = 0.95) -> StepFindings:
    """Compute of a step what is quick for any number of participants, in the same place.

    `step_findings` adds the tests, the interval, the diversity by vectors, and what was copied.
    """
    return _findings(store, numbers, level, None)


def _findings(
    store: RunReader, numbers: StepNumbers, level: float, permutations: int | None
) -> StepFindings:
    """Compute all of a step; without permutations, what is quick."""
    t, experiment = numbers.t, store.experiment
    n = len(experiment.cast)
    step = store.step(t)
    responses, owners = responses_of(store, step), step.owners
    texts = [response.text for response in step.usable]
    human = nearest_overlap(texts, [post.text for post in store.human_posts(t)])
    if permutations is None or len(texts) > MOST_TESTED:
        vectors = first_statistics(responses, step.geometry, level)
    else:
        rng = generator(experiment.seed, PURPOSE, t)
        vectors = step_statistics(responses, rng, level, permutations)
    read = Value(math.nan, (math.nan,) * n)
    if permutations is not None:
        read = _means(_copied(store, step), owners, n)
    return StepFindings(
        numbers,
        responses.counts,
        vectors,
        text_statistics(texts, owners, n),
        read,
        _means(human, owners, n),
        upper_bound(store, step, level),
    )


def upper_bound(
    store: RunReader, step: Step, level: float = 0.95, steps: int | None = None
) -> float:
    """Bound the norm of a step from above, so that the bounds of all steps hold together.

    Parameters
    ----------
    store : RunReader
    step : Step
    level : float
        Of all steps together.
    steps : int, optional
        How many there are; those of the run, T + 1, if not given.

    Returns
    -------
    float
        NaN where nothing can be said; see `lwd_tui.analysis.upper_bound`. Raw vectors lie in no
        ball that is known for certain.

    Raises
    ------
    UnfitData
        If the level doesn't fit, or the embeddings can't be analysed.
    """
    experiment = store.experiment
    if not experiment.embedder.normalise:
        return math.nan
    each = simultaneous_level(level, steps or experiment.steps + 1)
    return norm_upper_bound(responses_of(store, step), each)


def _copied(store: RunReader, step: Step) -> Floats:
    """Return the copied share of each usable answer."""
    text_of = store.texts_of(post for draw in step.draws for post in draw.posts)
    usable = step.usable
    shares = np.full(len(usable), math.nan)
    for draw in step.draws:
        rows = [
            row
            for row, response in enumerate(usable)
            if response.participant == draw.participant and draw.response in (None, response.index)
        ]
        read = [text_of[post] for post in draw.posts]
        shares[rows] = copied([usable[row].text for row in rows], read)
    return shares


def _means(values: Floats, owners: Ints, n: int) -> Value:
    """Average over all answers, and over each participant's."""
    groups = [values, *(values[owners == i] for i in range(n))]
    together, *alone = (float(group.mean()) if len(group) else math.nan for group in groups)
    return Value(together, tuple(alone))


def responses_of(store: RunReader, step: Step) -> Responses:
    """Return the embedded answers of a step, checked."""
    return Responses.of(step.embeddings, step.owners, len(store.experiment.cast))


def clouds(store: RunReader) -> Iterator[Responses]:
    """Yield the embedded answers of each whole step; one step is held at a time.

    A step without any usable answer has no rows, and as many columns as the others.
    """
    done = store.finished()
    width = next((rows.shape[1] for _, rows in store.embeddings(0, done) if len(rows)), 0)
    for t in range(done):
        step = store.step(t)
        vectors = step.embeddings.reshape(len(step.embeddings), width)
        yield Responses.of(vectors, step.owners, len(store.experiment.cast))


class Measure(NamedTuple):
    """A number that is followed over t: its name in files and in words, and how it is read."""

    key: str
    title: str
    of: Callable[[StepFindings], Value]


def _by_vectors(read: Callable[[VectorDiversity], float]) -> Callable[[StepFindings], Value]:
    return lambda found: Value(
        read(found.vectors.together), tuple(read(each) for each in found.vectors.alone)
    )


def _by_texts(read: Callable[[TextDiversity], float]) -> Callable[[StepFindings], Value]:
    return lambda found: Value(
        read(found.texts.together), tuple(read(each) for each in found.texts.alone)
    )


def _rank(found: VectorDiversity) -> float:
    # Of fewer than two answers the rank would be 0, as if they had collapsed.
    return math.nan if math.isnan(found.near_duplicates) else found.effective_rank


def _dispersion(found: StepFindings) -> Value:
    dispersion = found.numbers.dispersion
    mean = float(dispersion.mean()) if len(dispersion) else math.nan
    return Value(mean, tuple(float(each) for each in dispersion))


def _by_split(name: str) -> Callable[[StepFindings], Value]:
    return lambda found: Value(getattr(found.vectors.partition, name, math.nan))


MEASURES: tuple[Measure, ...] = (
    Measure("norm", "norm", lambda found: Value(found.numbers.norm)),
    Measure("norm_debiased", "debiased norm", lambda found: Value(found.numbers.norm_debiased)),
    Measure("noise_floor", "noise floor", lambda found: Value(found.numbers.noise_floor)),
    Measure("between", "between share R²", _by_split("share")),
    Measure("pseudo_f", "pseudo-F", _by_split("pseudo_f")),
    Measure("dispersion", "dispersion S", _dispersion),
    Measure("vendi", "Vendi score", _by_vectors(lambda found: found.vendi)),
    Measure("effective_rank", "effective rank", _by_vectors(_rank)),
    Measure("near_duplicates", "near duplicates", _by_vectors(lambda found: found.near_duplicates)),
    Measure("duplicates", "exact duplicates", _by_texts(lambda found: found.duplicates)),
    Measure("distinct_1", "distinct-1", _by_texts(lambda found: found.distinct_1)),
    Measure("distinct_2", "distinct-2", _by_texts(lambda found: found.distinct_2)),
    Measure("self_bleu", "self-BLEU", _by_texts(lambda found: found.self_bleu)),
    Measure("copied", "copied from posts", lambda found: found.copied),
    Measure("human", "words of a human post", lambda found: found.human),
    Measure("words", "words an answer", _by_texts(lambda found: found.words)),
)
"""All numbers that are followed over t, in the order in which they are shown."""
