"""The order of a crowd, means of its blocks, and distances from its centre."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform

from lwd_tui.analysis.crowd import (
    block_means,
    block_starts,
    clustered_order,
    distances_from_centre,
)


def apart(places):
    return squareform(pdist(np.asarray(places, dtype=float)))


def test_three_pairs_worked_out_by_hand():
    # 0 and 3 at 0 and 1; 1 and 4 at 10 and 12; 2 and 5 at 30 and 33: merged at 1, 2 and 3, then the
    # first two pairs. Wherever two branches meet, their nearest ends are those along the line.
    line = apart([[0], [10], [30], [1], [12], [33]])
    order = clustered_order(line).tolist()
    assert order in ([0, 3, 1, 4, 2, 5], [5, 2, 4, 1, 3, 0])


@pytest.mark.parametrize("n", [2, 3, 12, 101])
def test_each_branch_of_scipys_tree_stands_together_at_its_nearest_ends(n):
    distances = apart(np.random.default_rng(n).normal(size=(n, 3)))
    order = clustered_order(distances).tolist()
    branches = [[i] for i in range(n)]
    for one, other, *_ in linkage(squareform(distances), "average"):
        inside = {*branches[int(one)], *branches[int(other)]}
        branches.append([i for i in order if i in inside])
        start = order.index(branches[-1][0])
        assert order[start : start + len(inside)] == branches[-1]
        # However the whole is turned, the ends that touch are the nearest of the four.
        pieces = [[i for i in order if i in branches[int(each)]] for each in (one, other)]
        left, right = sorted(pieces, key=lambda piece: order.index(piece[0]))
        ends = [distances[a, b] for a in (left[0], left[-1]) for b in (right[0], right[-1])]
        assert distances[left[-1], right[0]] == min(ends)
    assert sorted(order) == list(range(n))


def test_who_is_missing_stands_last():
    distances = apart(np.random.default_rng(2).normal(size=(7, 2)))
    for gone in (1, 4):
        distances[gone] = distances[:, gone] = np.nan
    order = clustered_order(distances)
    assert sorted(order) == list(range(7))
    assert order[-2:].tolist() == [1, 4]
    assert clustered_order(np.full((3, 3), np.nan)).tolist() == [0, 1, 2]


def test_means_of_blocks_worked_out_by_hand():
    nan = np.nan
    distances = np.array([[0, 1, 2, 4], [1, 0, 6, 8], [2, 6, 0, nan], [4, 8, nan, 0]], dtype=float)
    # The diagonal doesn't count, nor does what is missing.
    assert block_means(distances, 2).tolist()[0] == [1.0, 5.0]
    assert np.isnan(block_means(distances, 2)[1, 1])
    whole = block_means(distances, 4)
    off = ~np.eye(4, dtype=bool)
    np.testing.assert_array_equal(whole[off], distances[off])
    assert np.isnan(np.diagonal(whole)).all()


def test_blocks_are_equally_large_as_far_as_may_be():
    for n in range(1, 40):
        for blocks in range(1, n + 1):
            sizes = np.diff([*block_starts(n, blocks), n])
            assert sizes.sum() == n
            assert sizes.max() - sizes.min() <= 1


def test_distances_from_the_centre_are_those_of_the_places():
    places = np.random.default_rng(3).normal(size=(20, 5))
    wanted = np.linalg.norm(places - places.mean(axis=0), axis=1)
    np.testing.assert_allclose(distances_from_centre(apart(places)), wanted)


def test_the_centre_is_of_those_who_are_there():
    places = np.random.default_rng(4).normal(size=(8, 3))
    distances = apart(places)
    distances[3] = distances[:, 3] = np.nan
    there = np.delete(places, 3, axis=0)
    wanted = np.linalg.norm(there - there.mean(axis=0), axis=1)
    found = distances_from_centre(distances)
    assert np.isnan(found[3])
    np.testing.assert_allclose(np.delete(found, 3), wanted)
