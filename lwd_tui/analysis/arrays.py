"""What the analysis accepts: finite numbers in the right shape, or a sentence that says why not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.errors import LwdError
from lwd_tui.types import Floats, Ints

# Squares of larger numbers, summed over thousands of points, come near the end of float64.
LARGEST = 1e140

Found = TypeVar("Found")


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


def once(work: Callable[[Responses], Found]) -> Callable[[Responses], Found]:
    """Do some work once for the same responses, for all who ask: never write to what it returns."""
    key = f"{work.__module__}.{work.__qualname__}"

    @wraps(work)
    def known(responses: Responses) -> Found:
        kept = vars(responses)
        if key not in kept:
            found = work(responses)
            # Nothing for themselves: who holds himself isn't let go of at once.
            kept[key] = None if found is responses else found
        return cast(Found, responses if kept[key] is None else kept[key])

    return known


class _Fields(NamedTuple):
    points: Floats
    owners: Ints
    n: int


class Responses(_Fields):
    """The embedded, usable responses of one step; `of` checks them, once for all who read them.

    Attributes
    ----------
    points : ndarray of shape (m, p)
        In any order.
    owners : ndarray of shape (m,)
        The participant of each row, 0 to n - 1.
    n : int
        Participants, some of whom may have no response.
    """

    @classmethod
    def of(cls, embeddings: ArrayLike, owners: ArrayLike, n: int) -> Responses:
        """Return responses, checked against their owners.

        Raises
        ------
        UnfitData
            If a number is NaN or infinite, the lengths differ, or an owner isn't a participant.
        """
        points = finite(embeddings, "embeddings")
        labels = np.asarray(owners, dtype=np.int64)
        if labels.shape != (len(points),):
            raise UnfitData(
                f"owners: {len(points)} are needed, one an embedding, but the shape is "
                f"{labels.shape}"
            )
        if labels.size and (labels.min() < 0 or labels.max() >= n):
            raise UnfitData(f"owners: each must be a participant, 0 to {n - 1}")
        return cls(points, labels, n)

    @cached_property
    def counts(self) -> Ints:
        """L_i, the responses of each participant."""
        return np.bincount(self.owners, minlength=self.n).astype(np.int64)

    @cached_property
    def parts(self) -> list[Floats]:
        """The points of each participant; views where they stand in order, as in a run."""
        points, owners = self.points, self.owners
        if (owners[1:] < owners[:-1]).any():
            points = points[np.argsort(owners, kind="stable")]
        return np.split(points, np.cumsum(self.counts)[:-1])

    @once
    def shifted(self) -> Responses:
        """Return them relative to the first of them; see `shifted` for why."""
        if not self.points[:1].any():
            return self
        return self._replace(points=shifted(self.points))


def shifted(points: Floats) -> Floats:
    """Return the points relative to the first of them, as a new array.

    After collapse the responses differ by 1e-9 while their norm is 23; what is left after this
    subtraction has lost nothing to rounding, and equal texts are exactly zero apart.
    """
    return np.asarray(points - points[:1].sum(axis=0))
