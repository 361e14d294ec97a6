"""A run of mixtures for any front end: its summary, and where it is kept."""

from __future__ import annotations

import importlib.metadata
import math
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lwd_tui import __version__
from lwd_tui.analysis.weights import (
    collapsed,
    drift,
    first_death,
    norms,
    polarised,
    vertex_distances,
)
from lwd_tui.experiment.gmm import GmmRun
from lwd_tui.gmm.plan import plan_of
from lwd_tui.gmm.theory import expected, noise_floor
from lwd_tui.store.gmm import save_gmm
from lwd_tui.text import json_number
from lwd_tui.types import Floats, Ints

NEAR_ZERO = 0.1
"""A norm below this counts as near 0, as at the end of the paper's figure 4."""


@dataclass(frozen=True, slots=True, eq=False)
class GmmSummary:
    """What R replicates came to at the last step; see `lwd_tui.analysis.weights`.

    Attributes
    ----------
    norm_first, norm_last : ndarray of shape (R,)
        Norm of D at t = 0, and at the last step.
    lifted : ndarray of shape (R,)
        How often a weight was set to eps.
    drift : float
        Largest distance of a sum of weights from 1.
    first_death : ndarray of shape (R,)
        First t at which a mixture had lost a component; -1 where none has.
    vertex_distance : ndarray of shape (R,)
        Mean over the mixtures of how far each is from having one component only.
    polarised, collapsed : ndarray of shape (R,), bool
    floor_measured, floor_predicted : float
        Root mean square over the last half of the steps and over the replicates: of the norm,
        and of what the draws alone keep up. Alike where the norm has come to rest.
    """

    norm_first: Floats
    norm_last: Floats
    lifted: Ints
    drift: float
    first_death: Ints
    vertex_distance: Floats
    polarised: NDArray[np.bool_]
    collapsed: NDArray[np.bool_]
    floor_measured: float
    floor_predicted: float

    @property
    def near_zero(self) -> float:
        """Share of the replicates whose norm ended below `NEAR_ZERO`; NaN where none has a norm."""
        if np.isnan(self.norm_last).all():
            return math.nan
        return float((self.norm_last < NEAR_ZERO).mean())

    def rows(self) -> list[tuple[Any, ...]]:
        """Return of each replicate norm_first, norm_last, lifted, first_death, vertex_distance."""
        ends = self.norm_first, self.norm_last
        columns = (*ends, self.lifted, self.first_death, self.vertex_distance)
        return list(zip(*map(np.ndarray.tolist, columns), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; None is what isn't defined."""
        return {
            "norm_first": [json_number(norm) for norm in self.norm_first.tolist()],
            "norm_last": [json_number(norm) for norm in self.norm_last.tolist()],
            "near_zero": json_number(self.near_zero),
            "lifted": self.lifted.tolist(),
            "drift": self.drift,
            "first_death": [t if t >= 0 else None for t in self.first_death.tolist()],
            "vertex_distance": self.vertex_distance.tolist(),
            "polarised": float(self.polarised.mean()),
            "collapsed": float(self.collapsed.mean()),
            "floor_measured": json_number(self.floor_measured),
            "floor_predicted": json_number(self.floor_predicted),
        }


def summarise(run: GmmRun) -> GmmSummary:
    """Summarise a run."""
    curves, last = norms(run.weights), run.weights[:, -1]
    late = slice(curves.shape[1] // 2, None)
    return GmmSummary(
        curves[:, 0],
        curves[:, -1],
        run.lifted.sum(axis=(1, 2)),
        float(np.abs(drift(run.weights)).max()),
        first_death(run.weights, run.spec.eps),
        vertex_distances(last).mean(axis=1),
        polarised(last),
        collapsed(last),
        _root_mean_square(curves[:, late]),
        _root_mean_square(noise_floor(run)[:, late]),
    )


def theory(run: GmmRun) -> Floats:
    """Return the norm to expect of these replicates' starts, of shape (T + 1,).

    The root of the mean over the replicates of E ||D(t)||^2; see `lwd_tui.gmm.theory`.
    """
    return np.asarray(np.sqrt(np.square(expected(run).norm).mean(axis=0)))


def sizes(run: GmmRun) -> tuple[Ints, Ints]:
    """Return the largest k_t of a participant, and |A(t)|, for every t of the run."""
    plan, steps = plan_of(run.spec), run.weights.shape[1]
    return plan.k.max(axis=1)[:steps], plan.size[:steps]


def keep(run: GmmRun, path: Path) -> None:
    """Store a run; raise StoreError if something is there, or the folder can't be written."""
    record = {
        "experiment_sha256": run.spec.sha256,
        "versions": {
            "lwd-tui": __version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("numba", "numpy")},
        },
        "platform": platform.platform(),
    }
    save_gmm(path, run, np.median(norms(run.weights), axis=0), *sizes(run), record)


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt(np.square(values).mean()))
