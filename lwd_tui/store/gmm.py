"""A run of the Gaussian-mixture proxy in the same kind of file as any run.

Its weights are stored and nothing else: points and draws follow from the specification
(`lwd_tui.gmm.trace`). It takes seconds at most, so it is stored when it is done, whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lwd_tui.experiment.gmm import GmmRun
from lwd_tui.store.connection import new_file
from lwd_tui.store.encoding import FLOATS, INTS, Row, packed, unpacked
from lwd_tui.store.errors import reading
from lwd_tui.store.lock import WriterLock
from lwd_tui.store.reader import RunReader
from lwd_tui.store.sound import require
from lwd_tui.store.tables import TABLES, Column, Values, columns
from lwd_tui.text import json_number
from lwd_tui.types import Floats, Ints

_WHERE = columns(replicate="int", t="int", participant="int")

GMM_TABLES: dict[str, tuple[Column, ...]] = {
    "run": TABLES["run"],
    "steps": columns(t="int", k="int", size="int", norm_median="float"),
    "norms": columns(replicate="int", t="int", norm="float"),
    "weights": (*_WHERE, *columns(component="int", weight="float")),
    "lifted": (*_WHERE, *columns(lifted="int")),
}
"""The tables that such a run is exported as; the median is over the replicates."""


def save_gmm(
    path: Path, run: GmmRun, norm: Floats, k: Ints, size: Ints, record: Mapping[str, Any]
) -> None:
    """Make the file of a run, whole or not at all.

    Of each of the T + 1 steps it holds the median over the replicates of the norm of D(t), the
    largest k_t of a participant, and |A(t)|. The record says as JSON values what it was made with.

    Raises
    ------
    RunExists
        If something is there already.
    StoreError
        If the folder can't be written.
    """
    steps = zip(range(len(norm)), k.tolist(), size.tolist(), norm.tolist(), strict=True)
    with WriterLock(path), new_file(path, run.spec.to_dict(), record) as connection:
        connection.executemany(
            "INSERT INTO steps (t, k, size, norm, whole) VALUES (?, ?, ?, ?, 1)", steps
        )
        connection.executemany(
            "INSERT INTO replicates VALUES (?, ?, ?, ?, ?)",
            (_replicate_row(run, place) for place in range(len(run.replicates))),
        )


def read_gmm_run(reader: RunReader) -> GmmRun:
    """Return the run that a file holds, as it was.

    Raises
    ------
    DamagedRun
        If the file doesn't hold what was written to it.
    """
    spec = reader.mixtures
    n, size, dimension = spec.participants, spec.components, spec.dimension
    found = reader.replicates()
    with reading(reader.path):
        numbers, weights, lifted, means, covariances = zip(*found, strict=True)
        shape = (len(found), reader.finished(), n, size)
        replicates = range(numbers[0], numbers[0] + len(found))
        require(numbers == tuple(replicates), "a replicate is missing")
        parts = [unpacked(b"".join(weights), FLOATS).reshape(shape)]
        if spec.moving != "none":
            parts.append(unpacked(b"".join(means), FLOATS).reshape(*shape, dimension))
            square = (*shape, dimension, dimension)
            parts.append(unpacked(b"".join(covariances), FLOATS).reshape(square))
        require(all(np.isfinite(part).all() for part in parts), "a number isn't finite")
        parts.insert(1, unpacked(b"".join(lifted), INTS).reshape(shape[:3]))
        return GmmRun(spec, replicates, *parts)


def gmm_rows(reader: RunReader) -> Iterator[tuple[str, Values]]:
    """Yield (table, row) for all of `GMM_TABLES`."""
    yield "run", {"experiment": reader.specification, "record": reader.record}
    for step in reader.numbers():
        yield (
            "steps",
            {"t": step.t, "k": step.k, "size": step.size, "norm_median": json_number(step.norm)},
        )
    run = read_gmm_run(reader)
    for place, replicate in enumerate(run.replicates):
        for t, norm in enumerate(_norms(run.weights[place]).tolist()):
            yield "norms", {"replicate": replicate, "t": t, "norm": json_number(norm)}
        for t, participants in enumerate(run.weights[place].tolist()):
            for participant, weights in enumerate(participants):
                where = {"replicate": replicate, "t": t, "participant": participant}
                for component, weight in enumerate(weights):
                    yield "weights", where | {"component": component, "weight": weight}
                yield "lifted", where | {"lifted": int(run.lifted[place, t, participant])}


def _norms(weights: Floats) -> Floats:
    """Return the norm of D(t) for weights of shape (T + 1, n, B).

    From the distances themselves, unlike `lwd_tui.analysis.weights.norms`, which may differ in the
    last digit: exports of one run are the same bytes for ever. NaN for a mixture alone.
    """
    return np.array([_norm(rows) for rows in weights])


def _norm(rows: Floats) -> float:
    if len(rows) < 2:
        return math.nan
    apart = rows[:, None, :] - rows[None, :, :]
    return math.sqrt(np.square(apart, out=apart).sum())


def _replicate_row(run: GmmRun, place: int) -> Row:
    moved = (run.means, run.covariances)
    return (
        run.replicates[place],
        packed(run.weights[place], FLOATS),
        packed(run.lifted[place], INTS),
        *(None if part is None else packed(part[place], FLOATS) for part in moved),
    )
