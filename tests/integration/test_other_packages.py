"""The same data, the same answer: our tests against those of other packages.

Apart from the unit tests only because importing these packages takes seconds.
"""

from __future__ import annotations

import dcor
import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from skbio.stats import distance

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.partition import partition
from lwd_tui.analysis.permutation import difference_tests

pytestmark = pytest.mark.integration


def groups(
    seed: int, sizes: tuple[int, ...], p: int = 5, shift: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    return rng.normal(size=(len(owners), p)) + shift * owners[:, None], owners


def test_energy_agrees_with_dcor() -> None:
    points, owners = groups(4, (12, 12, 12), p=6, shift=0.15)
    (ours,) = difference_tests(
        Responses.of(points, owners, 3), np.random.default_rng(2), 4999, ("energy",)
    )
    parts = [points[owners == i] for i in range(3)]
    theirs = dcor.homogeneity.energy_test(*parts, num_resamples=2000, random_state=0)
    # It weights a pair by L L / (L + L) where DISCO has L L / N.
    assert ours.value == pytest.approx(theirs.statistic * 2 / 3)
    assert ours.pair_values[0, 1] == pytest.approx(
        dcor.homogeneity.energy_test_statistic(parts[0], parts[1])
    )
    assert 0.01 < ours.p < 0.9
    assert abs(ours.p - theirs.pvalue) < 5 * np.sqrt(ours.p * (1 - ours.p) / 2000)


def test_sums_of_squares_agree_with_scikit_bio() -> None:
    points, owners = groups(6, (8, 10, 13), p=6, shift=0.15)
    (ours,) = difference_tests(
        Responses.of(points, owners, 3), np.random.default_rng(3), 4999, ("sum_of_squares",)
    )
    matrix = distance.DistanceMatrix(squareform(pdist(points)))
    theirs = distance.permanova(matrix, list(owners), permutations=2000, seed=0)
    assert partition(Responses.of(points, owners, 3)).pseudo_f == pytest.approx(
        theirs["test statistic"]
    )
    assert 0.01 < ours.p < 0.9
    assert abs(ours.p - theirs["p-value"]) < 5 * np.sqrt(ours.p * (1 - ours.p) / 2000)
