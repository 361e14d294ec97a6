"""What the changes of forks came to, in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from lwd_tui.findings.forks import Branch, branches
from lwd_tui.store.run import RunStore
from lwd_tui.text import number_text


def branches_of(runs: Sequence[Path]) -> list[Branch]:
    """Find the branches among some runs, whose files are opened anew.

    Raises
    ------
    StoreError
        If one can't be read.
    """
    if len(runs) < 2:
        return []
    with ExitStack() as stack:
        return branches([stack.enter_context(RunStore.open(run)).look_at(0) for run in runs])


def told_at(branch: Branch, t: int | None) -> str:
    """Tell the difference at a step, or at the last for None; not cleaned."""
    last = len(branch.forks) - 1
    place = last if t is None else t - branch.at
    if not 0 <= place <= last:
        return f"{branch.change}: taken anew from t = {branch.at} on"
    words = f"fork less twin at t = {branch.at + place}: {branch.difference.mean[place]:+.3f}"
    if len(branch.pairs) > 1:
        half, p = branch.difference.half[place], branch.adjusted[place]
        words += f" ± {number_text(half)}, {len(branch.pairs)} pairs, p {number_text(p)} (Holm)"
    return f"{words}; by chance {number_text(branch.chance[place])} · {branch.change}"
