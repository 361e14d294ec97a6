"""Collapse of what? The total variation, split between participants and within them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.distance import relative_means, residuals
from lwd_tui.analysis.resolution import exact


@dataclass(frozen=True, slots=True)
class Partition:
    """Sums of squared distances from means (PERMANOVA, Anderson 2001).

    Attributes
    ----------
    between, within : float
        Of the participants' means from the mean of all; of the responses from their
        participant's mean. Their sum is the total.
    share : float
        R^2 = between / total; NaN if all responses are equal but for rounding.
    pseudo_f : float
        (between / (a - 1)) / (within / (N - a)) for a participants and N responses; infinite if
        nothing varies within them, NaN if nothing varies at all or N = a. Its permutation test is
        that of the sum of squares in `lwd_tui.analysis.permutation`, of which it is a monotone
        function.
    """

    between: float
    within: float
    share: float
    pseudo_f: float


def partition(responses: Responses) -> Partition:
    """Split the variation of one step between and within participants.

    Raises
    ------
    UnfitData
        If fewer than two participants have responses.
    """
    near = exact(responses)
    counts = near.counts
    groups, total = int((counts > 0).sum()), len(near.points)
    if groups < 2:
        raise UnfitData("a split needs at least two participants with usable responses")
    means = relative_means(near)[counts > 0]
    offsets = means - counts[counts > 0] @ means / total
    inside = residuals(near)
    within = float(np.vdot(inside, inside))
    between = float((counts[counts > 0, None] * offsets**2).sum())
    whole = between + within
    share = between / whole if whole else math.nan
    pseudo_f = math.nan
    if total > groups and whole:
        mean_within = within / (total - groups)
        pseudo_f = between / (groups - 1) / mean_within if mean_within else math.inf
    return Partition(between, within, share, pseudo_f)
