"""Forks: a stored run taken anew from one of its steps on, with something changed, or nothing.

A fork that changes nothing is a twin: the run again, to the bit where its models answer the same
again. It shares with its parent what came before, see `lwd_tui.store.pasts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lwd_tui.experiment.complaints import explain
from lwd_tui.experiment.files import changed
from lwd_tui.experiment.llm import Experiment, InvalidExperiment, SeedPost
from lwd_tui.experiment.participants import REHEARSAL
from lwd_tui.experiment.section import dotted
from lwd_tui.store.errors import reading, run_name
from lwd_tui.store.folder import new_run_path, reference
from lwd_tui.store.reader import RunReader
from lwd_tui.store.run import RunStore
from lwd_tui.types import Post

_FIXED = {
    "query": "the answers before answer another",
    "posts": "they were there from the beginning; put one in by hand with --post",
    "embedder.backend": "distances of different embedders don't compare",
    "embedder.model": "distances of different embedders don't compare",
    "embedder.prefix": "distances of different prefixes don't compare",
    "embedder.normalise": "unit and raw vectors don't compare",
}
"""What the steps before a fork depend on, by the field, and why it stays."""


def later_posts(store: RunReader) -> dict[int, list[SeedPost]]:
    """Return what was put into a fork's parent by hand later on, by the step before which it was.

    What the fork has already is left out.
    """
    fork = store.record.get("fork") or {}
    there = {(post.step, post.text) for post in store.posts() if post.origin == "injected"}
    later: dict[int, list[SeedPost]] = {}
    with reading(store.path):
        for post in fork.get("later", ()):
            if (post["step"], post["text"]) not in there:
                again = SeedPost(text=post["text"], label=post["label"])
                later.setdefault(post["step"], []).append(again)
    return later


def fork_run(
    path: Path,
    at: int,
    changes: Mapping[str, Any] | Experiment | None = None,
    *,
    posts: Sequence[str] = (),
    replicate: int = 0,
    out: Path | None = None,
) -> Path:
    """Make a fork of a stored run; nothing is asked yet, `Session.resume` goes on with it.

    Parameters
    ----------
    path : Path
        Of the parent, a run of language models that nobody writes.
    at : int
        The first step that is taken anew, from 0 to the number of the parent's whole steps.
    changes : mapping of str to object, or Experiment, optional
        Values by dotted fields, such as ``{"fresh": 3, "participants.1.silent": True}``; or the
        experiment that takes the parent's place, its participants chosen. Not given: a twin.
    posts : sequence of str
        Texts put in by hand just before step `at`.
    replicate : int
        0 keeps the parent's seed. Each other number gives another seed, the same for the same
        number, so that a fork and its twin with one number differ in the change only.
    out : Path, optional
        Where the fork is kept; not given, under a name of its own in the folder of the runs.

    Returns
    -------
    Path
        Of the fork.

    Raises
    ------
    InvalidExperiment
        If there is no such step, or a change would be one of the past, or isn't valid.
    RunBusy
        If another process writes the parent.
    RunExists
        If there is something at `out`.
    StoreError
        If the parent can't be read, or the folder can't be written.

    Examples
    --------
    >>> from lwd_tui.run.fork import fork_run
    >>> from lwd_tui.store.folder import find_run
    >>> fork_run(find_run("bitcoin"), 12, {"fresh": 3})  # doctest: +SKIP
    PosixPath('/home/ada/.local/share/lwd-tui/runs/bitcoin-t12-2026-11-29-1.sqlite')
    """
    with RunStore.open(path) as parent:
        refuse_step(parent, at)
        before = parent.experiment
        after = changes
        if not isinstance(after, Experiment):
            after = changed(before, dict(changes or {}))
        _refuse_past(before, after, at)
        texts = [by_hand(text).text for text in posts]
        first = len(parent.posts(at))
        put_in = [Post(first + i, text, "", "injected", at) for i, text in enumerate(texts)]
        fork = {
            "parent": run_name(path),
            "file": str(path.absolute()),
            "created": parent.created,
            "at": at,
            "changes": changes_between(before, after),
            "posts": texts,
            "replicate": replicate,
            # What was put into the parent by hand later on is put in again.
            "later": [
                {"step": post.step, "text": post.text, "label": post.label}
                for post in parent.posts()
                if post.origin == "injected" and post.step > at
            ],
            "of": parent.record.get("fork"),
        }
        experiment = after.replaced({"seed": before.seed + replicate}) if replicate else after
        record = _record(parent.record, before, experiment) | {"fork": fork}
        same = not fork["changes"] and not texts
        kept = out or new_run_path(f"{experiment.name[:26]} t{at}{' twin' if same else ''}")
        parent.make_fork(kept, at, experiment, record, put_in)
    return kept


def by_hand(text: str, label: str = "") -> SeedPost:
    """Return a post that is put in by hand, without outer blanks.

    Raises
    ------
    InvalidExperiment
        If it is blank, or holds what is no Unicode.
    """
    try:
        return SeedPost(text=text.strip(), label=label)
    except ValidationError as error:
        raise InvalidExperiment(f"a post by hand: {explain(error, SeedPost)}") from None


def refuse_step(parent: RunReader, at: int) -> None:
    """Raise InvalidExperiment if a run can't be forked at a step."""
    name = reference(parent.path)
    if parent.kind == "gmm":
        raise InvalidExperiment(
            f"{name} is a run of mixtures, which aren't forked; change a field and make it again "
            "with `lwd-tui gmm`"
        )
    done = parent.finished()
    if not 0 <= at <= done:
        has = f"has the steps 0 to {done - 1}" if done else "has no whole step yet"
        raise InvalidExperiment(f"{name} {has}: it can be forked at 0 to {done}, not at {at}")


def _refuse_past(before: Experiment, after: Experiment, at: int) -> None:
    if before.seed != after.seed:
        raise InvalidExperiment(
            f"seed: can't be changed by a fork at t = {at}, whose past was drawn with it; "
            "--replicates goes on with other seeds from there"
        )
    old, new = (dict(dotted(each.to_dict())) for each in (before, after))
    for field, why in _FIXED.items():
        if old[field] != new[field]:
            raise InvalidExperiment(f"{field}: can't be changed by a fork at t = {at}: {why}")
    if len(after.cast) < len(before.cast):
        raise InvalidExperiment(
            f"participants: the steps before t = {at} have {len(before.cast)}; swap them, add "
            "some after them, or silence one with --silence NAME, but none can be taken out"
        )
    if at > after.steps:
        raise InvalidExperiment(
            f"steps = {after.steps}: a fork at t = {at} would have nothing to do; raise it with "
            f"--set steps={max(at, 2 * before.steps)}"
        )


def changes_between(before: Experiment, after: Experiment) -> dict[str, Any]:
    """Return the fields in which an experiment differs from another, participants one by one."""
    old, new = (dict(_flat(each, len(before.cast))) for each in (before, after))
    return {
        field: value
        for field, value in new.items()
        if field not in ("name", "description") and (field not in old or old[field] != value)
    }


def _flat(experiment: Experiment, known: int) -> Iterator[tuple[str, Any]]:
    """Yield all fields, of participants beyond the known ones those that aren't at defaults."""
    cast = {
        str(i): who.model_dump(mode="json", exclude_defaults=i >= known)
        for i, who in enumerate(experiment.cast)
    }
    return dotted({**experiment.to_dict(), "participants": cast})


def _record(record: Mapping[str, Any], before: Experiment, after: Experiment) -> dict[str, Any]:
    """Return what a fork's record takes over: the models that it must find again."""
    models = dict(zip(before.cast, record.get("models", ()), strict=False))
    known = {
        (who.backend, who.model, who.host): model
        for who, model in models.items()
        # Scripted models are others where they behave otherwise.
        if who.backend != REHEARSAL or before.scripted == after.scripted
    }
    kept = [known.get((who.backend, who.model, who.host), {}) for who in after.cast]
    same = {name: record[name] for name in ("hosts", "embedder", "versions") if name in record}
    return {"experiment_sha256": after.sha256, **same, "models": kept, "notes": []}
