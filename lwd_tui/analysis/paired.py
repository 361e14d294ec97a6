"""Differences in pairs, such as of a fork and its twin: their mean, its interval, a test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """What pairs come to, place by place.

    Attributes
    ----------
    mean : ndarray of shape (m,)
        Of the differences; NaN where one of them is.
    half : ndarray of shape (m,)
        Half the width of Student's interval for the mean, of each place for itself; NaN for one
        pair.
    p : ndarray of shape (m,)
        Two-sided, of Student's test that the true mean is 0; NaN for one pair. Where all pairs
        differ by the same it is 0, and where none differs 1.
    """

    mean: Floats
    half: Floats
    p: Floats


def paired(one: ArrayLike, other: ArrayLike, level: float = 0.95) -> Paired:
    """Compare pairs of values, place by place.

    With the R differences d of a place, their mean m and their standard deviation s, the interval
    is m +- t s / sqrt(R), with t the quantile of Student's distribution of R - 1 degrees of freedom
    (Student 1908). It takes the pairs for independent and the differences for about normal.

    Parameters
    ----------
    one, other : array_like of shape (R, m)
        A row a pair; NaN where there is no value.
    level : float

    Raises
    ------
    UnfitData
        If the shapes differ, or there is no pair.
    """
    from scipy import stats

    first, second = (np.asarray(each, dtype=np.float64) for each in (one, other))
    if first.shape != second.shape or first.ndim != 2 or not len(first):
        raise UnfitData(f"pairs: the shapes are {first.shape} and {second.shape}")
    differences = first - second
    pairs, places = differences.shape
    mean = differences.mean(axis=0)
    if pairs < 2:
        nothing = np.full(places, np.nan)
        return Paired(mean, nothing, nothing)
    error = differences.std(axis=0, ddof=1) / math.sqrt(pairs)
    # The mean of equal numbers may be off by rounding.
    alike = (differences == differences[:1]).all(axis=0)
    mean, error = np.where(alike, differences[0], mean), np.where(alike, 0.0, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stats.t.sf(np.abs(mean) / error, pairs - 1)
    p = np.where((mean == 0) & (error == 0), 1.0, p)
    return Paired(mean, stats.t.ppf((1 + level) / 2, pairs - 1) * error, p)
