"""Crossed effects: how much moves with the rows of a table, with its columns, and what is left."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.types import Floats

_ROUNDING = 1e-12
"""Of the largest number: what is nearer to 0 is rounding, and would tell equal rows apart."""


class Component(NamedTuple):
    """A variance, and the interval of the true one.

    The estimate is below 0 at times, as one without bias must be where there is little or none; the
    interval ends at 0.
    """

    variance: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, eq=False)
class Crossed:
    """What a table of rows by columns comes to.

    Attributes
    ----------
    mean : float
        Of all cells.
    rows, columns : Component
        Of what a row, or a column, adds to all of its cells.
    left : Component
        Of what is in one cell only: what rows and columns do together, and chance.
    within : Component
        Of the cells of one row: columns and what is left.
    """

    mean: float
    rows: Component
    columns: Component
    left: Component
    within: Component


def crossed(values: ArrayLike, level: float = 0.95) -> Crossed:
    """Take a table apart into what moves with its rows, with its columns, and what is left.

    The model is y = m + a_row + b_column + e, all three independent and normal, one cell each; the
    variances are those of the analysis of variance (Searle, Casella and McCulloch 1992). Intervals:
    of rows and columns that of Tukey and Williams (Williams 1962), at least 2 level - 1, and near
    the level in simulations; of what is left the exact one; of the cells of one row that of
    Graybill and Wang (1980), which is approximate. At low levels the quantiles are on one side of
    the mean; the terms of that then keep their signs, so that intervals of any levels are nested.

    Parameters
    ----------
    values : array_like of shape (a, b)
        At least two rows and two columns, all finite.
    level : float
        Of each interval for itself.

    Raises
    ------
    UnfitData
        If there are fewer, or a value is missing.

    Examples
    --------
    >>> found = crossed([[1, 2, 3], [4, 6, 5]])
    >>> [round(each.variance, 2) for each in (found.rows, found.columns, found.left)]
    [4.33, 0.5, 0.5]
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise UnfitData(f"crossed: a finite table of 2 x 2 at least is needed, not {table.shape}")
    count, wide = table.shape
    mean = float(table.mean())
    of_rows, of_columns = table.mean(axis=1) - mean, table.mean(axis=0) - mean
    rest = table - mean - of_rows[:, None] - of_columns
    nothing = _ROUNDING * float(np.abs(table).max())

    def square(deviations: Floats, cells: int, freedom: int) -> _Square:
        seen = np.where(np.abs(deviations) > nothing, deviations, 0.0)
        return _Square(cells * float(np.square(seen).sum()) / freedom, freedom)

    rows = square(of_rows, wide, count - 1)
    columns = square(of_columns, count, wide - 1)
    left = square(rest, 1, (count - 1) * (wide - 1))
    return Crossed(
        mean,
        _beyond(rows, left, wide, level),
        _beyond(columns, left, count, level),
        _together([left], [1.0], level),
        _together([columns, left], [1 / count, 1 - 1 / count], level),
    )


class _Square(NamedTuple):
    """A mean square and its degrees of freedom."""

    value: float
    freedom: int


def _beyond(square: _Square, left: _Square, cells: int, level: float) -> Component:
    """Return the variance that a mean square has beyond what is left (Tukey and Williams)."""
    from scipy.stats import chi2, f

    def end(tail: float) -> float:
        ratio = float(f.ppf(tail, square.freedom, left.freedom))
        scale = square.freedom / (cells * float(chi2.ppf(tail, square.freedom)))
        return max(0.0, scale * (square.value - ratio * left.value))

    tail = (1 - level) / 2
    return Component((square.value - left.value) / cells, end(1 - tail), end(tail))


def _together(squares: list[_Square], weights: list[float], level: float) -> Component:
    """Return a weighted sum of mean squares with its interval (Graybill and Wang); exact of one."""
    from scipy.stats import chi2

    def reach(tail: float) -> float:
        """Return how far beyond the value the end is; each term keeps its sign in its square."""
        shares = (
            (square.freedom / float(chi2.ppf(tail, square.freedom)) - 1) * weight * square.value
            for square, weight in zip(squares, weights, strict=True)
        )
        total = math.fsum(share * abs(share) for share in shares)
        return math.copysign(math.sqrt(abs(total)), total)

    tail = (1 - level) / 2
    value = sum(weight * square.value for square, weight in zip(squares, weights, strict=True))
    return Component(value, max(0.0, value + reach(1 - tail)), value + reach(tail))
