"""Coverage of intervals, bounds and sequences over thousands of simulated steps.

Bounds are four standard errors of the simulation, so that a right method fails once in ten
thousand runs, and the seeds are fixed.
"""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.bootstrap import norm_interval
from lwd_tui.analysis.distance import geometry
from lwd_tui.analysis.sequences import (
    debiased_range,
    running_mean_sequence,
    simultaneous_level,
)
from lwd_tui.analysis.upper_bound import norm_upper_bound

pytestmark = pytest.mark.integration


def slack(rate: float, repeats: int) -> float:
    return 4 * float(np.sqrt(rate * (1 - rate) / repeats))


@pytest.mark.parametrize("size", [10, 40])
@pytest.mark.parametrize("apart", [0.0, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("axis", [0, 20])
def test_coverage_of_the_bootstrap_interval(size: int, apart: float, axis: int) -> None:
    rng = np.random.default_rng(3)
    repeats, p = 1000, 50
    owners = np.repeat([0, 1, 2], size)
    scale = np.arange(1, p + 1) ** -0.5
    truth = 2 * apart
    held = 0
    for _ in range(repeats):
        points = scale * rng.normal(size=(3 * size, p))
        points[owners == 0, axis] += apart
        found = norm_interval(Responses.of(points, owners, 3), rng, 0.95, 199)
        held += found.lower <= truth <= found.upper
    # It claims no level; this is what it has had in these cases.
    least = 0.92 if size == 40 else 0.90
    assert held / repeats >= least - slack(least, repeats)


def unit_step(rng: np.random.Generator, centres: np.ndarray, size: int) -> np.ndarray:
    points = np.repeat(centres, size, axis=0) + 0.4 * rng.normal(size=(len(centres) * size, 5))
    unit: np.ndarray = points / np.linalg.norm(points, axis=1, keepdims=True)
    return unit


def test_bounds_and_sequences_hold_over_whole_runs() -> None:
    rng = np.random.default_rng(5)
    n, size, steps, runs = 3, 20, 25, 200
    owners = np.repeat(np.arange(n), size)
    start = np.eye(5)[:n]
    end = np.ones((n, 5)) / np.sqrt(5)
    paths = [(1 - t / steps) * start + t / steps * end for t in range(steps)]
    # True means on the sphere have no closed form here: a very large sample stands for them.
    truths = []
    for centres in paths:
        many = unit_step(rng, centres, 20_000)
        truths.append(geometry_norm(many.reshape(n, -1, 5).mean(axis=1)))
    each = simultaneous_level(0.95, steps)
    missed = left = 0
    for _ in range(runs):
        bounds, sums = [], []
        for centres in paths:
            responses = Responses.of(unit_step(rng, centres, size), owners, n)
            step = geometry(responses)
            bounds.append(norm_upper_bound(responses, each))
            sums.append(step.norm**2 - step.noise_floor**2)
        missed += bool((np.array(bounds) < truths).any())
        found = running_mean_sequence(sums, *debiased_range(n, size))
        average = np.cumsum(np.square(truths)) / np.arange(1, steps + 1)
        left += bool(((average < found.lower) | (average > found.upper)).any())
    assert missed <= 0.05 * runs
    assert left <= 0.05 * runs


def geometry_norm(means: np.ndarray) -> float:
    return float(np.sqrt(((means[:, None] - means[None]) ** 2).sum()))
