"""The sweeps that there are, and those of the user's own as text that is written and kept."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import read_text
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.section import InvalidExperiment
from lwd_tui.store.files import write_whole
from lwd_tui.store.folder import made_folder
from lwd_tui.sweep.conduct import is_under_way
from lwd_tui.sweep.jobs import Job, jobs_of
from lwd_tui.sweep.variants import (
    Sweep,
    own_folder,
    read_sweep,
    shipped_sweeps,
    stem,
    sweep_folder,
)
from lwd_tui.sweep.watch import Watch

NEW = """\
# A sweep as `lwd-tui sweep` reads it: each variant is run once with each seed.
name = "my sweep"
preset = "quickstart"          # a preset's name, or the path of a TOML file
seeds = [1, 2, 3, 4, 5, 6]

[set]                          # fields for all
responses = 4
steps = 6

[[variant]]                    # the first one is what the others are compared with
name = "accumulate"

[[variant]]
name = "no interaction"
[variant.set]
interaction = false
"""
"""To begin with."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A sweep that there is.

    Attributes
    ----------
    path : Path
    shipped : bool
    sweep : Sweep or None
    jobs : tuple of Job
        Its participants may still be "auto"; none where it can't be run as written.
    problem : str
        Why it can't be; "" if it can.
    written : float
        When its file was written, told before it was read: a file of another time is to be read
        again.
    """

    path: Path
    shipped: bool
    sweep: Sweep | None = None
    jobs: tuple[Job, ...] = ()
    problem: str = ""
    written: float = 0.0

    @property
    def name(self) -> str:
        """What it is called."""
        return self.sweep.name if self.sweep else self.path.stem

    @property
    def variants(self) -> tuple[str, ...]:
        """The variants, the first being what the others are compared with."""
        return tuple(each.name for each in self.sweep.variants) if self.sweep else ()


def plans(others: Iterable[Path] = ()) -> list[Plan]:
    """Return the user's own sweeps, other files that are named, and the sweeps that ship."""
    own = sorted(own_folder().glob("*.toml"))
    mine = list(dict.fromkeys([*own, *others]))
    return [
        *(read_plan(path, shipped=False) for path in mine),
        *(read_plan(path, shipped=True) for path in shipped_sweeps()),
    ]


def read_plan(path: Path, *, shipped: bool) -> Plan:
    """Return a sweep with its runs, or why it can't be run as written."""
    sweep, plan = None, partial(Plan, path, shipped, written=written_at(path))
    try:
        sweep = read_sweep(path)
        jobs = jobs_of(sweep, path, sweep_folder(sweep))
        if isinstance(jobs[0].experiment, GmmSpec):
            told = f"{path} is of mixtures; run it with `lwd-tui sweep {shlex.quote(str(path))}`"
            return plan(sweep, (), told)
        return plan(sweep, tuple(jobs))
    except LwdError as error:
        return plan(sweep, (), str(error))


def written_at(path: Path) -> float:
    """Return when a sweep's file was written; 0 if that can't be told."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def text_of(plan: Plan) -> str:
    """Return the text of a sweep, to be edited.

    That of one that ships names its preset by a path that holds wherever it is kept.

    Raises
    ------
    InvalidExperiment
        If it can't be read.
    """
    text = read_text(plan.path)
    preset = plan.sweep.preset if plan.sweep else ""
    if not plan.shipped or not preset.endswith(".toml"):
        return text
    whole = plan.path.parent / preset
    return re.sub(
        rf'(?m)^preset\s*=\s*"{re.escape(preset)}"', lambda _: f"preset = '{whole}'", text, count=1
    )


def keep(text: str, plan: Plan | None = None) -> Path:
    """Keep a sweep as it was written, and return where; all is checked before.

    Parameters
    ----------
    text : str
        As TOML.
    plan : Plan, optional
        That was edited: one of the user's own is replaced, unless it has another name now; one
        that ships stays.

    Raises
    ------
    InvalidExperiment
        In one sentence: what is wrong with it; or that it is under way, or that its runs, or those
        of another, are stored already.
    StoreError
        If it can't be written.
    """
    sweep = Sweep.from_toml(text, "the sweep")
    same = plan is not None and not plan.shipped and stem(plan.name) == stem(sweep.name)
    old = plan.path if plan and same else None
    path = own_folder() / f"{stem(sweep.name)}.toml" if old is None else old
    if path.stem in {shipped.stem for shipped in shipped_sweeps()}:
        raise InvalidExperiment(f"a sweep called {sweep.name!r} ships; give yours another name")
    if old is None and path.exists():
        raise InvalidExperiment(f"there is a sweep called {sweep.name!r}; give this another name")
    folder = sweep_folder(sweep)
    refuse_under_way(sweep.name, [folder])
    _refuse_other_runs(sweep, jobs_of(sweep, path, folder))
    made_folder(path.parent)
    write_whole(path, text.encode(), replace=old is not None)
    return path


def refuse_under_way(name: str, folders: Iterable[Path]) -> None:
    """Raise InvalidExperiment if runs of a sweep are being made."""
    if any(map(is_under_way, folders)):
        raise InvalidExperiment(
            f"{name} is under way: pause it first, or give the edited one another name"
        )


def _refuse_other_runs(sweep: Sweep, jobs: Sequence[Job]) -> None:
    """Refuse a plan whose runs would not be those that are stored where they would be kept."""
    others = sum(state.status == "other" for state in Watch(jobs).look())
    if others:
        raise InvalidExperiment(
            f"{others} stored run{'s' if others > 1 else ''} of {sweep.name} would be of another "
            "experiment now; give the edited sweep another name"
        )
