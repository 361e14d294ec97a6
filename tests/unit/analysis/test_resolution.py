"""Equal answers whose vectors differ by what single precision rounds away."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lwd_tui.analysis import resolution as resolution_module
from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.changepoint import change_point
from lwd_tui.analysis.control_chart import control_chart
from lwd_tui.analysis.distance import geometry
from lwd_tui.analysis.diversity import effective_rank
from lwd_tui.analysis.drift import drift
from lwd_tui.analysis.frames import common_basis
from lwd_tui.analysis.partition import partition
from lwd_tui.analysis.permutation import difference_tests
from lwd_tui.analysis.resolution import resolution, without_rounding

OWNERS = np.repeat([0, 1], 20)


def embedded(seed: int, kinds: np.ndarray, length: float = 1.0, p: int = 384) -> np.ndarray:
    """Answers of some kinds as a model in single precision embeds them, a batch a participant.

    A matrix of random weights stands for the model; the order in which its products are summed
    differs by participant, as it differs by the size of a batch.
    """
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(64, p)).astype(np.float32)
    inputs = rng.normal(size=(max(kinds) + 1, 64)).astype(np.float32)
    rows = []
    for kind, owner in zip(kinds, OWNERS, strict=True):
        order = np.random.default_rng(owner).permutation(64)
        row = np.zeros(p, dtype=np.float32)
        for k in order:
            row += inputs[kind, k] * weights[k]
        rows.append(row)
    cloud = np.array(rows)
    noise = rng.choice([-1, 0, 1], size=cloud.shape) * np.spacing(cloud)
    cloud = (cloud + noise).astype(np.float32)
    return length * cloud / np.float32(np.linalg.norm(cloud[0]))


@pytest.mark.parametrize("length", [1.0, 23.5])
def test_equal_answers_have_no_directions_no_shares_and_no_differences(length: float) -> None:
    cloud = embedded(1, np.zeros(40, dtype=int), length)
    assert len(np.unique(cloud, axis=0)) == 40
    assert effective_rank(cloud) == 0.0
    split = partition(Responses.of(cloud, OWNERS, 2))
    assert math.isnan(split.share)
    assert math.isnan(split.pseudo_f)
    for test in difference_tests(Responses.of(cloud, OWNERS, 2), np.random.default_rng(0), 99):
        assert (test.value, test.p, test.pair_p[0, 1]) == (0.0, 1.0, 1.0)
    assert geometry(Responses.of(cloud, OWNERS, 2)).explained == 1.0
    assert common_basis([cloud, embedded(1, np.zeros(40, dtype=int), length)]).explained == 1.0


def test_two_answers_are_one_direction_whatever_the_rounding() -> None:
    kinds = np.tile([0, 1], 20)
    cloud = embedded(2, kinds)
    assert effective_rank(cloud) == 1.0
    # Who says each as often differs in nothing; who says one of them only differs in all.
    assert all(
        test.p == 1.0
        for test in difference_tests(Responses.of(cloud, OWNERS, 2), np.random.default_rng(0), 99)
    )
    apart = embedded(2, OWNERS)
    assert partition(Responses.of(apart, OWNERS, 2)).pseudo_f == math.inf
    assert geometry(Responses.of(apart, OWNERS, 2)).explained == pytest.approx(1.0)


def test_an_answer_that_is_another_is_never_put_in_the_place_of_one() -> None:
    # A thousand times the resolution of single precision apart.
    rng = np.random.default_rng(3)
    base = rng.normal(size=384)
    cloud = base + 1e-4 * np.linalg.norm(base) * rng.normal(size=(40, 384)) / math.sqrt(384)
    assert without_rounding(cloud) is cloud
    assert effective_rank(cloud) > 38


def test_who_says_the_same_again_in_another_batch_has_not_moved() -> None:
    still, alone = np.zeros(40, dtype=int), np.zeros(20, dtype=int)
    clouds = [embedded(4, still)[OWNERS == 0], embedded(4, still)[OWNERS == 1]]
    clouds.append(embedded(5, still)[OWNERS == 0])
    found = drift([Responses.of(cloud, alone, 1) for cloud in clouds], 1)
    assert found.squares[0, 0] == found.errors[0, 0] == 0.0
    assert found.ratios.tolist() == [[0.0], [math.inf]]


def test_a_series_of_rounding_is_a_constant_one() -> None:
    rng = np.random.default_rng(6)
    series = 1.3 + 1e-7 * rng.normal(size=30)
    change = change_point(series, rng, precision=1e-5)
    assert change.start == change.end
    assert change.explained == 1.0
    chart = control_chart([1.3 + 5e-6, *series], 1, 30, precision=1e-5)
    assert not chart.outside.any()
    assert chart.autocorrelation == 0.0
    assert control_chart([2.0, *series], 1, 30, precision=1e-5).outside.tolist() == [True] + 30 * [
        False
    ]


def test_two_answers_are_equal_up_to_a_hundred_thousandth_of_their_length() -> None:
    assert resolution(np.array([[3.0, 4.0], [0.0, 1.0]])) == pytest.approx(5e-5)
    assert resolution(np.empty((0, 2))) == 0.0
    for apart, equal in ((0.9e-5, True), (1.1e-5, False)):
        points = np.array([[1.0, 0.0], [1.0, apart]])
        assert (without_rounding(points)[1, 1] == 0) == equal
        assert points[1, 1] == apart
    one = np.array([[1.0, 2.0]])
    assert without_rounding(one) is one


def test_points_are_compared_some_at_a_time_with_all_before_them(monkeypatch):
    # Three places, each met seven times, a rounding apart; a block holds four points.
    monkeypatch.setattr(resolution_module, "_BLOCK", 4)
    places = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    points = np.tile(places, (7, 1)) + np.arange(21)[:, None] * 1e-8
    assert np.array_equal(without_rounding(points), np.tile(points[:3], (7, 1)))
