"""Whether a stored run drew what its rules give: another version may have drawn otherwise."""

from __future__ import annotations

import numpy as np

from lwd_tui.experiment.gmm import GmmRun
from lwd_tui.run.mixtures import sizes
from lwd_tui.store.errors import RunMismatch, run_name
from lwd_tui.store.gmm import read_gmm_run
from lwd_tui.store.reader import RunReader
from lwd_tui.types import Ints


def refuse_other_draws(store: RunReader) -> None:
    """Raise RunMismatch if the whole steps of a run drew more or fewer posts than the rules say.

    Gone on with, it would be a run of neither version.
    """
    experiment, fork = store.experiment, store.fork
    pools = _readable(store)
    for t, participant, k in store.draw_sizes():
        if fork is not None and t < fork.at:
            continue  # By the rules of its parent.
        size = int(pools[t, participant])
        if k != (wanted := experiment.draw_size(size)):
            raise RunMismatch(
                f"run {run_name(store.path)}: at step {t} {experiment.cast[participant].name} drew "
                f"{k} of {size} posts, where beta = {experiment.beta} gives {wanted}; resume it "
                f"with the version of lwd-tui that began it ({store.path})"
            )


def _readable(store: RunReader) -> Ints:
    """Count the posts that each participant could read at each whole step, shape (steps, n)."""
    experiment, done = store.experiment, store.finished()
    place = {who.name: i for i, who in enumerate(experiment.cast)}
    others = len(place)
    # Who is no participant any more, since the run was forked, is read by those who read all.
    gone = others + 1
    added = np.zeros((done + 1, gone + 1), dtype=np.int64)
    for post in store.posts(done - 1):
        author = place.get(post.author, gone) if post.origin == "synthetic" else others
        added[post.step + 1, author] += 1
    until = added.cumsum(axis=0)
    oldest = [experiment.oldest(t) for t in range(done)]
    reads = experiment.readers(others)
    reads = np.column_stack([reads, np.ones(others, dtype=bool), reads.all(axis=1)])
    readable: Ints = (until[1:] - until[oldest]) @ reads.T
    return readable


def stored_mixtures(store: RunReader) -> GmmRun:
    """Return the run of mixtures that a file holds, whose points and draws can be made again.

    Raises
    ------
    RunMismatch
        If they can't, because its mixtures drew more or fewer points than the rules say.
    DamagedRun
        If the file doesn't hold what was written to it.
    """
    run = read_gmm_run(store)
    for step, k in zip(store.numbers(), sizes(run)[0].tolist(), strict=True):
        if step.k != k:
            raise RunMismatch(
                f"run {run_name(store.path)}: at step {step.t} a mixture drew {step.k} of "
                f"{step.size} points, where beta = {run.spec.beta} gives {k}; show it with the "
                f"version of lwd-tui that made it, or make it again ({store.path})"
            )
    return run
