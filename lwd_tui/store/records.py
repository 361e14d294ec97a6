"""What the store itself tells of a run, beside the records that every part knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lwd_tui.types import Floats, Step

Status = Literal["running", "stopped", "done", "damaged", "newer"]
"""Of a run: a process writes it; it can be resumed; all T + 1 steps are there; it can't be read;
a later version of lwd-tui wrote it."""


@dataclass(frozen=True, slots=True, eq=False)
class StepNumbers:
    """The numbers of one whole step; NaN and an empty `dispersion` where there is no geometry.

    Attributes
    ----------
    t, k, size, synthetic : int
    norm, norm_debiased, noise_floor : float
    dispersion : ndarray of shape (n,)
        As in `lwd_tui.types.Geometry`.
    seconds : float
    failed : int
        Responses without a usable attempt.
    """

    t: int
    k: int
    size: int
    synthetic: int
    norm: float
    norm_debiased: float
    noise_floor: float
    dispersion: Floats
    seconds: float
    failed: int

    @classmethod
    def of(cls, step: Step) -> StepNumbers:
        """Return the numbers of a step; raise ValueError if its geometry isn't known."""
        if step.geometry is None:
            raise ValueError(f"step {step.t} has no geometry")
        return cls(
            step.t,
            step.k,
            step.size,
            step.synthetic,
            step.geometry.norm,
            step.geometry.norm_debiased,
            step.geometry.noise_floor,
            step.geometry.dispersion,
            step.seconds,
            step.failed,
        )


class Reading(NamedTuple):
    """That a participant read a post at step t; `response` where each draws for itself."""

    t: int
    participant: int
    response: int | None


@dataclass(frozen=True, slots=True)
class Fork:
    """Where a run was forked, and by what.

    Attributes
    ----------
    parent, file, created : str
        The name of the run that it was forked from, its file, and by what that is known.
    at : int
        The first step that was taken anew.
    changes : dict
        Fields in which it differs from its parent, with dots between the names of sections.
    posts : tuple of str
        Put in by hand just before step `at`.
    replicate : int
        0 goes on with its parent's seed, each other with one of its own.
    """

    parent: str
    file: str
    created: str
    at: int
    changes: dict[str, Any]
    posts: tuple[str, ...]
    replicate: int

    @property
    def twin(self) -> bool:
        """Whether nothing but chance was changed."""
        return not self.changes and not self.posts

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Fork | None:
        """Read what a run's record says it is a fork of; None if it isn't one."""
        found = record.get("fork")
        if not found:
            return None
        fields = {name: found[name] for name in cls.__dataclass_fields__}
        return cls(**fields | {"posts": tuple(fields["posts"])})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a run: an error, a retry, a pause, a resume.

    Attributes
    ----------
    time : datetime
        In UTC.
    kind, message : str
    t : int or None
        The step that was under way.
    """

    time: datetime
    kind: str
    message: str
    t: int | None = None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of a list of runs.

    Attributes
    ----------
    name : str
        What the run is called by.
    path : Path
    status : Status
    experiment : str
        The experiment's own name.
    participants : tuple of str
    done, steps : int
        Whole steps, of T + 1.
    norm_first, norm_last : float
        Of the first and last whole step; NaN where there is none.
    created : str
        ISO 8601, in UTC; "" if unknown.
    size : int
        Bytes on the disk.
    note : str
    problem : str
        Why the file can't be read; "" if it can.
    """

    name: str
    path: Path
    status: Status
    experiment: str = ""
    participants: tuple[str, ...] = ()
    done: int = 0
    steps: int = 0
    norm_first: float = float("nan")
    norm_last: float = float("nan")
    created: str = ""
    size: int = 0
    note: str = ""
    problem: str = ""
