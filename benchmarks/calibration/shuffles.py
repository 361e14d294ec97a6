"""Claims of level: the permutation tests, of one step, of its pairs, and of A/A runs."""

from itertools import product

import numpy as np

from benchmarks.calibration.row import Row, at_most, rate
from benchmarks.calibration.samples import Stocks, alike, cloud, few, rare
from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.permutation import difference_tests

PERMUTATIONS, LEVEL = 199, 0.05
TEST = "analysis/test_permutation.py"


def level():
    rng, size = np.random.default_rng(31), 2_000
    stocks = {
        "normal": alike(cloud(rng)),
        "heavy tails": alike(cloud(rng, tails=1)),
        "few answers": alike(few()),
        "a rare answer": Stocks(rare(0.05).answers[:1] * 3),
        "768 dimensions": alike(cloud(rng, p=768)),
    }
    hits, pairs = {}, {}
    for (name, each), sizes in product(stocks.items(), ((4, 4, 4), (20, 20, 20), (4, 10, 40))):
        wrong = np.zeros(3, dtype=int)
        holm = np.zeros(3, dtype=int)
        for _ in range(size):
            points, owners = each.draw(rng, sizes)
            tests = difference_tests(Responses.of(points, owners, 3), rng, PERMUTATIONS)
            wrong += [test.p <= LEVEL for test in tests]
            holm += [bool((test.pair_holm <= LEVEL).any()) for test in tests]
        for k, test in enumerate(tests):
            case = f"{test.statistic}, {name}, L = {', '.join(map(str, dict.fromkeys(sizes)))}"
            hits[case], pairs[case] = (int(wrong[k]), size), (int(holm[k]), size)
    stands = "answers exchangeable between participants; five distributions, L = 4, 20 and unequal"
    yield at_most("the tests reject equal distributions rarely", stands, 31, hits, LEVEL, TEST)
    yield at_most("nor is any pair said to differ, after Holm", stands, 31, pairs, LEVEL, TEST)


def runs():
    rng, size, steps = np.random.default_rng(32), 200, 61
    each = alike(cloud(rng))
    counts = []
    for _ in range(size):
        draws = (each.draw(rng, (4,) * 3) for _ in range(steps))
        p = [
            difference_tests(
                Responses.of(*drawn, 3), rng, PERMUTATIONS, ("energy",), pairwise=False
            )[0].p
            for drawn in draws
        ]
        counts.append(sum(value <= LEVEL for value in p))
    mean, off = np.mean(counts), np.std(counts, ddof=1) / np.sqrt(size)
    yield Row(
        "of 61 steps of an A/A run about three fall below 0.05",
        "energy, L = 4", f"{size} runs, seed 32", "3.05", f"{mean:.2f} ± {off:.2f}",
        TEST,
        abs(mean - 61 * LEVEL) > 3 * off,
    )  # fmt: skip


def power():
    """Show that the levels aren't kept by never rejecting."""
    rng, size = np.random.default_rng(33), 200
    each = cloud(rng, apart=0.5)
    for responses in (4, 40):
        found = 0
        for _ in range(size):
            points, owners = each.draw(rng, (responses,) * 3)
            found += (
                difference_tests(Responses.of(points, owners, 3), rng, PERMUTATIONS)[1].p <= LEVEL
            )
        yield Row(
            "beside it: how often the energy test sees a difference",
            f"true norm {each.norm:.2f}, L = {responses}", f"{size}, seed 33", "no level",
            rate(found, size), TEST,
        )  # fmt: skip


CLAIMS = (level, runs, power)
