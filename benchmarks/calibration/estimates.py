"""Claims on estimates: without bias, their errors, and how often the interval holds."""

from itertools import product

import numpy as np

from benchmarks.calibration.row import Row, rate, unbiased
from benchmarks.calibration.samples import alike, cloud, few, rare
from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.bootstrap import norm_interval
from lwd_tui.analysis.distance import geometry
from lwd_tui.analysis.drift import drift
from lwd_tui.analysis.standard_errors import debiased_pairs

TESTS = "analysis/test_distance.py"
SIZES = {"L = 2": (2, 2, 2), "L = 4": (4, 4, 4), "L = 3, 10, 40": (3, 10, 40)}


def stocks(rng):
    return {
        "wide axis": cloud(rng),
        "heavy tails": cloud(rng, tails=2),
        "768 dimensions": cloud(rng, p=768, spread=0.5),
        "no difference": alike(cloud(rng)),
        "a rare answer": rare(0.05),
        "few answers": few(),
    }


def debiased():
    rng, size = np.random.default_rng(21), 2_000
    squares, spreads, floors = {}, {}, {}
    truths, dispersions, noises = {}, {}, {}
    for (name, each), (sizes, counts) in product(stocks(rng).items(), SIZES.items()):
        case = f"{name}, {sizes}"
        steps = [geometry(Responses.of(*each.draw(rng, counts), 3)) for _ in range(size)]
        norms = np.array([step.norm for step in steps])
        floor = np.array([step.noise_floor for step in steps])
        squares[case], truths[case] = norms**2 - floor**2, each.norm**2
        spreads[case] = np.array([step.dispersion[0] for step in steps])
        dispersions[case] = float(each.answers[0].var(axis=0).sum())
        if name == "no difference":
            floors[case], noises[case] = floor**2 - norms**2, 0.0
    stands = "independent answers; six distributions, L = 2, 4 and unequal"
    yield unbiased(
        "the debiased squared distances have no bias", stands, 21, squares, truths, TESTS
    )
    yield unbiased("nor has the dispersion S", stands, 21, spreads, dispersions, TESTS)
    yield unbiased(
        "the noise floor is the norm to expect of equal means (both squared)",
        "independent answers of equal means, L = 2, 4 and unequal", 21, floors, noises, TESTS,
    )  # fmt: skip


def standard_errors():
    rng, size = np.random.default_rng(22), 3_000
    normal = cloud(rng, unit=False)
    for name, each, least, most in (
        ("normal, apart", normal, 1.0, 1.0),
        ("normal, no difference", alike(normal), 1.0, np.sqrt(2)),
        ("unit vectors, apart", cloud(rng), 0.0, np.inf),
    ):
        for responses in (4, 20):
            pairs = [
                debiased_pairs(Responses.of(*each.draw(rng, (responses,) * 3), 3))
                for _ in range(size)
            ]
            squares = np.array([pair.squares[0, 1] for pair in pairs])
            told = np.array([pair.errors[0, 1] ** 2 for pair in pairs])
            again = rng.integers(size, size=(400, size))
            # The error of the ratio, by drawing the data sets again.
            ratios = np.sqrt(told[again].mean(axis=1)) / squares[again].std(axis=1)
            ratio, off = np.sqrt(told.mean()) / squares.std(), ratios.std()
            claimed = "1" if least == most else f"{least:.0f} to {most:.2f}"
            yield Row(
                "the standard errors of a debiased square, for the true one",
                f"independent answers; {name}, L = {responses}",
                f"{size:,}, seed 22", "about 1" if np.isinf(most) else claimed,
                f"{ratio:.3f} ± {off:.3f} of it", "analysis/test_standard_errors.py",
                ratio < least - 3 * off or ratio > most + 3 * off,
            )  # fmt: skip


def interval():
    size = 300
    smooth = [("wide axis", 0), ("narrow axis", 20)]
    for responses in (3, 4, 5, 10, 40):
        held = {}
        for (name, axis), apart, tails in product(smooth, (0.0, 0.2, 0.75, 2.0), (np.inf, 3)):
            rng = np.random.default_rng(23)
            each = cloud(rng, apart=apart, axis=axis, tails=tails)
            held[f"{name}, norm {each.norm:.2f}"] = holds(each, responses, rng, size)
        where = min(held, key=held.__getitem__)
        yield Row(
            "approximate: the 95 % interval of a step's norm holds",
            f"no answer is rare; two axes, four distances, two tails, L = {responses}",
            f"{len(held)} cases of {size}, seed 23", "no level",
            f"at least {rate(held[where], size)} ({where})", "analysis/test_bootstrap.py",
        )  # fmt: skip
    for responses in (4, 40):
        rng = np.random.default_rng(24)
        yield Row(
            "the same, where an answer is rare",
            f"one answer in twenty, of one participant, L = {responses}", f"{size}, seed 24",
            "nothing", rate(holds(rare(0.05), responses, rng, size), size), "-",
        )  # fmt: skip


def holds(each, responses, rng, size) -> int:
    held = 0
    for _ in range(size):
        found = norm_interval(Responses.of(*each.draw(rng, (responses,) * 3), 3), rng, 0.95, 499)
        held += found.lower <= each.norm <= found.upper
    return held


def at_rest():
    rng, size = np.random.default_rng(25), 2_000
    each = alike(cloud(rng, n=2))
    for responses in (4, 40):
        steps = (Responses.of(*each.draw(rng, (responses,) * 2), 2) for _ in range(size + 1))
        ratios = drift(steps, 2).ratios[::2].ravel()
        yield Row(
            "a participant at rest is seldom moved by more than two errors",
            f"the same distribution at both steps, L = {responses}",
            f"{len(ratios):,}, seed 25", "no level",
            rate(int((ratios > 2).sum()), len(ratios)), "analysis/test_drift.py",
        )  # fmt: skip


CLAIMS = (debiased, standard_errors, interval, at_rest)
