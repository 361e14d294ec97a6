"""Diversity of meaning."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.diversity import (
    effective_rank,
    near_duplicate_share,
    vector_diversity,
    vendi_score,
)


def test_the_vendi_score_counts_what_is_different() -> None:
    assert vendi_score(np.eye(5)) == pytest.approx(5.0)
    assert vendi_score(np.ones((5, 3))) == pytest.approx(1.0)
    # Two kinds, three and one of each: eigenvalues 3/4 and 1/4.
    assert vendi_score(np.eye(4)[[0, 0, 0, 1]]) == pytest.approx(
        math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    )
    assert vendi_score([[2.0, 0.0], [0.0, 9.0]]) == pytest.approx(2.0)
    # Cosine 1/2 between two: eigenvalues 3/4 and 1/4 as well.
    pair = [[1.0, 0.0], [0.5, math.sqrt(0.75)]]
    assert vendi_score(pair) == pytest.approx(vendi_score(np.eye(4)[[0, 0, 0, 1]]))
    assert math.isnan(vendi_score(np.empty((0, 3))))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12))
def test_the_scores_stay_in_their_range(seed: int, m: int, p: int) -> None:
    points = np.random.default_rng(seed).normal(size=(m, p))
    assert 1 - 1e-9 <= vendi_score(points) <= min(m, p) + 1e-9
    assert effective_rank(points) <= min(m - 1, p) + 1e-9
    twice = np.concatenate([points, points])
    assert vendi_score(twice) == pytest.approx(vendi_score(points))


def test_the_effective_rank_counts_directions() -> None:
    corners = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    assert effective_rank(corners) == pytest.approx(2.0)
    assert effective_rank(corners + 50) == pytest.approx(2.0)
    assert effective_rank([[0.0, 0.0], [1.0, 2.0], [3.0, 6.0]]) == pytest.approx(1.0)
    # Singular values 3 and 1, shares 3/4 and 1/4.
    stretched = effective_rank(corners * [3, 1])
    assert stretched == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))
    assert effective_rank(np.full((4, 2), 0.1)) == 0.0
    assert effective_rank([[1.0, 2.0]]) == effective_rank(np.empty((0, 2))) == 0.0


def test_near_duplicates() -> None:
    points = [[1.0, 0.0], [10.0, 1.0], [0.0, 1.0], [-1.0, 0.0]]
    assert near_duplicate_share(points) == 0.5
    assert near_duplicate_share(points, 0.999) == 0.0
    assert near_duplicate_share(np.full((3, 7), 0.1), 1.0) == 1.0
    assert math.isnan(near_duplicate_share(points[:1]))


@pytest.mark.parametrize("p", [2, 9])
def test_of_a_step_they_are_those_of_its_parts(p: int) -> None:
    rng = np.random.default_rng(3)
    owners = np.array([0, 2, 0, 2, 2, 0, 3, 0])
    points = rng.normal(size=(8, p)) + 3
    points[4] = points[3] + 1e-9
    parts = [points, *(points[owners == i] for i in range(4))]
    for found, part in zip(vector_diversity(Responses.of(points, owners, 4)), parts, strict=True):
        assert found.vendi == pytest.approx(vendi_score(part), nan_ok=True)
        assert found.effective_rank == pytest.approx(effective_rank(part))
        assert found.near_duplicates == pytest.approx(near_duplicate_share(part), nan_ok=True)


def test_bad_input_is_told() -> None:
    with pytest.raises(UnfitData, match="row 1 is zero"):
        vendi_score([[1.0], [0.0]])
