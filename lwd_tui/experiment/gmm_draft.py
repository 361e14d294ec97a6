"""A network of mixtures that is being written: what is in it may be wrong for now."""

from __future__ import annotations

from typing import Any

import numpy as np

from lwd_tui.experiment.draft import Checked, check
from lwd_tui.experiment.gmm import GmmSpec, Matrix
from lwd_tui.experiment.llm import Experiment

MOST_COMPONENTS = 1_000
"""So many means are laid out from B alone; more are written down in a file."""


def spread(means: Matrix, count: int) -> Matrix:
    """Lay out `count` means in a row, as far apart as the first two, about the same middle.

    Parameters
    ----------
    means : tuple of tuple of float
        At least two, of one length.
    count : int
        Where it is their number, they are returned as they are.
    """
    if count == len(means):
        return means
    given = np.array(means, dtype=np.float64)
    places = np.arange(count) - (count - 1) / 2
    laid = given.mean(axis=0) + places[:, None] * (given[1] - given[0])
    return tuple(tuple(row) for row in laid.tolist())


class GmmDraft:
    """A specification being written; its field "B" stands for the number of means.

    Parameters
    ----------
    spec : GmmSpec
        To begin with.
    """

    def __init__(self, spec: GmmSpec) -> None:
        self.take(spec)

    def take(self, spec: GmmSpec) -> None:
        """Begin anew with a specification."""
        self._spec = spec
        self._fields = spec.to_dict()
        self._components: Any = spec.components

    def get(self, path: str) -> Any:
        """Return a field."""
        return self._components if path == "B" else self._fields[path]

    def set(self, path: str, value: Any) -> None:
        """Set a field to whatever was written."""
        if path == "B":
            self._components = value
        else:
            self._fields = {**self._fields, path: value}

    def check(self) -> Checked[GmmSpec]:
        """Say whether it can be run, and if not, what is wrong."""
        count = self._components
        if not isinstance(count, int) or not 2 <= count <= MOST_COMPONENTS:
            wanted = f"must be a whole number from 2 to {MOST_COMPONENTS}"
            return Checked(None, f"B = {count!r}: {wanted}", "B")
        means = spread(self._spec.means, count)
        found = check(GmmSpec, {**self._fields, "means": means})
        if found.value == self._spec:
            return Checked(self._spec)
        return found


def like(experiment: Experiment) -> GmmSpec:
    """Return mixtures with an experiment's n, L, beta and T, and the paper's components."""
    return GmmSpec(
        name="as the LLM run",
        description="n, L, beta and T of the LLM run that is open",
        participants=max(len(experiment.cast), 1),
        responses=experiment.responses,
        beta=experiment.beta,
        steps=experiment.steps,
    )
