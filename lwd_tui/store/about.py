"""What is run in a file, and its rows."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.llm import Experiment
from lwd_tui.store import encoding, sound
from lwd_tui.store.errors import StoreError, reading, run_name
from lwd_tui.store.lock import is_locked
from lwd_tui.store.pasts import pasts_of
from lwd_tui.store.records import Event, Fork, RunSummary, Status

T = TypeVar("T")


class RunAbout:
    """What a run is; `lwd_tui.store.steps` and `lwd_tui.store.reader` add what came of it.

    Every method raises DamagedRun where the file doesn't hold what was written to it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        with reading(path):
            self._pasts = pasts_of(connection, path)

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment, as it was when the run was created."""
        where = f"run {run_name(self.path)}"
        found = Experiment.from_dict(self.specification, where, stored=True)
        with reading(self.path):
            sound.require(found.cast, "nobody takes part")
        return found

    @property
    def mixtures(self) -> GmmSpec:
        """The network of mixtures, as it was when the run was made."""
        return GmmSpec.from_dict(self.specification, f"run {run_name(self.path)}", stored=True)

    @property
    def ran(self) -> Experiment | GmmSpec:
        """What is run, of either kind."""
        return self.mixtures if self.kind == "gmm" else self.experiment

    @property
    def specification(self) -> dict[str, Any]:
        """What is run, as plain JSON values: of an experiment, or of a network of mixtures."""
        return self._mapping("SELECT experiment FROM run")

    @property
    def kind(self) -> str:
        """What is run: "llm", language models; "gmm", mixtures (`lwd_tui.store.gmm`)."""
        # By SQLite, since a specification may hold a hundred thousand posts.
        (kind,) = self._one("SELECT json_extract(experiment, '$.kind') FROM run")
        return str(kind or "llm")

    @property
    def record(self) -> dict[str, Any]:
        """What the run was made with: versions, platform, models, embedder, notes."""
        found = self._mapping("SELECT record FROM run")
        with reading(self.path):
            return sound.check_record(found)

    @property
    def created(self) -> str:
        """When the file was made, ISO 8601 in UTC; no two runs are made at the same time."""
        (created,) = self._one("SELECT created FROM run")
        return str(created)

    @property
    def fork(self) -> Fork | None:
        """Where the run was forked from another, and by what; None if it wasn't."""
        done = self.finished()
        with reading(self.path):
            return sound.check_fork(Fork.of(self.record), done)

    @cached_property
    def _participants(self) -> int:
        """How many there are, without making the whole experiment."""
        count, listed = self._one(
            """SELECT CASE json_type(experiment, '$.participants') WHEN 'array'
                   THEN json_array_length(experiment, '$.participants')
                   ELSE json_extract(experiment, '$.participants') END,
                   json_type(experiment, '$.participants') = 'array' FROM run"""
        )
        with reading(self.path):
            sound.require(isinstance(count, int) and count > 0, "nobody takes part")
            sound.require(listed or not self._pasts, "a fork of mixtures")
        return int(count)

    @property
    def _alone(self) -> bool:
        """Whether there is one participant only, at no distance: earlier versions stored 0."""
        return self._participants == 1

    @property
    def status(self) -> Status:
        """Whether the run is done, is being written, or was stopped."""
        return self.summary().status

    def summary(self) -> RunSummary:
        """Tell the run in one line, without making its whole experiment."""
        created, name, total, cast, note = self._one(
            """SELECT created, json_extract(experiment, '$.name'),
                   json_extract(experiment, '$.steps') + 1,
                   json_extract(experiment, '$.participants'), json_extract(record, '$.note')
               FROM run"""
        )
        norms = self._all(
            f"""SELECT norm FROM {self._of("steps")} WHERE t IN (
                   SELECT t FROM steps WHERE whole AND t IN (
                       0, (SELECT max(t) FROM steps WHERE whole))) ORDER BY t"""  # noqa: S608
        )
        done = self.finished()
        with reading(self.path):
            names = _names(cast)
            if len(names) == 1:
                norms = []
            return sound.check_summary(
                RunSummary(
                    run_name(self.path),
                    self.path,
                    self._status(done, total),
                    name,
                    names,
                    done,
                    total,
                    encoding.number_of(norms[0][0]) if norms else math.nan,
                    encoding.number_of(norms[-1][0]) if norms else math.nan,
                    created,
                    note=note or "",
                )
            )

    def events(self) -> list[Event]:
        """Return what happened to the run, in order."""
        return self._records(
            lambda row: Event(datetime.fromisoformat(row[0]), *row[1:]),
            "SELECT time, kind, message, t FROM events ORDER BY id",
        )

    def finished(self) -> int:
        """Return the number of whole steps, which is the t of the next one."""
        count, first, last = self._one("SELECT count(*), min(t), max(t) FROM steps WHERE whole")
        with reading(self.path):
            sound.require(not count or (first, last) == (0, count - 1), "a step is missing")
        return int(count)

    # Rows

    def _of(self, table: str) -> str:
        """Return in SQL the rows of a table that are looked at."""
        return table

    def _status(self, done: int, total: int) -> Status:
        if done >= total:
            return "done"
        return "running" if is_locked(self.path) else "stopped"

    def _mapping(self, query: str) -> dict[str, Any]:
        (text,) = self._one(query)
        with reading(self.path):
            return dict(json.loads(text, parse_float=sound.number, parse_constant=sound.number))

    def _records(self, record: Callable[[encoding.Row], T], query: str, *values: Any) -> list[T]:
        with reading(self.path):
            cursor = self._connection.execute(query, values)
            found: list[T] = []
            while rows := cursor.fetchmany(4096):  # Never all, beside the records of them.
                sound.check_types(cursor, rows)
                found += map(record, rows)
            return found

    def _all(self, query: str, *values: Any) -> list[encoding.Row]:
        return self._records(tuple, query, *values)

    def _one(self, query: str, *values: Any) -> encoding.Row:
        return self._the("no experiment", query, *values)

    def _the(self, lacking: str, query: str, *values: Any) -> encoding.Row:
        found = self._all(query, *values)
        if not found:
            raise StoreError(f"run {run_name(self.path)} has {lacking}")
        return found[0]


def _names(cast: str | int) -> tuple[str, ...]:
    """Return the participants' names; a network of mixtures has only their number."""
    if isinstance(cast, int):
        return tuple(f"mixture {number}" for number in range(1, cast + 1))
    return tuple(who["name"] for who in json.loads(cast))
