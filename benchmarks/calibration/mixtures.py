"""Claims of docs/gmm.md: the recursion and its noise, draws and points, and the paper's figures."""

from itertools import permutations
from pathlib import Path

import numpy as np
from scipy.stats import chi2, kstest

from benchmarks.calibration.row import Row, error, rate
from lwd_tui.analysis.weights import norms
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.chance import generate, shuffle
from lwd_tui.gmm.network import simulate
from lwd_tui.gmm.theory import draw_variance, expected, expected_norm, expected_weights, noise_floor

PRESETS = Path(__file__).parents[2] / "presets"
THEORY = "gmm/test_theory.py"
START = [[0.3, 0.7], [0.5, 0.5], [0.65, 0.35]]
ONE = range(1)
POINTS = {"points": [-20.0, -20.0, -20.0, 20.0] * 5}
APART = {
    "constant alpha": {"alpha": 0.02},
    "1/k": {"alpha": "1/k"},
    "c = 0.01": {"alpha": 0.02, "c": 0.01},
    "a window": {"alpha": 0.02, "posting": "window", "window": 4, "responses": 9},
    "who reads whom": {"alpha": 0.02, "reads": [[0, 1], [1, 2], [2]]},
    "human points": {"alpha": 0.02, "human": POINTS},
    "human points alone": {"alpha": 0.02, "interaction": False, "human": POINTS},
}


def spec_of(replicates, **changes):
    fields = {"name": "x", "means": [-20, 20], "weights": START, "steps": 40, "seed": 51}
    return GmmSpec.from_dict({**fields, "replicates": replicates, **changes})


def recursion():
    size = 4_000
    worst = (0.0, 0.0, 1.0, "")
    for name, changes in APART.items():
        spec = spec_of(size, **changes)
        run = simulate(spec)
        calm = ~run.lifted.any(axis=(1, 2))
        assert calm.mean() > 0.98, name
        # Of components far apart nothing but lifting is beyond the recursion.
        weights = run.weights[calm][:, 1:, :, 0]
        off = weights.mean(axis=0) - expected_weights(spec, ONE)[0][1:, :, 0]
        # Less what those left out can hide: their share, of weights between 0 and 1.
        off = np.sign(off) * np.maximum(np.abs(off) - (~calm).mean(), 0)
        each = weights.std(axis=0, ddof=1) / np.sqrt(len(weights)) + 1e-12
        place = np.unravel_index((np.abs(off) / each).argmax(), off.shape)
        worst = max(worst, (abs(off[place]) / each[place], off[place], each[place], name))
    compared = len(APART) * 40 * 3
    # So many comparisons: the largest of normal errors, in one of a thousand such tables.
    limit = float(np.sqrt(chi2.isf(0.001 / compared, 1)))
    yield Row(
        "the expected weights are those of the recursion, while no weight is set to eps",
        f"components 40 standard deviations apart; {len(APART)} kinds of network, every t to 40",
        f"{len(APART)} cases of {size:,}, seed 51", f"within {limit:.1f} errors, of {compared}",
        f"off by {worst[1]:+.5f} ± {worst[2]:.5f} ({worst[3]})", THEORY, worst[0] > limit,
    )  # fmt: skip


def overlapping():
    size = 2_000
    for apart in (10.0, 4.0, 2.0):
        means = [-apart / 2, apart / 2]
        spec = spec_of(size, alpha=0.02, means=means)
        found = simulate(spec).weights[:, -1, :, 0]
        off = found.mean(axis=0) - expected_weights(spec, ONE)[0, -1, :, 0]
        worst = np.abs(off).argmax()
        each = found.std(axis=0, ddof=1)[worst] / np.sqrt(size)
        yield Row(
            "beside it: the recursion where components overlap, weights at t = 40",
            f"{apart:g} standard deviations apart, alpha = 0.02", f"{size:,}, seed 51", "nothing",
            f"off by {off[worst]:+.4f} ± {each:.4f}", "-",
        )  # fmt: skip


def enumerated():
    """Every ordered draw of small pools, by brute force."""
    most, cases = 0.0, 0
    for pool in ([1, 1, 1, 0], [1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0]):
        for k in range(1, len(pool)):
            for alpha, c in ((0.3, 0.1), (0.4, 0.01), (0.02, 0.2)):
                ways = np.array(list(permutations(pool, k)), dtype=float)
                path = np.full((len(ways), k + 1), 0.5)
                for j in range(k):
                    owned = (ways[:, j] - c) / (1 - 2 * c)
                    path[:, j + 1] = (1 - alpha) * path[:, j] + alpha * owned
                if path.min() <= 0 or path.max() >= 1:
                    continue  # A weight would be set to eps.
                spec = spec_of(
                    1, participants=2, weights=[[0.5, 0.5]] * 2, interaction=False, steps=1,
                    human={"points": [-20.0 if each else 20.0 for each in pool]},
                    alpha=alpha, c=c, beta=round((k + 0.5) / len(pool), 3),
                )  # fmt: skip
                found = draw_variance(spec, ONE, expected_weights(spec, ONE))[0, 1, 0]
                most = max(most, abs(found - 2 * np.var(path[:, -1])))
                cases += 1
    yield Row(
        "the variance of a draw without replacement is v",
        "pools of 4 to 6 points, every k, three pairs of alpha and c, no weight set to eps",
        f"{cases} cases, every ordered draw", "exact", f"off by at most {most:.0e}", THEORY,
        most > 1e-12,
    )  # fmt: skip


def norm_ratio():
    size = 2_000
    for alpha in ("1/k", 0.05):
        spec = spec_of(size, alpha=alpha, steps=60)
        weights = expected_weights(spec, ONE)
        theory = expected_norm(weights, draw_variance(spec, ONE, weights))[0, 5:]
        squares = np.square(norms(simulate(spec).weights))[:, 5:]
        ratio = np.sqrt(squares.mean(axis=0)) / theory
        k = np.abs(ratio - 1).argmax()
        each = squares.std(axis=0, ddof=1)[k] / np.sqrt(size) / (2 * ratio[k] * theory[k] ** 2)
        yield Row(
            "approximate: the norm to expect, of the root mean square of the norm",
            f"components 40 standard deviations apart, alpha = {alpha}, the worst t from 5 to 60",
            f"{size:,}, seed 51", "no level", f"{ratio[k]:.3f} ± {each:.3f} of it", THEORY,
        )  # fmt: skip


def draws():
    size, pool_size, k = 60_000, 5, 3
    counts: dict[tuple[int, ...], int] = {}
    for number in range(size):
        pool = np.arange(pool_size, dtype=np.int32)
        shuffle(pool, pool_size, k, number, 0, np.array([51, 52], np.uint64))
        drawn = tuple(pool[:k].tolist())
        counts[drawn] = counts.get(drawn, 0) + 1
    ways = pool_size * (pool_size - 1) * (pool_size - 2)
    share = size / ways
    square = sum((count - share) ** 2 / share for count in counts.values())
    square += share * (ways - len(counts))
    p = float(chi2.sf(square, ways - 1))
    yield Row(
        "a draw is uniform, without replacement and in random order",
        f"all {ways} ordered draws of {k} from {pool_size}, by Pearson's chi-square",
        f"{size:,}, seed 51", "p not below 0.001", f"p = {p:.3f}", "gmm/test_chance.py", p < 0.001,
    )  # fmt: skip
    points, components = np.empty((size, 3)), np.empty(size, np.int64)
    weights, centres = np.array([0.2, 0.0, 0.8]), np.array([[0.0, 5, 9], [1, 1, 1], [40, -3, 2]])
    generate(weights, centres, 3, 1, np.array([51, 52], np.uint64), points, components)
    normal = (points - centres[components]).ravel()
    p = min(float(kstest(normal, "norm").pvalue), 1.0)
    share = (components == 0).mean()
    off = abs(share - 0.2) > 3 * error(0.2, size) or (components == 1).any()
    yield Row(
        "generated points follow their mixture",
        "three components, one of weight 0, three dimensions; Kolmogorov and Smirnov's test",
        f"{size:,} points, seed 51", "p not below 0.001; share 0.2",
        f"p = {p:.3f}; {rate(int((components == 0).sum()), size)}", "gmm/test_chance.py",
        p < 0.001 or off,
    )  # fmt: skip


def preset(name, **changes):
    spec = GmmSpec.from_toml((PRESETS / f"{name}.toml").read_text(encoding="utf-8"))
    return spec.replaced({"replicates": 1_000, "seed": 53, **changes})


def late_ratio(run, theory):
    """Return the late norm over what is predicted, as root mean squares, and its error."""
    late = slice(run.weights.shape[1] // 2, None)
    squares = np.square(norms(run.weights)[:, late]).mean(axis=1)
    predicted = np.square(theory[:, late]).mean(axis=1)
    ratio = float(np.sqrt(squares.mean() / predicted.mean()))
    spread = (squares - ratio**2 * predicted).std(ddof=1) / np.sqrt(len(squares))
    return ratio, float(spread / predicted.mean() / (2 * ratio))


def figures():
    for eps in (1e-6, 0.0):
        run = simulate(preset("gmm-fig4", eps=eps))
        low = int((norms(run.weights)[:, -1] < 0.1).sum())
        yield Row(
            "beside it: the norm of figure 4 ends below 0.1", f"the preset gmm-fig4, eps = {eps:g}",
            "1,000, seed 53", "no level", rate(low, 1_000), "-",
        )  # fmt: skip
    predictions = {
        "the predicted noise floor": noise_floor,
        "the line called theory": lambda run: expected(run).norm,
    }
    for name in ("gmm-fig4", "gmm-constant-alpha"):
        run = simulate(preset(name))
        for what, predict in predictions.items():
            ratio, each = late_ratio(run, predict(run))
            yield Row(
                f"approximate: {what}, for the norm of the last half of the steps",
                f"the preset {name}, root mean squares", "1,000, seed 53", "no level",
                f"the norm is {ratio:.3f} ± {each:.3f} of it", THEORY,
            )  # fmt: skip


CLAIMS = (recursion, overlapping, enumerated, norm_ratio, draws, figures)
