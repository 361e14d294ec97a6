"""What is known of a sweep while it is looked at: its runs, and who makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from lwd_tui.findings.comparison import why_norms_differ
from lwd_tui.sweep.conduct import Conductor, is_under_way
from lwd_tui.sweep.own import Plan
from lwd_tui.sweep.pairs import Place
from lwd_tui.sweep.variants import sweep_folder
from lwd_tui.sweep.watch import RunState, RunStatus, Watch
from lwd_tui.types import Floats

Maker = Literal["", "here", "pausing", "elsewhere"]
"""Who makes the runs: nobody now, this process, this one until it pauses, another one."""

SIGNS: dict[RunStatus, str] = {
    "waiting": "·", "running": "▶", "stopped": "‖", "failed": "!", "done": "✓", "other": "?",
}  # fmt: skip
INKS: dict[RunStatus, str] = {
    "waiting": "quiet", "running": "success", "stopped": "warning", "failed": "error",
    "done": "foreground", "other": "error",
}  # fmt: skip
WORDS: dict[RunStatus, str] = {
    "waiting": "not begun", "running": "under way", "stopped": "stopped, and can go on",
    "failed": "stopped by an error", "done": "all its steps are there", "other": "can't be used",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A sweep as it was seen last.

    Attributes
    ----------
    plan : Plan
    states : tuple of RunState
        Of its runs, in the order in which they are made.
    maker : Maker
    """

    plan: Plan
    states: tuple[RunState, ...] = ()
    maker: Maker = ""

    @property
    def done(self) -> int:
        """How many runs are whole."""
        return sum(state.status == "done" for state in self.states)

    @property
    def busy(self) -> bool:
        """Whether a run is being made, be it by itself."""
        return bool(self.maker) or any(state.status == "running" for state in self.states)

    @property
    def status(self) -> str:
        """In a word or two."""
        if self.plan.problem:
            return "wrong"
        if self.maker:
            return {"here": "under way", "pausing": "pausing"}.get(self.maker, "elsewhere")
        if self.done == len(self.states):
            return "done"
        begun = any(state.status not in ("waiting", "other") for state in self.states)
        return "paused" if begun else "not begun"

    def of(self, variant: str) -> list[RunState]:
        """Return the runs of one variant, in the order of the seeds."""
        return [state for state in self.states if state.job.variant == variant]

    @property
    def late_norms(self) -> dict[Place, float]:
        """Of each whole run, the mean norm over the last third of the steps."""
        return {
            (state.job.variant, state.job.seed): late_mean(state.curve())
            for state in self.states
            if state.status == "done"
        }

    @property
    def incomparable(self) -> dict[str, str]:
        """Variants whose norms don't compare with those of the first, and why."""
        scales = {
            name: [state.scale for state in self.of(name) if state.scale]
            for name in self.plan.variants
        }
        first = next(iter(scales.values()), [])
        found = {name: why_norms_differ([*first, *its]) for name, its in scales.items()}
        return {name: why for name, why in found.items() if why}

    @property
    def given_up(self) -> set[Place]:
        """The runs that an error stopped."""
        return {
            (state.job.variant, state.job.seed)
            for state in self.states
            if state.status in ("failed", "other")
        }


def late_mean(values: Floats) -> float:
    """Return the mean over the last third, as `lwd_tui.sweep.results` takes it."""
    return float(np.mean(values[-max(1, round(len(values) / 3)) :]))


def averaged(states: Sequence[RunState], reading: str) -> tuple[Floats, int]:
    """Return the curves to be averaged, of shape (runs, steps), and how many runs they are of.

    Those of the whole runs; where there is none, of those that are begun, as far as all are.
    """
    curves = [state.curve(reading) for state in states if state.status == "done"]
    curves = curves or [state.curve(reading) for state in states if state.numbers]
    length = min(map(len, curves), default=0)
    rows = np.array([curve[:length] for curve in curves]).reshape(len(curves), length)
    return rows, len(curves)


def look(plan: Plan, watch: Watch, conductor: Conductor | None, folder: Path) -> Seen:
    """Look at the files of a sweep, and at who makes its runs; from any thread."""
    mine = conductor is not None and conductor.busy and conductor.folder == folder
    maker: Maker = "elsewhere" if is_under_way(folder) else ""
    if mine and conductor is not None:
        maker = "pausing" if conductor.pausing else "here"
    states = watch.look()
    if conductor is not None and conductor.folder == folder:
        making = {job.path for job in conductor.making}
        problems = {job.path: problem for job, problem in conductor.problems.items()}
        states = [_as_heard(state, making, problems) for state in states]
    return Seen(plan, tuple(states), maker)


def _as_heard(state: RunState, making: set[Path], problems: Mapping[Path, str]) -> RunState:
    """Add what no file tells: that a model is being loaded, or why no file was made."""
    path = state.job.path
    if path in making and state.status in ("waiting", "stopped", "failed"):
        return replace(state, status="running", problem="")
    if problems.get(path) and state.status in ("waiting", "stopped"):
        return replace(state, status="failed", problem=problems[path])
    return state


def folder_of(plan: Plan, *, rehearsal: bool) -> Path:
    """Return where the runs of a sweep are kept, or those of its rehearsal."""
    folder = sweep_folder(plan.sweep) if plan.sweep else plan.path.with_suffix("")
    return folder.with_name(f"{folder.name}-rehearsal") if rehearsal else folder
