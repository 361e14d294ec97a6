"""The attractor: the answer that all came to, and when each participant came near it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.distance import mean_embeddings
from lwd_tui.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Attractor:
    """Where the participants ended, and how they came there.

    Attributes
    ----------
    centre : ndarray of shape (p,)
        Mean of the participants' means at the last step.
    nearest : int
        Row of the last step's responses that is nearest to the centre.
    distances : ndarray of shape (steps, n)
        Of X_i(t) from the centre; NaN where a participant had no usable response.
    arrivals : tuple of (int or None)
        Of each participant, the first t at which it was within the radius; None: never.
    radius : float
    """

    centre: Floats
    nearest: int
    distances: Floats
    arrivals: tuple[int | None, ...]
    radius: float


def attractor(steps: Sequence[Responses], radius: float) -> Attractor:
    """Find the final centre, the response nearest to it, and each participant's arrival.

    Parameters
    ----------
    steps : sequence of Responses
        For t = 0 .. T.
    radius : float
        Distance that counts as arrived, more than 0.

    Raises
    ------
    UnfitData
        If the last step has no usable response, or the radius doesn't fit.
    """
    if not radius > 0:
        raise UnfitData(f"radius: must be more than 0, not {radius}")
    if not len(steps) or not len(steps[-1].points):
        raise UnfitData("an attractor needs a last step with usable responses")
    means = np.array([mean_embeddings(step) for step in steps])
    centre = np.nanmean(means[-1], axis=0)
    nearest = int(np.argmin(np.linalg.norm(steps[-1].points - centre, axis=1)))
    distances = np.linalg.norm(means - centre, axis=2)
    within = np.less_equal(distances, radius)
    arrivals = tuple(int(np.argmax(seen)) if seen.any() else None for seen in within.T)
    return Attractor(centre, nearest, distances, arrivals, radius)
