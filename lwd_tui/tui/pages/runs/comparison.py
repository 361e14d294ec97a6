"""Which runs are compared, and how they are looked at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from lwd_tui.tui.pages.runs.shelf import Reading


@dataclass
class Comparison:
    """What the user chose.

    Attributes
    ----------
    marked : dict of Path to int
        The runs, with their places among the markers and colours.
    pinned : Path or None
        The one that the others are compared with.
    reading : {"norm", "norm_debiased"}
    relative : bool
        As shares of their starts.
    t : int or None
        Where all are read; None for from start to end.
    """

    marked: dict[Path, int] = field(default_factory=dict)
    pinned: Path | None = None
    reading: Reading = "norm"
    relative: bool = False
    t: int | None = None

    @property
    def pinned_place(self) -> int | None:
        """The place of the pinned run."""
        return None if self.pinned is None else self.marked.get(self.pinned)

    def mark(self, run: Path) -> None:
        """Take a run in, at the first free place, or out."""
        if self.marked.pop(run, None) is None:
            taken = set(self.marked.values())
            self.marked[run] = next(place for place in count() if place not in taken)
        elif self.pinned == run:
            self.pinned = None

    def pin(self, run: Path) -> None:
        """Pin a run, which then is one of those compared, or let it go."""
        self.pinned = None if self.pinned == run else run
        if self.pinned is not None and run not in self.marked:
            self.mark(run)

    def keep(self, runs: Collection[Path]) -> None:
        """Forget the runs that are no longer there."""
        self.marked = {run: place for run, place in self.marked.items() if run in runs}
        if self.pinned not in self.marked:
            self.pinned = None

    def moved(self, old: Path, new: Path) -> None:
        """Keep the marker of a run that has another name."""
        if old in self.marked:
            self.marked[new] = self.marked.pop(old)
        if self.pinned == old:
            self.pinned = new

    def go(self, steps: int, length: int) -> None:
        """Read at another t; after the last of `length` steps stands from start to end."""
        here = length if self.t is None else self.t
        t = min(max(here + steps, 0), length)
        self.t = t if t < length else None

    def within(self, length: int) -> int | None:
        """Return t, or None where no run has so many steps."""
        return self.t if self.t is not None and self.t < length else None
