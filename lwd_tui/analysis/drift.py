"""Does it still move? The step from X_i(t - 1) to X_i(t), against the noise of both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.standard_errors import debiased_pairs
from lwd_tui.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """Movement of each participant; row 0 is the movement from t = 0 to t = 1.

    Attributes
    ----------
    squares : ndarray of shape (T, n)
        Squared distance moved, without its noise: unbiased, and negative at times for a
        participant that stands still. NaN where either step has fewer than two responses.
    errors : ndarray of shape (T, n)
        Standard errors; NaN where either step has fewer than four responses.
    """

    squares: Floats
    errors: Floats

    @property
    def ratios(self) -> Floats:
        """Movement in standard errors: beyond 2 is hardly noise.

        Where the responses of both steps didn't vary at all it is 0 or infinite; NaN where the
        error isn't known.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios: Floats = self.squares / self.errors
        return np.where((self.squares == 0) & (self.errors == 0), 0.0, ratios)


def drift(steps: Iterable[Responses], n: int) -> Drift:
    """Follow the mean of each participant from step to step.

    Parameters
    ----------
    steps : iterable of Responses
        Read once, in order of t.
    n : int
    """
    squares, errors = [], []
    before: list[Floats] | None = None
    for step in steps:
        now = step.parts
        if before is not None:
            moved = [_moved(old, new) for old, new in zip(before, now, strict=True)]
            squares.append([square for square, _ in moved])
            errors.append([error for _, error in moved])
        before = now
    return Drift(np.reshape(squares, (-1, n)), np.reshape(errors, (-1, n)))


def _moved(old: Floats, new: Floats) -> tuple[float, float]:
    """Return the debiased squared distance between two sets of responses, and its error."""
    owners = np.repeat([0, 1], [len(old), len(new)])
    pair = debiased_pairs(Responses(np.concatenate([old, new]), owners, 2))
    return float(pair.squares[0, 1]), float(pair.errors[0, 1])
