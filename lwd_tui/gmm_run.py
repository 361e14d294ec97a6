"""What a run of the Gaussian-mixture proxy came to: the record that is stored and shown."""

from __future__ import annotations

from dataclasses import dataclass

from lwd_tui.gmm_spec import GmmSpec
from lwd_tui.types import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class GmmRun:
    """What R replicates came to, for t = 0 .. the step that was reached.

    Attributes
    ----------
    spec : GmmSpec
    replicates : range
        Their numbers.
    weights : ndarray of shape (R, T + 1, n, B)
        Pi_i(t).
    lifted : ndarray of shape (R, T + 1, n)
        How often a weight that was no longer positive was set to eps on the way to t.
    means : ndarray of shape (R, T + 1, n, B, d), or None
        Where they move.
    covariances : ndarray of shape (R, T + 1, n, B, d, d), or None
        Where they move, or where the means do.
    """

    spec: GmmSpec
    replicates: range
    weights: Floats
    lifted: Ints
    means: Floats | None = None
    covariances: Floats | None = None
