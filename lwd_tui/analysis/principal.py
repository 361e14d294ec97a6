"""The leading eigenpairs of a cloud of points, to full accuracy."""

from __future__ import annotations

import numpy as np

from lwd_tui.types import Floats

# Up to this size a full decomposition is quicker, SciPy's import left aside; a paper-sized step
# has 120 points.
DENSE = 200
# A larger basis than ARPACK's own 20 starts anew less often. An eigenvalue is off by the square of
# the residual, so that this one leaves both to the precision of the machine.
_BASIS = 40
_RESIDUAL = 1e-10


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
    Beyond 200 columns by ARPACK's implicitly restarted Lanczos iteration, from a fixed start that
    has a share in every eigenvector. Should it not get there, the full decomposition follows.
    """
    found = _arpack(tall, count) if tall.shape[1] > DENSE else None
    values, vectors = _dense(tall, count) if found is None else found
    return np.maximum(values[::-1], 0.0), vectors[:, ::-1]


def _dense(tall: Floats, count: int) -> tuple[Floats, Floats]:
    values, vectors = np.linalg.eigh(tall.T @ tall)
    return values[-count:], vectors[:, -count:]


def _arpack(tall: Floats, count: int) -> tuple[Floats, Floats] | None:
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    size = tall.shape[1]
    product = LinearOperator((size, size), lambda v: tall.T @ (tall @ v), dtype=np.float64)
    try:
        values, vectors = eigsh(
            product,
            count,
            v0=np.random.default_rng(0).standard_normal(size),
            ncv=min(size, max(2 * count + 1, _BASIS)),
            tol=_RESIDUAL,
        )
    except ArpackError:  # It didn't converge, or all points coincide.
        return None
    return values, vectors
