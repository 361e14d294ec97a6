"""Claims of level: the upper bounds of one step, of a whole run, and what is called the same."""

from itertools import product

import numpy as np
from scipy.stats import binom

from benchmarks.calibration.row import Row, at_most, rate
from benchmarks.calibration.samples import alike, cloud, few, rare
from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.bootstrap import norm_interval
from lwd_tui.analysis.equivalence import control_margin, equivalence
from lwd_tui.analysis.sequences import simultaneous_level
from lwd_tui.analysis.upper_bound import norm_upper_bound

LEVEL = 0.95
TEST = "analysis/test_upper_bound.py"
INSIDE = "independent answers in a ball"


def stocks(rng):
    return {
        "wide axis": cloud(rng),
        "narrow axis": cloud(rng, axis=20),
        "heavy tails": cloud(rng, tails=2),
        "2 dimensions": cloud(rng, p=2),
        "768 dimensions": cloud(rng, p=768, spread=0.5),
        "no difference": alike(cloud(rng)),
        "tight": cloud(rng, apart=0.1, spread=0.003),
        "a rare answer": rare(0.05),
        "a rare answer nearby": rare(0.1, far=0.5),
        "few answers": few(),
    }


def every_sample():
    """Go through all samples of two participants that say one of two opposite things."""
    for steps, sizes in product((1, 61), ((16, 16), (40, 40), (12, 48))):
        level = simultaneous_level(LEVEL, steps)
        counts = [np.arange(size + 1) for size in sizes]
        owners = np.repeat([0, 1], sizes)
        bounds = np.full((sizes[0] + 1, sizes[1] + 1), np.inf)
        for i, j in product(*counts):
            points = np.ones((sum(sizes), 1))
            points[:i] = points[sizes[0] : sizes[0] + j] = -1
            bound = norm_upper_bound(Responses.of(points, owners, 2), level)
            bounds[i, j] = np.inf if np.isnan(bound) else bound
        shares = np.linspace(0, 1, 201)
        first, second = (
            binom.pmf(count, size, shares[:, None])
            for count, size in zip(counts, sizes, strict=True)
        )
        worst = 0.0
        for share, chance in zip(shares, first, strict=True):
            missed = bounds < 2 * np.sqrt(2) * np.abs(share - shares)[:, None, None]
            worst = max(worst, float(np.einsum("i,qj,qij->q", chance, second, missed).max()))
        yield Row(
            "the upper bound of a step is above the true norm",
            f"{INSIDE}; two participants with two opposite answers, L = {sizes[0]} and {sizes[1]}, "
            f"the level of {steps} step{'s' * (steps > 1)}",
            f"every sample, {len(shares)} x {len(shares)} pairs of chances",
            f"missed with at most {1 - level:.2g}",
            f"at most {worst:.2g}, exactly",
            TEST,
            worst > 1 - level,
        )


def one_step():
    rng, size = np.random.default_rng(11), 400
    hits = {}
    for name, each in stocks(rng).items():
        for sizes in ((5,) * 3, (10,) * 3, (20,) * 3, (40,) * 3, (8, 15, 40)):
            missed = 0
            for _ in range(size):
                points, owners = each.draw(rng, sizes)
                missed += norm_upper_bound(Responses.of(points, owners, 3), LEVEL) < each.norm
            hits[f"{name}, L = {', '.join(map(str, dict.fromkeys(sizes)))}"] = (missed, size)
    yield at_most(
        "the same, for one step",
        f"{INSIDE}; ten distributions, L = 5, 10, 20, 40 and unequal",
        11, hits, 0.05, TEST,
    )  # fmt: skip


def whole_runs():
    hits = {}
    size = 100
    for name, steps, responses in product(
        ("wide axis", "heavy tails", "a rare answer", "few answers"), (9, 61), (15, 40)
    ):
        rng = np.random.default_rng(12)
        each, level = stocks(rng)[name], simultaneous_level(LEVEL, steps)
        missed = 0
        for _ in range(size):
            bounds = [
                norm_upper_bound(Responses.of(*each.draw(rng, (responses,) * 3), 3), level)
                for _ in range(steps)
            ]
            missed += equivalence(bounds, each.norm).shown_at is not None
        hits[f"{name}, {steps} steps, L = {responses}"] = (missed, size)
    yield at_most(
        "the bounds of all steps hold together, so that “the same” is said wrongly as rarely",
        f"{INSIDE}, steps fresh given the past; the margin is the true norm, one step in a row",
        12, hits, 0.05, TEST,
    )  # fmt: skip


def bootstrap():
    """Show what was claimed of the bootstrap, and withdrawn."""
    size, steps = 60, 9
    rng = np.random.default_rng(13)
    tail = 1 - simultaneous_level(LEVEL, steps)
    for name, each, responses in (
        ("normal, apart by 0.75 along the widest axis", cloud(rng, unit=False), 4),
        ("one answer in twenty, of one participant", rare(0.05), 40),
    ):
        missed = 0
        for _ in range(size):
            draws = (each.draw(rng, (responses,) * 3) for _ in range(steps))
            ends = [
                norm_interval(Responses.of(*drawn, 3), rng, 1 - 2 * tail, 9_999).upper
                for drawn in draws
            ]
            missed += min(ends) < each.norm
        yield Row(
            "withdrawn: the bootstrap's upper ends hold together",
            f"{name}, {steps} steps, L = {responses}",
            f"{size}, seed 13", "nothing", f"missed in {rate(missed, size)} of runs", "-",
        )  # fmt: skip


def width():
    rng, size, level = np.random.default_rng(15), 50, simultaneous_level(LEVEL, 61)
    apart = cloud(rng)
    for name, each in (("no difference", alike(apart)), ("wide axis", apart)):
        means = []
        for responses in (10, 20, 40, 100):
            bounds = [
                norm_upper_bound(Responses.of(*each.draw(rng, (responses,) * 3), 3), level)
                for _ in range(size)
            ]
            none = np.isnan(bounds).all()
            means.append(f"L = {responses}: {'none' if none else f'{np.nanmean(bounds):.2f}'}")
        yield Row(
            "beside it: how wide the bounds of 61 steps are",
            f"{name}, true norm {each.norm:.2f}, of at most 4.24",
            f"{size}, seed 15", "-", "; ".join(means), TEST,
        )  # fmt: skip


def control():
    """Judge A/A runs by the margin that another A/A run would have met."""
    rng, size, steps, window = np.random.default_rng(14), 25, 25, 3
    each, level = alike(cloud(rng)), simultaneous_level(LEVEL, steps)

    def run():
        return [
            norm_upper_bound(Responses.of(*each.draw(rng, (20,) * 3), 3), level)
            for _ in range(steps)
        ]

    shares = []
    for _ in range(size):
        margin, other = control_margin(run(), window), np.array(run())
        stretches = np.lib.stride_tricks.sliding_window_view(other, window).max(axis=1)
        shares.append(float((stretches <= margin).mean()))
    off = np.std(shares, ddof=1) / np.sqrt(size)
    yield Row(
        "beside it: stretches of an A/A run that meet the margin of another one",
        "equal participants, L = 20, 25 steps, stretches of 3",
        f"{size} pairs of runs, seed 14",
        "no level",
        f"{np.mean(shares):.3f} ± {off:.3f}",
        "findings/test_control.py",
    )


CLAIMS = (every_sample, one_step, whole_runs, width, bootstrap, control)
