"""Several tests at once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import finite
from lwd_tui.types import Floats


def significance(level: float) -> float:
    """Return one minus a confidence level, in the decimals that were written.

    In binary 1 - 0.9 is a little less than 0.1, and a p of 0.1 would not be at the level.
    """
    return float(1 - Fraction(repr(float(level))))


def holm(p: ArrayLike) -> Floats:
    """Adjust p-values so that the chance of any false alarm among them stays at the level.

    The step-down method of Holm (1979); it assumes nothing about how the tests depend on each
    other.

    Parameters
    ----------
    p : array_like of shape (k,)

    Returns
    -------
    ndarray of shape (k,)
        In the order given; compare each with the level.
    """
    values = finite(p, "p-values", ndim=1)
    order = np.argsort(values)
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
