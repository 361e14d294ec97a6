"""The leading eigenpairs of a cloud of points, quickly and to full accuracy."""

from __future__ import annotations

import functools
import math

import numpy as np

from lwd_tui.types import Floats

# Up to so many columns the full decomposition is quicker, SciPy's import left aside; up to so many
# it is where the iteration would need a basis of so many vectors.
_DENSE, _MAYBE_DENSE, _LONG = 90, 150, 40
# A basis of so many vectors at most; a round cloud of 1,000 points needs 120.
_LARGEST = 320
_FIRST_LOOK = 13
# How far eigenvectors may be off, relative to their length.
_ERROR = 1e-9
_ROUNDING = 1e-14
# Multiplications of a product that OpenBLAS does without copying the matrix into its own layout
# first, which for two vectors takes longer than the product.
_UNCOPIED = 400_000


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
        Orthonormal, one a column; zeros may stand for those of eigenvalues that are zero.

    Notes
    -----
    By block Lanczos iteration (Golub and Underwood 1977) with every vector kept orthogonal to all
    before it, from a fixed block of `count` random vectors: it has a share in every eigenvector,
    and finds `count` of them that have one eigenvalue. The space of the vectors is off by at most
    the residual over the gap to the next eigenvalue (Davis and Kahan 1970); once a last step along
    the residual is taken, that is 1e-9 at most. Within the space they turn by the residual's square
    only, over their own gaps, since a residual is orthogonal to all that was found: eigenvalues
    nearer to each other than 1e-9 of that gap count as equal, and any vectors of theirs do. The
    full decomposition follows where the iteration doesn't get there.
    """
    found = _lanczos(tall, count) if tall.shape[1] > _DENSE else None
    values, vectors = _dense(tall, count) if found is None else found
    return np.maximum(values[::-1], 0.0), vectors[:, ::-1]


def _dense(tall: Floats, count: int) -> tuple[Floats, Floats]:
    values, vectors = np.linalg.eigh(tall.T @ tall)
    return values[-count:], vectors[:, -count:]


def _lanczos(tall: Floats, count: int) -> tuple[Floats, Floats] | None:
    """Iterate until the leading pairs stand still; None if they don't soon enough.

    Vectors are kept as rows, which is how BLAS multiplies a few of them fastest.
    """
    size = tall.shape[1]
    largest = min(_LARGEST, size)
    basis, projected = np.empty((largest, size)), np.empty((largest, largest))
    new = _start(count, size)
    # Of a random vector a share of 1 / sqrt(size) is where it should be.
    look, looked, before = float(_FIRST_LOOK), 0, math.log(math.sqrt(size) / _ERROR)
    for low in range(0, largest - count + 1, count):
        high = low + count
        basis[low:high] = new
        known = basis[:high]
        new = _applied(tall, new)
        overlap = new @ known.T
        projected[low:high, :high] = overlap
        new -= overlap @ known
        new -= (new @ known.T) @ known
        factor = _orthonormalise(new)
        if not low or high + count <= look:
            continue
        # It reads the lower triangle, and no more is written.
        values, vectors = np.linalg.eigh(projected[:high, :high])
        wanted, following, leading = values[-count:], values[-count - 1], vectors[:, -count:]
        missing = factor.T @ leading[low:]
        residual = np.linalg.norm(missing)
        # A step along the residual costs no product: all that is missing has eigenvalues from 0 to
        # the following one, so that taking them for half of it leaves this share of the error.
        middle = max(following, values[-1] / 10) / 2 or 1.0
        apart = np.maximum(wanted - middle, middle)
        share = middle / apart[0]
        enough = max(_ERROR * (wanted[0] - following) / share, _ROUNDING * values[-1])
        if residual <= enough:
            return wanted, known.T @ leading + new.T @ (missing / apart)
        # It falls by a like factor with each vector, which tells when the next look is worth it.
        excess = math.log(residual / enough)
        rate = (before - excess) / (high - looked)
        if looked and size <= _MAYBE_DENSE and excess > rate * (_LONG - high):
            return None
        look = high + (min(excess / rate, high / 2) if rate > 0 else 0)
        looked, before = high, excess
    return None


@functools.lru_cache(maxsize=4)
def _start(count: int, size: int) -> Floats:
    rows = np.random.default_rng(0).standard_normal((count, size))
    _orthonormalise(rows)
    rows.flags.writeable = False
    return rows


def _applied(tall: Floats, rows: Floats) -> Floats:
    """Return ``rows @ tall.T @ tall``, some rows of `tall` at a time.

    Those are still in the processor's cache when they are wanted for the second time.
    """
    image = np.zeros(rows.shape)
    height = max(1, _UNCOPIED // rows.size)
    for first in range(0, len(tall), height):
        part = tall[first : first + height]
        image += (rows @ part.T) @ part
    return image


def _orthonormalise(rows: Floats) -> Floats:
    """Make rows orthonormal in place, and return F with which they were ``F @ rows``.

    A row in which nothing is left becomes zero.
    """
    factor = np.zeros((len(rows), len(rows)))
    for k, row in enumerate(rows):
        for _ in range(2):
            for j in range(k):
                share = float(rows[j].dot(row))
                row -= share * rows[j]
                factor[k, j] += share
        factor[k, k] = length = math.sqrt(row.dot(row))
        if length:
            row /= length
    return factor
