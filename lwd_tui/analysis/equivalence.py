"""Have they become the same? Only an upper bound below a stated margin says so.

A test that doesn't reject has not shown that nothing differs: too few responses do the same. So
the claim here is always "the same within the margin", or "not shown".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lwd_tui.analysis.arrays import UnfitData, finite


@dataclass(frozen=True, slots=True, eq=False)
class Equivalence:
    """Whether and when the participants were shown to be the same within a margin.

    Attributes
    ----------
    below : ndarray of bool, shape (steps,)
        Whether the upper bound is below the margin, step by step.
    shown_at : int or None
        First t at which it has been below for `window` steps in a row; None: not shown.
    margin : float
    window : int
    """

    below: NDArray[np.bool_]
    shown_at: int | None
    margin: float
    window: int

    def __str__(self) -> str:
        """Return the verdict as a sentence."""
        if self.shown_at is None:
            return f"not shown to be the same within {self.margin:g}"
        steps = "step" if self.window == 1 else "steps in a row"
        return (
            f"the same within {self.margin:g}, shown at t = {self.shown_at} ({self.window} {steps})"
        )


def equivalence(upper_bounds: ArrayLike, margin: float, window: int = 1) -> Equivalence:
    """Judge equivalence against a margin that the user states beforehand.

    Parameters
    ----------
    upper_bounds : array_like of shape (steps,)
        One-sided upper bounds of the norm between the true means; NaN where there is none, which
        counts as not below. For a claim that holds whenever one looks, take them at
        `lwd_tui.analysis.sequences.simultaneous_level`.
    margin : float
        In the units of the embedding, more than 0.
    window : int
        W, the steps in a row that are asked for.

    Returns
    -------
    Equivalence

    Raises
    ------
    UnfitData
        If the margin isn't positive, or the window is less than 1.
    """
    if not margin > 0:
        raise UnfitData(f"margin: must be more than 0, not {margin}")
    if window < 1:
        raise UnfitData(f"window: must be at least 1 step, not {window}")
    bounds = np.asarray(upper_bounds, dtype=np.float64)
    below = np.less(bounds, margin)
    in_a_row = 0
    for t, good in enumerate(below):
        in_a_row = in_a_row + 1 if good else 0
        if in_a_row == window:
            return Equivalence(below, t, margin, window)
    return Equivalence(below, None, margin, window)


def control_margin(upper_bounds: ArrayLike, window: int = 1, share: float = 0.95) -> float:
    """Return the least margin that an A/A run, the same model n times, would have met.

    A smaller margin asks for what not even equal participants can show with this L.

    Parameters
    ----------
    upper_bounds : array_like of shape (steps,) or (runs, steps)
        Of A/A runs with the same L and embedder; all finite.
    window : int
        W, as for `equivalence`.
    share : float
        Of all stretches of W steps, how many are to pass.

    Returns
    -------
    float

    Raises
    ------
    UnfitData
        If there are fewer than W steps, or a bound is missing.
    """
    bounds = np.atleast_2d(np.asarray(upper_bounds, dtype=np.float64))
    finite(bounds, "upper bounds of the control")
    if not 0 < share <= 1:
        raise UnfitData(f"share: must lie between 0 and 1, not {share}")
    if not 1 <= window <= bounds.shape[1]:
        raise UnfitData(
            f"window: {window} steps in a row don't fit into the control's {bounds.shape[1]}"
        )
    stretches = np.lib.stride_tricks.sliding_window_view(bounds, window, axis=1)
    return float(np.quantile(stretches.max(axis=-1), share, method="higher"))
