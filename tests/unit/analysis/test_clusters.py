"""Clusters of answers: cases worked by hand, and what holds of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist, pdist

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.clusters import clusters_holding, leader_clusters, typical_distance


def test_the_answer_that_was_given_most_often_leads() -> None:
    points = [[0.0], [1.0], [2.0], [9.0]]
    found = leader_clusters(points, [1, 5, 1, 2], radius=1.0)
    assert found.leaders.tolist() == [1, 3]
    assert found.labels.tolist() == [0, 0, 0, 1]


def test_an_answer_joins_the_nearest_leader_and_the_largest_cluster_comes_first() -> None:
    # 3 leads, then 0, for 2 is within reach of 3. 1.4 is nearer to 0, whose cluster is larger.
    points = [[0.0], [1.4], [3.0], [2.0]]
    found = leader_clusters(points, [3, 2, 4, 0.5], radius=2.0)
    assert found.leaders.tolist() == [0, 2]
    assert found.labels.tolist() == [0, 0, 1, 1]


def test_of_equals_the_earlier_leads() -> None:
    found = leader_clusters([[5.0], [0.0], [0.9], [5.5]], [1, 1, 1, 1], radius=1.0)
    assert found.leaders.tolist() == [0, 1]
    assert found.labels.tolist() == [0, 1, 1, 0]


def test_rounding_makes_no_clusters() -> None:
    points = np.ones((40, 8)) + 1e-7 * np.arange(40)[:, None]
    assert len(leader_clusters(points, np.ones(40), radius=0.0).leaders) == 1


@given(
    arrays(np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 9)),
    st.data(),
)
def test_leaders_are_apart_and_all_others_near_one(points, data) -> None:
    weights = data.draw(arrays(np.float64, len(points), elements=st.integers(1, 5)))
    radius = data.draw(st.floats(0.5, 6))
    found = leader_clusters(points, weights, radius)
    leaders = points[found.leaders]
    assert (pdist(leaders) > radius).all()
    distances = cdist(points, leaders)
    own = distances[np.arange(len(points)), found.labels]
    assert (own <= radius).all()
    assert (own == distances.min(axis=1)).all()
    sizes = [weights[found.labels == label].sum() for label in range(len(leaders))]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([90, 10], 1),
        ([89, 11], 2),
        ([1] * 10, 9),
        ([3, 3, 3, 1], 3),
        ([5], 1),
        ([], 0),
        ([0, 0], 0),
    ],
)
def test_how_many_hold_ninety_percent(sizes, expected) -> None:
    assert clusters_holding(sizes, 0.9) == expected
    assert clusters_holding(sizes[::-1], 0.9) == expected


def test_the_typical_distance_is_the_median_of_all_pairs() -> None:
    points = np.random.default_rng(3).normal(size=(9, 4))
    assert typical_distance(points) == pytest.approx(np.median(pdist(points)))
    assert np.isnan(typical_distance(points[:1]))


def test_of_very_many_points_at_most_a_thousand_are_paired_evenly() -> None:
    points = np.random.default_rng(5).normal(size=(1_001, 2))
    points[1::2] += 100
    assert typical_distance(points) == pytest.approx(np.median(pdist(points[::2])))
    assert typical_distance(points[:1_000]) == pytest.approx(np.median(pdist(points[:1_000])))


def test_bad_input_is_told() -> None:
    with pytest.raises(UnfitData, match="weights: 2 are needed"):
        leader_clusters([[0.0], [1.0]], [1.0], 1.0)
    with pytest.raises(UnfitData, match="radius"):
        leader_clusters([[0.0]], [1.0], -1.0)
    with pytest.raises(UnfitData, match="NaN"):
        leader_clusters([[np.nan]], [1.0], 1.0)
