"""All statistics of a step in one call."""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.distance import geometry
from lwd_tui.analysis.diversity import vendi_score
from lwd_tui.analysis.lexical import self_bleu
from lwd_tui.analysis.summary import first_statistics, step_statistics, text_statistics


def test_the_parts_are_there() -> None:
    rng = np.random.default_rng(1)
    owners = np.repeat([0, 1, 2], 6)
    points = rng.normal(size=(18, 5)) + 4 * owners[:, None]
    found = step_statistics(
        Responses.of(points, owners, 3), np.random.default_rng(2), permutations=99
    )
    assert [test.statistic for test in found.tests] == ["sum_of_squares", "energy", "mmd"]
    assert all(test.p == 0.01 for test in found.tests)
    assert found.partition is not None
    assert found.partition.share > 0.5
    assert found.interval.lower > 0
    assert found.pairs.squares.shape == (3, 3)
    # 999 permutations, unless told.
    usual = step_statistics(Responses.of(points, owners, 3), np.random.default_rng(2))
    assert [test.p for test in usual.tests] == [0.001] * 3
    assert found.together.vendi == vendi_score(points)
    assert [one.vendi for one in found.alone] == [
        vendi_score(points[owners == i]) for i in (0, 1, 2)
    ]


def test_what_is_quick_is_what_the_whole_says() -> None:
    rng = np.random.default_rng(4)
    responses = Responses.of(rng.normal(size=(9, 4)), [0, 0, 0, 1, 1, 2, 2, 2, 2], 3)
    quick = first_statistics(responses, geometry(responses), 0.9)
    whole = step_statistics(responses, rng, 0.9, permutations=9)
    assert quick.pairs.squares == pytest.approx(whole.pairs.squares)
    assert quick.partition == whole.partition
    assert quick.resolution == whole.resolution
    assert (quick.tests, quick.interval.level) == ((), 0.9)
    assert np.isnan(first_statistics(responses, None).pairs.squares).all()


@pytest.mark.parametrize("owners", [[], [0], [0, 0, 0], [0, 2], [1, 1, 2, 2, 2, 2]])
def test_every_thin_step_has_a_defined_answer(owners: list[int]) -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(len(owners), 4))
    labels = np.array(owners, dtype=np.int64)
    found = step_statistics(Responses.of(points, labels, 3), rng, permutations=9, resamples=9)
    several = len(set(owners)) > 1
    assert bool(found.tests) is several
    assert (found.partition is not None) is several
    assert np.isnan(found.interval.estimate)
    assert len(found.alone) == 3


def test_one_participant_is_at_no_distance_from_anybody() -> None:
    points = np.random.default_rng(5).normal(size=(6, 3))
    found = step_statistics(Responses.of(points, np.zeros(6), 1), np.random.default_rng(6))
    assert np.isnan([found.interval.estimate, found.interval.lower, found.interval.upper]).all()
    assert found.interval.level == 0.95
    two = step_statistics(Responses.of(points, [0, 0, 0, 1, 1, 1], 2), np.random.default_rng(6))
    assert np.isfinite([two.interval.estimate, two.interval.lower, two.interval.upper]).all()


def test_collapse_has_a_defined_answer() -> None:
    found = step_statistics(
        Responses.of(np.full((9, 4), 0.3), np.repeat([0, 1, 2], 3), 3), np.random.default_rng(4)
    )
    assert all(test.p == 1.0 for test in found.tests)
    assert found.interval.upper == 0.0
    assert found.together.vendi == pytest.approx(1.0)
    assert found.together.near_duplicates == 1.0
    assert found.together.effective_rank == 0.0


def test_texts_together_and_alone() -> None:
    texts = ["up it goes", "up it goes", "down", "down we go"]
    found = text_statistics(texts, np.array([0, 0, 1, 1]), 3)
    assert found.together.self_bleu == self_bleu(texts)
    # Six different words of ten, four different pairs of six.
    assert found.together.distinct_1 == pytest.approx(6 / 10)
    assert found.together.distinct_2 == pytest.approx(4 / 6)
    assert found.together.duplicates == 0.5
    assert found.together.words == 2.5
    assert found.alone[0].distinct_1 == 0.5
    assert found.alone[0].duplicates == found.alone[0].self_bleu == 1.0
    assert found.alone[1].words == 2.0
    assert np.isnan([found.alone[2].words, found.alone[2].self_bleu]).all()
    with pytest.raises(UnfitData, match="4 are needed, one a text, not 1"):
        text_statistics(texts, np.array([0]), 2)
