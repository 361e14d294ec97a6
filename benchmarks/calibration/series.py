"""Claims on whole series: change points, the average so far, charts, medians, runs over seeds."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
from scipy.stats import binom
from scipy.stats import t as student

from benchmarks.calibration.row import Row, at_most, error, rate
from lwd_tui.analysis.changepoint import change_point
from lwd_tui.analysis.collapse import collapse_times
from lwd_tui.analysis.control_chart import control_chart
from lwd_tui.analysis.crossed import crossed
from lwd_tui.analysis.sequences import running_mean_sequence, student_sequence
from lwd_tui.sweep.results import estimate

STEPS = 61


def noise(rng, size, memory):
    """Return normal noise of variance 1 in which each value remembers the one before."""
    values = rng.normal(size=size)
    for t in range(1, size):
        values[t] = memory * values[t - 1] + math.sqrt(1 - memory**2) * values[t]
    return values


def change():
    size, place = 300, 20
    t = np.arange(STEPS)
    curve = 1 + np.maximum(place - t, 0) / place
    for scale, memory in ((0.05, 0.0), (0.2, 0.0), (0.05, 0.5), (0.2, 0.5)):
        rng = np.random.default_rng(41)
        held = 0
        for _ in range(size):
            found = change_point(curve + scale * noise(rng, STEPS, memory), rng)
            held += found.lower <= place <= found.upper
        yield Row(
            "approximate: the 95 % interval of the change point holds",
            f"a line from 2 to 1 that rests from t = {place} on; noise {scale:g}, "
            f"autocorrelation {memory:g}",
            f"{size}, seed 41", "no level", rate(held, size), "analysis/test_changepoint.py",
        )  # fmt: skip


def average():
    rng, size, steps = np.random.default_rng(42), 1_000, 500
    t = np.arange(steps)
    chances = {
        "even": np.full(steps, 0.5),
        "rare": np.full(steps, 0.02),
        "moving": 0.5 + 0.4 * np.sin(t / 30),
        "following the past": None,
    }
    hits = {}
    for name, chance in chances.items():
        left = 0
        for _ in range(size):
            values, expected = np.empty(steps), np.empty(steps)
            if chance is None:
                for k in t:
                    expected[k] = 0.1 + 0.8 * values[:k].mean() if k else 0.5
                    values[k] = rng.random() < expected[k]
            else:
                expected, values = chance, (rng.random(steps) < chance).astype(float)
            found = running_mean_sequence(values, 0, 1)
            truth = np.cumsum(expected) / (t + 1)
            left += bool(((truth < found.lower) | (truth > found.upper)).any())
        hits[name] = (left, size)
    yield at_most(
        "the interval of the average so far holds at every t together",
        "values in a known range; coin throws of four kinds, 500 steps", 42, hits, 0.05,
        "analysis/test_sequences.py",
    )  # fmt: skip


def chart():
    for memory in (0.0, 0.5):
        rng, size = np.random.default_rng(43), 1_000
        outside = sum(
            int(control_chart(noise(rng, STEPS, memory), 0, STEPS - 1).outside.sum())
            for _ in range(size)
        )
        yield Row(
            "beside it: the control chart's false alarms, a step",
            f"a settled series of {STEPS} steps, autocorrelation {memory:g}",
            f"{size:,}, seed 43", "no level", f"1 in {size * STEPS / outside:.0f}",
            "analysis/test_control_chart.py",
        )  # fmt: skip


def median():
    least = 1.0
    for runs in range(6, 41):
        # The first run has collapsed at t = 0, the next one at t = 1, and so on.
        k = int(collapse_times(np.tri(runs, k=-1), 0.5).lower) + 1
        least = min(least, 1 - 2 * float(binom.cdf(k - 1, runs, 0.5)))
    yield Row(
        "the interval of the median time to collapse holds, from six runs on",
        "runs that differ in their seeds only; 6 to 40 of them",
        "exact, by the binomial distribution", "at least 0.95", f"at least {least:.4f}",
        "analysis/test_collapse.py", least < 0.95,
    )  # fmt: skip


def seeds():
    size, limit = 20_000, 0.05
    for name, truth in (("normal", 0.0), ("exponential", 1.0)):
        rng = np.random.default_rng(44)
        draw = rng.normal if name == "normal" else rng.exponential
        found = [estimate(list(draw(size=5))) for _ in range(size)]
        missed = sum(abs(each.mean - truth) > each.half for each in found)
        off = abs(missed / size - limit) > 3 * error(limit, size)
        yield Row(
            "Student's interval of a mean over seeds misses",
            f"five seeds, {name} values", f"{size:,}, seed 44",
            f"{limit:g}" if name == "normal" else "no level", rate(missed, size),
            "sweep/test_sweep.py", off and name == "normal",
        )  # fmt: skip


def looks():
    size, seeds = 5_000, 50
    once = student.ppf(0.975, np.arange(1, seeds))
    for name, truth in (("normal", 0.0), ("exponential", 1.0)):
        rng, missed, early = np.random.default_rng(45), 0, 0
        for _ in range(size):
            values = (rng.normal if name == "normal" else rng.exponential)(size=seeds)
            found = student_sequence(values)
            missed += bool(((truth < found.lower) | (truth > found.upper)).any())
            n = np.arange(2, seeds + 1)
            spread = np.cumsum(values**2)[1:] - n * found.means[1:] ** 2
            error_of = np.sqrt(spread / (n - 1) / n)
            early += bool((np.abs(found.means[1:] - truth) > once * error_of).any())
        beyond = missed / size - 3 * error(missed / size, size) > 0.05
        cases = f"{name} values, a look after each of 2 to {seeds} seeds"
        yield Row(
            "Student's sequence misses the mean over seeds at any look", cases,
            f"{size:,}, seed 45", "at most 0.05" if name == "normal" else "no level",
            rate(missed, size), "analysis/test_sequences.py", beyond and name == "normal",
        )  # fmt: skip
        yield Row(
            "beside it: Student's interval, looked at as often", cases, f"{size:,}, seed 45",
            "no level", rate(early, size), "-",
        )  # fmt: skip


def protocols():
    size, test = 2_000, "analysis/test_crossed.py"
    shapes, ratios = ((2, 4), (4, 5), (13, 5)), ((0, 0), (0, 1), (1, 1), (9, 1))
    for name in ("normal", "exponential"):
        missed, moved = {}, {}
        for (levels, seeds), (over, alike) in product(shapes, ratios):
            rng = np.random.default_rng(46)
            draw = rng.normal if name == "normal" else rng.exponential
            truth = over, alike, 1, alike + 1
            counts, wrong = np.zeros(4, dtype=int), 0
            for _ in range(size):
                found = crossed(
                    math.sqrt(over) * draw(size=(levels, 1))
                    + math.sqrt(alike) * draw(size=seeds)
                    + draw(size=(levels, seeds))
                )
                parts = found.rows, found.columns, found.left, found.within
                counts += [
                    not part.lower <= true <= part.upper
                    for part, true in zip(parts, truth, strict=True)
                ]
                wrong += found.rows.lower > 0
            case = f"{levels} levels, {seeds} seeds"
            for part, count in zip(("protocol", "alike", "left", "seed"), counts, strict=True):
                missed[f"{part}, {case}, {over}:{alike}:1"] = (int(count), size)
            if not over:
                moved[f"{case}, {over}:{alike}:1"] = (wrong, size)
        cases = f"{name} effects, independent; variances of protocol, seed and what is left"
        claim = "the interval of what moves with protocol or seed, or of what is left, misses"
        row = at_most(claim, cases, 46, missed, 0.05, test)
        yield row if name == "normal" else replace(row, claimed="no level", beyond=False)
        claim = "an effect is said to move with the protocol beyond chance, and doesn't"
        yield at_most(claim, cases, 46, moved, 0.025, test)


CLAIMS = (change, average, chart, median, seeds, looks, protocols)
