"""The split of the variation between and within participants."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.partition import partition


def test_in_one_dimension_it_is_analysis_of_variance() -> None:
    rng = np.random.default_rng(1)
    owners = np.repeat([0, 1, 2], [6, 9, 11])
    points = rng.normal(size=26) + owners
    split = partition(Responses.of(points[:, None], owners, 3))
    expected = stats.f_oneway(*(points[owners == i] for i in range(3))).statistic
    assert split.pseudo_f == pytest.approx(expected)
    total = ((points - points.mean()) ** 2).sum()
    assert split.between + split.within == pytest.approx(total)
    assert split.share == pytest.approx(split.between / total)


def test_a_case_worked_by_hand() -> None:
    # Means 1 and 5 about 3: between 2 * 4 + 2 * 4 = 16; within 1 + 1 + 1 + 1 = 4.
    split = partition(Responses.of([[0.0], [2.0], [4.0], [6.0]], np.array([0, 0, 1, 1]), 2))
    assert (split.between, split.within, split.share) == (16.0, 4.0, 0.8)
    assert split.pseudo_f == 16 / (4 / 2)


def test_degenerate_steps() -> None:
    same = partition(Responses.of(np.ones((4, 2)), np.array([0, 0, 1, 1]), 2))
    assert (same.between, same.within) == (0.0, 0.0)
    assert math.isnan(same.share)
    assert math.isnan(same.pseudo_f)
    apart = partition(Responses.of([[0.0], [0.0], [1.0], [1.0]], np.array([0, 0, 1, 1]), 2))
    assert apart.pseudo_f == math.inf
    single = partition(Responses.of([[0.0], [1.0]], np.array([0, 1]), 2))
    assert math.isnan(single.pseudo_f)
    missing = partition(Responses.of([[0.0], [2.0], [4.0], [6.0]], np.array([0, 0, 2, 2]), 3))
    assert missing.pseudo_f == 8.0
    with pytest.raises(UnfitData, match="at least two participants"):
        partition(Responses.of([[0.0], [1.0]], np.array([1, 1]), 2))
