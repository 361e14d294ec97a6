"""The leading eigenpairs of a cloud of points, quickly and to full accuracy."""

from __future__ import annotations

import numpy as np

from lwd_tui.types import Floats

# Up to this size a full decomposition is as quick as anything; a paper-sized step has 120 points.
DENSE = 200
# Two vectors more than are wanted, so that equal or close eigenvalues are told apart.
SPARE = 2
# A round cloud, which has no leading axes to speak of, is done at about half of it.
LARGEST_BASIS = 320
TOLERANCE = 1e-8
# The projected matrix is decomposed again once it has grown by this factor.
PATIENCE = 1.1
# Multiplications of a product that OpenBLAS does without copying the matrix into its own layout
# first, which for a few vectors takes longer than the product.
UNCOPIED = 400_000


def leading_eigenpairs(tall: Floats, count: int) -> tuple[Floats, Floats]:
    """Find the largest eigenvalues of ``tall.T @ tall`` and their vectors.

    Parameters
    ----------
    tall : ndarray of shape (a, b)
        With b <= a, for speed: the work grows with b.
    count : int
        At most b.

    Returns
    -------
    values : ndarray of shape (count,)
        Largest first; never negative.
    vectors : ndarray of shape (b, count)
        Orthonormal, one a column.

    Notes
    -----
    Beyond 200 columns by block Lanczos iteration (Golub and Underwood, 1977) until the relative
    residual is 1e-8, where the eigenvalues are good to about 1e-15 and the vectors to 1e-8 over
    the relative gap. Should the leading eigenvalues lie too close together for it, the full
    decomposition follows.
    """
    found = _lanczos(tall, count) if tall.shape[1] > DENSE else None
    values, vectors = _dense(tall, count) if found is None else found
    return np.maximum(values, 0.0), vectors


def _dense(tall: Floats, count: int) -> tuple[Floats, Floats]:
    values, vectors = np.linalg.eigh(tall.T @ tall)
    return values[::-1][:count], vectors[:, ::-1][:, :count]


def _lanczos(tall: Floats, count: int) -> tuple[Floats, Floats] | None:
    """Iterate until the leading pairs stand still; None if they don't soon enough.

    The start is a fixed random block: it has a share in every eigenvector, so that none is
    missed. Vectors are kept as rows, which is how BLAS multiplies a few of them fastest.
    """
    size = tall.shape[1]
    block = count + SPARE
    new = np.linalg.qr(np.random.default_rng(0).standard_normal((size, block)))[0].T
    basis = np.empty((LARGEST_BASIS, size))
    projected = np.zeros((LARGEST_BASIS, LARGEST_BASIS))
    looked = 0
    for low in range(0, min(LARGEST_BASIS, size) - block + 1, block):
        high = low + block
        basis[low:high] = new
        known = basis[:high]
        image = _applied(tall, new)
        overlap = image @ known.T
        projected[low:high, :high] = overlap
        projected[:high, low:high] = overlap.T
        image -= overlap @ known
        outside, remainder = np.linalg.qr(image.T)
        # Once more, since what is left of points of low rank is mere rounding.
        outside -= known.T @ (known @ outside)
        outside, correction = np.linalg.qr(outside)
        new = outside.T
        if high < PATIENCE * looked:
            continue
        looked = high
        values, vectors = np.linalg.eigh(projected[:high, :high])
        values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
        residual = np.linalg.norm(correction @ remainder @ vectors[low:], axis=0).max()
        if residual <= TOLERANCE * values[0]:
            return values, known.T @ vectors
    return None


def _applied(tall: Floats, rows: Floats) -> Floats:
    """Return ``rows @ tall.T @ tall``, some rows of `tall` at a time.

    Those are still in the processor's cache when they are wanted for the second time.
    """
    image = np.zeros(rows.shape)
    height = max(1, UNCOPIED // rows.size)
    for first in range(0, len(tall), height):
        part = tall[first : first + height]
        image += (rows @ part.T) @ part
    return image
