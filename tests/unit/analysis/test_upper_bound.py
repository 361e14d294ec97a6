"""The upper bound, against a case by hand, another optimiser, and all samples that there are."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import binom

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.upper_bound import (
    largest_norm,
    least_upper_bound,
    norm_upper_bound,
    responses_needed,
)


def sphere(rng: np.random.Generator, size: int, p: int) -> np.ndarray:
    points = rng.normal(size=(size, p))
    unit: np.ndarray = points / np.linalg.norm(points, axis=1, keepdims=True)
    return unit


def test_equal_responses_by_hand() -> None:
    # u is (1, -1) / sqrt 2 along some axis, so that a response moves its sum by 2 / sqrt 2 at most.
    # A fifth of it is kept back: x / k with k = 0.8 * 19 / sqrt 2, times sqrt 2n = 2.
    expected = 2 * math.log(1 / 0.05) * math.sqrt(2) / (0.8 * 19)
    points = np.tile([0.6, 0.8], (40, 1))
    found = norm_upper_bound(Responses.of(points, np.repeat([0, 1], 20), 2))
    assert found == pytest.approx(expected)
    assert least_upper_bound(2, 20) == pytest.approx(expected)


def test_equal_means_of_varied_responses_by_hand() -> None:
    # The worst direction is that of one participant's responses alone, whose variance is 10 / 39.
    k, g = 0.8 * 39 / math.sqrt(2), (math.log(5) - 0.8) / 0.64
    harmonic = sum(1 / j for j in range(1, 40))
    spread = k * g * (1 + harmonic / 39) / 39 * 10 / 39
    points = np.tile([[0.5], [-0.5]], (40, 1))
    found = norm_upper_bound(Responses.of(points, np.repeat([0, 1], 40), 2))
    assert found == pytest.approx(2 * (math.log(20) / k + spread))


@pytest.mark.parametrize("sizes", [(60, 60, 60), (40, 90, 200)])
def test_the_worst_direction_is_found(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    n, p = 3, 3
    groups = [0.5 * sphere(rng, size, p) * [1, 0.3, 0.1] for size in sizes]
    groups[0][:, 1] += 0.4
    centres = np.array([group.mean(axis=0) for group in groups])
    centres -= centres.mean(axis=0)
    reach, x = 2 * math.sqrt(2 / 3), math.log(1 / 0.01)
    k = 0.8 * (min(sizes) - 1) / reach
    terms = []
    for group in groups:
        size = len(group)
        f = k * reach / (size - 1)
        g = (-math.log(1 - f) - f) / f**2
        a = g * (1 + sum(1 / j for j in range(1, size)) / (size - 1)) / (size - 1)
        terms.append(a * np.cov(group.T))

    def width(flat: np.ndarray) -> float:
        u = flat.reshape(n, p) / np.linalg.norm(flat)
        along = np.einsum("ip,ipq,iq", u, np.array(terms), u)
        return -float(np.vdot(centres, u) + k * along)

    best = -min(minimize(width, rng.normal(size=n * p)).fun for _ in range(8))
    owners = np.repeat(np.arange(n), sizes)
    found = norm_upper_bound(Responses.of(np.concatenate(groups), owners, n), 0.99)
    assert found == pytest.approx(math.sqrt(6) * (x / k + best), rel=1e-6)


def test_the_level_is_kept_in_every_case_of_two_answers() -> None:
    # Each participant says one of two opposite things. All samples are gone through, so that the
    # chance of a miss is exact: for every pair of chances, the rare ones among them.
    size, level = 16, 0.8
    bounds = np.empty((size + 1, size + 1))
    for i, j in product(range(size + 1), repeat=2):
        points = np.ones((2 * size, 1))
        points[:i] = points[size : size + j] = -1
        bounds[i, j] = norm_upper_bound(Responses.of(points, np.repeat([0, 1], size), 2), level)
    bounds = np.where(np.isnan(bounds), np.inf, bounds)
    shares = np.linspace(0, 1, 101)
    chances = binom.pmf(np.arange(size + 1), size, shares[:, None])
    worst = 0.0
    for share, chance in zip(shares, chances, strict=True):
        missed = bounds < math.sqrt(2) * 2 * np.abs(share - shares)[:, None, None]
        worst = max(worst, float(np.einsum("i,qj,qij->q", chance, chances, missed).max()))
    assert worst <= 1 - level
    # Not so wide that nothing could be beyond it.
    assert worst > 0.3 * (1 - level)


@pytest.mark.parametrize("tails", ["normal", "heavy"])
def test_the_bounds_of_a_run_hold_together(tails: str) -> None:
    # The means lie apart along the axis on which the responses vary most.
    rng = np.random.default_rng(2)
    n, size, p, steps, runs = 3, 20, 50, 9, 40
    scale = np.arange(1, p + 1) ** -0.5
    draw = rng.standard_normal if tails == "normal" else lambda shape: rng.standard_t(2, shape)
    answers = draw((n, 3_000, p)) * scale * 0.25
    answers[0, :, 0] += 0.6
    answers = np.concatenate([answers, np.full((n, 3_000, 1), 0.7)], axis=2)
    answers /= np.linalg.norm(answers, axis=2, keepdims=True)
    means = answers.mean(axis=1)
    truth = math.sqrt(((means[:, None] - means) ** 2).sum())
    owners = np.repeat(np.arange(n), size)
    level, missed = 0.95 ** (1 / steps), 0
    for _ in range(runs):
        drawn = answers[np.arange(n)[:, None], rng.integers(3_000, size=(steps, n, size))]
        bounds = [
            norm_upper_bound(Responses.of(each.reshape(-1, p + 1), owners, n), level)
            for each in drawn
        ]
        missed += min(bounds) < truth
    assert missed <= 0.05 * runs


def test_it_is_of_use_at_the_papers_size() -> None:
    # Equal participants, L = 40: of the norms that there are, up to 4.2, most are excluded.
    rng = np.random.default_rng(3)
    points = sphere(rng, 120, 50) * 0.5 + np.eye(50)[0] * 0.5
    found = norm_upper_bound(Responses.of(points, np.repeat([0, 1, 2], 40), 3))
    assert found < 1.2
    assert largest_norm(3) == pytest.approx(3 * math.sqrt(2))


def test_order_motion_and_scale_do_not_matter() -> None:
    rng = np.random.default_rng(4)
    points, owners = 0.5 * sphere(rng, 90, 4), np.repeat([0, 1, 2], 30)
    found = norm_upper_bound(Responses.of(points, owners, 3))
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    order = rng.permutation(90)
    assert norm_upper_bound(Responses.of(points @ rotation + 0.2, owners, 3)) == pytest.approx(
        found
    )
    assert norm_upper_bound(Responses.of(points[order], owners[order], 3)) == pytest.approx(found)
    large = norm_upper_bound(Responses.of(23 * points, owners, 3), radius=23.0)
    assert large == pytest.approx(23 * found)


@pytest.mark.parametrize(("norm", "level"), [(4.0, 0.95), (1.0, 0.999), (0.5, 0.95), (0.05, 0.5)])
def test_the_responses_needed_are_those_of_equal_responses(norm: float, level: float) -> None:
    needed = responses_needed(norm, 3, level)

    def bound(size: int) -> float:
        return norm_upper_bound(
            Responses.of(np.zeros((3 * size, 2)), np.repeat([0, 1, 2], size), 3), level
        )

    assert bound(needed) < norm
    assert not bound(needed - 1) < norm


def test_where_nothing_can_be_said_there_is_no_bound() -> None:
    owners = np.repeat([0, 1, 2], 4)
    assert math.isnan(norm_upper_bound(Responses.of(np.zeros((12, 3)), owners, 3), 0.95 ** (1 / 9)))
    assert math.isnan(norm_upper_bound(Responses.of(np.zeros((40, 3)), np.zeros(40, dtype=int), 1)))
    assert math.isnan(
        norm_upper_bound(Responses.of(np.zeros((41, 3)), np.array([0] * 40 + [1]), 2))
    )
    assert math.isnan(norm_upper_bound(Responses.of(np.zeros((40, 3)), np.zeros(40, dtype=int), 2)))
    # Single precision makes unit vectors longer than 1 by a little; others lie outside the ball.
    unit, owners = np.tile([0.0, 1.0], (80, 1)), np.repeat([0, 1], 40)
    assert norm_upper_bound(Responses.of((1 + 1e-6) * unit, owners, 2)) < 1
    assert math.isnan(norm_upper_bound(Responses.of(1.1 * unit, owners, 2)))


def test_bad_input_is_told() -> None:
    points, owners = np.zeros((80, 2)), np.repeat([0, 1], 40)
    for level in (0.0, 1.0, 95):
        with pytest.raises(UnfitData, match="level"):
            norm_upper_bound(Responses.of(points, owners, 2), level=level)
    with pytest.raises(UnfitData, match="radius"):
        norm_upper_bound(Responses.of(points, owners, 2), radius=math.inf)
