"""What comes nearest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.neighbours import Neighbour, common_words, nearest


def test_a_case_worked_by_hand() -> None:
    blocks = [[[3.0, 4.0], [0.0, 1.0]], np.empty((0, 0)), [[0.0, -2.0], [6.0, 8.0]]]
    assert nearest([0.0, 0.0], blocks, 3) == [
        Neighbour(0, 1, 1.0),
        Neighbour(2, 0, 2.0),
        Neighbour(0, 0, 5.0),
    ]


def test_of_equally_near_rows_the_earlier_comes_first() -> None:
    same = np.ones((2, 3))
    found = nearest(np.ones(3), [same, same], 3)
    assert [(each.block, each.row) for each in found] == [(0, 0), (0, 1), (1, 0)]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_it_agrees_with_scikit_learn(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = [rng.normal(size=(size, 5)).astype(np.float32) for size in rng.integers(0, 6, 8)]
    point = rng.normal(size=5)
    rows = np.concatenate(blocks).astype(float)
    starts = np.cumsum([0, *map(len, blocks)])
    found = nearest(point, blocks, count)
    wanted = min(count, len(rows))
    assert len(found) == wanted
    if wanted:
        distances, order = NearestNeighbors(n_neighbors=wanted).fit(rows).kneighbors([point])
        assert [starts[each.block] + each.row for each in found] == order[0].tolist()
        assert [each.distance for each in found] == pytest.approx(distances[0].tolist())


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(UnfitData, match="block"):
        nearest([0.0], [[[np.nan]]], 1)
    with pytest.raises(UnfitData, match="point"):
        nearest([np.inf], [], 1)


def test_common_words_are_counted_once_whatever_their_case() -> None:
    found = common_words("Prices fall, prices FALL!", ["fall prices", "prices may rise", "", "no"])
    np.testing.assert_allclose(found, [1, 1 / 4, 0, 0])
    assert common_words("", [""]).tolist() == [0]
