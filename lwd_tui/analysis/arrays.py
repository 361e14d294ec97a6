"""What the analysis accepts: finite numbers in the right shape, or a sentence that says why not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lwd_tui.errors import LwdError
from lwd_tui.types import Floats, Ints

# Squares of larger numbers, summed over thousands of points, come near the end of float64.
LARGEST = 1e140


class UnfitData(LwdError):
    """The numbers or texts given to the analysis can't be analysed."""


def finite(values: ArrayLike, name: str, ndim: int = 2) -> Floats:
    """Return `values` as float64, or say what is wrong with them.

    Parameters
    ----------
    values : array_like
    name : str
        What they are, for the message.
    ndim : int
        The number of dimensions that they must have.

    Returns
    -------
    ndarray
        The same object if it was float64 already: never write to it.

    Raises
    ------
    UnfitData
        If there are NaN, infinite or absurdly large numbers, or another number of dimensions.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim:
        raise UnfitData(f"{name}: {ndim} dimensions are needed, but the shape is {array.shape}")
    # Both comparisons are false for NaN.
    if array.size and not (array.max() < LARGEST and array.min() > -LARGEST):
        fits = np.abs(array) < LARGEST
        row = int(np.argwhere(~fits)[0][0])
        raise UnfitData(f"{name}: row {row} holds NaN, infinity or a number beyond {LARGEST:g}")
    return array


def labelled(embeddings: ArrayLike, owners: NDArray[np.integer], n: int) -> tuple[Floats, Ints]:
    """Return responses and their owners, checked against each other.

    Parameters
    ----------
    embeddings : array_like of shape (m, p)
    owners : ndarray of shape (m,)
        The participant of each row, 0 to n - 1, in any order.
    n : int

    Raises
    ------
    UnfitData
        If the lengths differ, or an owner isn't a participant.
    """
    points = finite(embeddings, "embeddings")
    labels = np.asarray(owners, dtype=np.int64)
    if labels.shape != (len(points),):
        raise UnfitData(
            f"owners: {len(points)} are needed, one an embedding, but the shape is {labels.shape}"
        )
    if labels.size and (labels.min() < 0 or labels.max() >= n):
        raise UnfitData(f"owners: each must be a participant, 0 to {n - 1}")
    return points, labels


def shifted(points: Floats) -> Floats:
    """Return the points relative to the first of them, as a new array.

    After collapse the responses differ by 1e-9 while their norm is 23; what is left after this
    subtraction has lost nothing to rounding, and equal texts are exactly zero apart.
    """
    relative: Floats = points - points[:1].sum(axis=0)
    return relative
