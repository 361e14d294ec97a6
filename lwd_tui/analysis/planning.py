"""What a number of answers, or of seeds, could show: worked out before anything is spent.

Of how answers vary two numbers are used: S, the mean of the traces of the participants'
covariances, and nu, in how many directions they vary. docs/planning.md derives the formulas and
shows how near simulations come.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.distance import dispersion, noise_floor
from lwd_tui.analysis.multiplicity import significance
from lwd_tui.analysis.permutation import smallest_p
from lwd_tui.analysis.standard_errors import FEWEST, covariance_products
from lwd_tui.types import Floats

MOST = 10**6
"""Answers or seeds beyond which none are looked for."""

PERMUTATIONS = 999


class Scatter(NamedTuple):
    """How the answers of participants vary.

    Attributes
    ----------
    dispersion : ndarray of shape (n,)
        S_i.
    directions : float
        nu = (tr Sigma)^2 / tr Sigma^2 of their mean covariance, at least 1: as many directions of
        equal variance would vary as much.
    """

    dispersion: Floats
    directions: float

    @property
    def mean(self) -> float:
        """S, the mean of the S_i."""
        return float(self.dispersion.mean())


def scatter(steps: Sequence[Responses]) -> Scatter:
    """Measure how answers vary, averaged over steps.

    Parameters
    ----------
    steps : sequence of Responses
        Of the same participants; steps with fewer than four answers of one are passed over.

    Raises
    ------
    UnfitData
        If no step is left.
    """
    whole = [each for each in steps if each.n and each.counts.min() >= FEWEST]
    if not whole:
        raise UnfitData(f"a plan needs {FEWEST} usable answers of each participant at a step")
    spreads = np.array([dispersion(each) for each in whole])
    square = np.mean([covariance_products(each).mean() for each in whole])
    trace = np.square(spreads.mean(axis=1)).mean()
    # An unbiased estimate of tr(Sigma^2) may come out too small, but not nu larger than p.
    most = float(whole[0].points.shape[1])
    directions = min(max(trace / square, 1.0), most) if square > 0 else (most if trace else 1.0)
    return Scatter(spreads.mean(axis=0), float(directions))


def expected_floor(found: Scatter, responses: int) -> float:
    """Return the noise floor to expect with L answers; NaN for one participant."""
    return noise_floor(found.dispersion, np.full(len(found.dispersion), responses))


def step_power(norm: float, found: Scatter, responses: int, level: float = 0.95) -> float:
    """Return the probability that one step shows that the participants differ.

    Parameters
    ----------
    norm : float
        Frobenius norm of the distances between the true means.
    found : Scatter
    responses : int
        L.
    level : float
        One minus it is the level of the test.

    Returns
    -------
    float
        0 where no answers whatever could show it.

    Notes
    -----
    The permutation test of the sum of squares orders permutations as the pseudo-F does. For
    Gaussian answers of equal variance in nu directions that is Fisher's F with nu (n - 1) and
    nu n (L - 1) degrees of freedom, not central by nu L norm^2 / (2 n S) (Box 1954 for nu).
    """
    from scipy.stats import f, ncf

    n = len(found.dispersion)
    alpha = significance(level)
    if n < 2 or responses < 2 or _least_p(n, responses) > alpha:
        return 0.0
    if found.mean == 0:
        return 1.0 if norm > 0 else alpha
    between, within = found.directions * (n - 1), found.directions * n * (responses - 1)
    shift = found.directions * responses * norm**2 / (2 * n * found.mean)
    power = float(ncf.sf(f.isf(alpha, between, within), between, within, shift))
    # Far out its series gives up.
    return power if math.isfinite(power) else 1.0


def least_norm(found: Scatter, responses: int, level: float = 0.95, power: float = 0.8) -> float:
    """Return the least norm between true means that one step shows with a probability.

    Infinite where no answers whatever could.
    """
    if step_power(math.inf if found.mean == 0 else 1.0, found, responses, level) == 0:
        return math.inf
    if found.mean == 0:
        return 0.0
    high = expected_floor(found, responses)
    while step_power(high, found, responses, level) < power:
        high *= 2
    return _bisected(lambda norm: step_power(norm, found, responses, level) >= power, high)


def responses_to_show(
    norm: float, found: Scatter, level: float = 0.95, power: float = 0.8
) -> int | None:
    """Return the least L with which one step shows a norm with a probability; None for too many."""
    return _fewest(lambda count: step_power(norm, found, count, level) >= power)


def seeds_power(difference: float, deviation: float, seeds: int, level: float = 0.95) -> float:
    """Return the probability that a difference between two variants shows over pairs of runs.

    Parameters
    ----------
    difference : float
        Of the true means.
    deviation : float
        Standard deviation of the differences, pair by pair; more than 0.
    seeds : int
        R, pairs of runs with one seed.
    level : float
        Of Student's interval for the mean difference: it shows where 0 lies outside.
    """
    from scipy.stats import nct, t

    if seeds < 2:
        return 0.0
    bound = t.isf(significance(level) / 2, seeds - 1)
    shift = abs(difference) / deviation * math.sqrt(seeds)
    # The lower tail as the upper one of the mirror image: SciPy's nct.cdf is NaN at many places.
    return float(nct.sf(bound, seeds - 1, shift) + nct.sf(bound, seeds - 1, -shift))


def least_effect(seeds: int, level: float = 0.95, power: float = 0.8) -> float:
    """Return the least difference that R pairs show, in standard deviations of the differences."""
    if seeds < 2:
        return math.inf
    high = 1.0
    while seeds_power(high, 1.0, seeds, level) < power:
        high *= 2
    return _bisected(lambda effect: seeds_power(effect, 1.0, seeds, level) >= power, high)


def seeds_needed(
    difference: float, deviation: float, level: float = 0.95, power: float = 0.8
) -> int | None:
    """Return the least R with which a difference shows with a probability; None for too many."""
    return _fewest(lambda seeds: seeds_power(difference, deviation, seeds, level) >= power)


def _least_p(n: int, responses: int) -> float:
    # Beyond these there are more ways than permutations, and factorials take long.
    return smallest_p(np.full(min(n, 20), min(responses, 20)), PERMUTATIONS)


def _bisected(reaches: Callable[[float], bool], high: float) -> float:
    """Return where a condition begins to hold, between 0 and a place where it does."""
    low = 0.0
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def _fewest(enough: Callable[[int], bool]) -> int | None:
    """Return the least number, two at least, from which on there are enough."""
    high = 2
    while not enough(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
