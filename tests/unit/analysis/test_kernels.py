"""Gram matrices, distances and kernels."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics.pairwise import rbf_kernel

from lwd_tui.analysis.kernels import (
    centred_gram,
    doubly_centred,
    gaussian_kernel,
    squared_distances,
)

POINTS = np.random.default_rng(1).normal(size=(15, 6)) + 30


def test_distances_agree_with_scipy_and_duplicates_are_zero_apart() -> None:
    points = np.concatenate([POINTS, POINTS[:3]])
    squares = squared_distances(centred_gram(points))
    np.testing.assert_allclose(np.sqrt(squares), squareform(pdist(points)), rtol=1e-9, atol=0)
    assert squares[0, 15] == 0.0


def test_the_kernel_agrees_with_scikit_learn() -> None:
    width = np.median(pdist(POINTS) ** 2)
    kernel = gaussian_kernel(squared_distances(centred_gram(POINTS)))
    np.testing.assert_allclose(kernel, rbf_kernel(POINTS, gamma=1 / (2 * width)), rtol=1e-9)


def test_the_kernel_of_many_equal_points() -> None:
    squares = squared_distances(centred_gram([[0.0], [0.0], [0.0], [0.0], [3.0]]))
    np.testing.assert_allclose(gaussian_kernel(squares)[0], [1, 1, 1, 1, np.exp(-0.5)])
    assert (gaussian_kernel(np.zeros((3, 3))) == 1).all()
    assert gaussian_kernel(np.zeros((1, 1))).tolist() == [[1.0]]


def test_centring() -> None:
    plain = POINTS @ POINTS.T
    np.testing.assert_allclose(doubly_centred(plain), centred_gram(POINTS), atol=1e-9)


def test_what_rounding_leaves_of_zero_is_zero_and_more_is_not() -> None:
    for scale in (1e-6, 1.0, 1e6):
        for rounded, apart in ((2.0**-52, 0.0), (1e-12, 2e-12)):
            gram = scale * np.array([[1.0, 1 - rounded], [1 - rounded, 1.0]])
            wanted = [[0, scale * apart], [scale * apart, 0]]
            np.testing.assert_allclose(squared_distances(gram), wanted, rtol=1e-3)
