"""The B components that all mixtures share, and coordinates in which each is round.

With Sigma = F F', a point x becomes F^-1 (x - origin): every component then has the identity as
its covariance, and the densities' ratios are what they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lwd_tui.experiment.gmm import GmmSpec, covariance_matrix
from lwd_tui.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Means and a covariance, with the change of coordinates.

    Attributes
    ----------
    means : ndarray of shape (B, d)
    covariance : ndarray of shape (d, d)
        Sigma.
    factor : ndarray of shape (d, d)
        F, its lower Cholesky factor.
    centres : ndarray of shape (B, d)
        The means in the round coordinates.
    """

    means: Floats
    covariance: Floats
    factor: Floats
    centres: Floats

    @classmethod
    def of(cls, spec: GmmSpec) -> Components:
        """Return the components of a specification."""
        means = np.array(spec.means, dtype=np.float64)
        sigma = covariance_matrix(spec.covariance, spec.dimension, "covariance")
        factor = np.asarray(np.linalg.cholesky(sigma), dtype=np.float64)
        centres = np.linalg.solve(factor, (means - means.mean(axis=0)).T).T
        return cls(means, sigma, factor, np.ascontiguousarray(centres))

    @property
    def origin(self) -> Floats:
        """The mean of the means, which becomes 0."""
        return np.asarray(self.means.mean(axis=0))

    def rounded(self, points: Floats) -> Floats:
        """Take points of shape (m, d) to the round coordinates."""
        moved = np.linalg.solve(self.factor, (points - self.origin).T).T
        return np.ascontiguousarray(moved)

    def restored(self, points: Floats) -> Floats:
        """Take points, of any shape that ends in d, back."""
        return self.origin + points @ self.factor.T
