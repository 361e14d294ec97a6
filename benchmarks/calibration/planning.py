"""Claims of a plan: the power that was predicted, and how far a few answers are enough for it."""

from itertools import product

import numpy as np

from benchmarks.calibration.row import Row, error
from benchmarks.calibration.samples import cloud, few
from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.permutation import difference_tests
from lwd_tui.analysis.planning import Scatter, expected_floor, scatter, step_power

PERMUTATIONS, LEVEL = 199, 0.05
TEST = "analysis/test_planning.py"
PILOT = 8


def whole(stocks) -> Scatter:
    """Return how answers vary in truth."""
    covariances = [np.cov(stock.T, bias=True) for stock in stocks.answers]
    spreads = np.array([np.trace(each) for each in covariances])
    square = float(np.square(np.mean(covariances, axis=0)).sum())
    return Scatter(spreads, spreads.mean() ** 2 / square)


def power():
    rng, size = np.random.default_rng(34), 400
    cases = {
        "normal, apart along the widest axis": cloud(rng, apart=0.3),
        "normal, apart along a narrow axis": cloud(rng, apart=0.3, axis=20),
        "heavy tails": cloud(rng, apart=0.3, tails=3),
        "few answers": few(0.6),
    }
    for responses, (name, each) in product((4, 10), cases.items()):
        predicted = step_power(each.norm, whole(each), responses)
        shown = 0
        for _ in range(size):
            points, owners = each.draw(rng, (responses,) * 3)
            (test,) = difference_tests(
                Responses.of(points, owners, 3), rng, PERMUTATIONS, ("sum_of_squares",), False
            )
            shown += test.p <= LEVEL
        yield Row(
            "approximate: a step shows a difference as often as a plan says",
            f"{name}, true norm {each.norm:.2f}, L = {responses}", f"{size}, seed 34",
            f"{predicted:.3f}", f"{shown / size:.3f} ± {error(shown / size, size):.3f}", TEST,
        )  # fmt: skip


def pilots():
    rng, size = np.random.default_rng(35), 400
    for name, each in {"normal": cloud(rng), "few answers": few(0.6)}.items():
        truth, floors, directions = whole(each), [], []
        for _ in range(size):
            points, owners = each.draw(rng, (PILOT,) * 3)
            found = scatter([Responses.of(points, owners, 3)])
            floors.append(expected_floor(found, PILOT) / expected_floor(truth, PILOT))
            directions.append(found.directions / truth.directions)
        low, high = np.quantile(floors, (0.05, 0.95))
        few_, many = np.quantile(directions, (0.05, 0.95))
        yield Row(
            f"beside it: a plan from {PILOT} answers of each of three, for that from all",
            name, f"{size}, seed 35", "about 1",
            f"floor {low:.2f} to {high:.2f}, directions {few_:.2f} to {many:.2f} of it, "
            "nine times of ten", TEST,
        )  # fmt: skip


CLAIMS = (power, pilots)
