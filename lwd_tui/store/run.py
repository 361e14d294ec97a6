"""One run in one SQLite file: written as it goes, read while it is written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from lwd_tui.experiment.llm import Experiment
from lwd_tui.store import encoding
from lwd_tui.store.asked import finish_asked, insert_prompts, mark_without_vectors
from lwd_tui.store.connection import (
    connect_to_read,
    connect_to_write,
    image_of,
    new_file,
    settle,
    settle_file,
)
from lwd_tui.store.encoding import IDS, VECTORS
from lwd_tui.store.errors import RunBusy, RunMismatch, StoreError, reading, run_name, writing
from lwd_tui.store.lock import WriterLock
from lwd_tui.store.pasts import cut, last_numbers
from lwd_tui.store.reader import RunReader
from lwd_tui.types import Draw, Post, Prompt, Response, Step


class RunStore(RunReader, AbstractContextManager["RunStore"]):
    """A run's file, at `path`.

    A response is committed when it arrives, a step whole. What is committed outlives the
    process, however it ends; a loss of power may cost the last commits, never the file.

    Use it from the thread that opened it; other threads and processes open it for themselves.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: WriterLock | None = None
    ) -> None:
        try:
            super().__init__(path, connection)
            with reading(path):
                self._last = last_numbers(connection, self._pasts)
        except BaseException:
            connection.close()
            raise
        self._lock = lock

    @classmethod
    def create(cls, path: Path, experiment: Experiment, record: Mapping[str, Any]) -> RunStore:
        """Make the file of a new run, with A(0) in it, and hold the right to write it.

        The experiment's participants are chosen; the record says as JSON values what the run is:
        versions, platform, models, embedder, notes.

        Raises
        ------
        RunExists
            If something is there already.
        StoreError
            If the folder can't be written.
        """
        if not experiment.cast:
            raise ValueError("the participants are not chosen yet")
        lock = WriterLock(path)
        try:
            with new_file(path, experiment.to_dict(), record) as connection:
                _insert_posts(connection, _first_posts(experiment), None)
            return cls(path, connect_to_write(path), lock)
        except BaseException:
            lock.release()
            raise

    def make_fork(
        self,
        path: Path,
        at: int,
        experiment: Experiment,
        record: Mapping[str, Any],
        posts: Sequence[Post] = (),
    ) -> None:
        """Make the file of a fork of this run: what came before step `at` is this run's.

        It takes next to no room where it lies on the same file system as this run's file; else it
        gets a copy. Where this run is still written, what it says after is its own.

        Parameters
        ----------
        path : Path
            Of the fork; beside it will stand its pasts, see `lwd_tui.store.pasts`.
        at : int
            The first step that the fork takes itself; those before must be whole.
        experiment : Experiment
            By which it goes on, its participants chosen.
        record : mapping
            As in `create`.
        posts : sequence of Post
            Put in by hand before step `at`.

        Raises
        ------
        RunExists
            If something is there already.
        RunBusy
            If another process writes this run.
        StoreError
            If the folder can't be written.
        """
        pasts = cut(self._pasts, self.path, at)
        with (
            WriterLock(path),
            _held_still(self.path),
            new_file(path, experiment.to_dict(), record, pasts) as connection,
        ):
            _insert_posts(connection, posts, None)

    @classmethod
    def open(cls, path: Path, *, write: bool = False) -> RunStore:
        """Open a run to read it, also while another process writes, or to go on with it, alone.

        Raises
        ------
        NoSuchRun, DamagedRun, NewerRun
            If there is no file, or not one that this version reads.
        RunBusy
            If it is to be written, and another process does.
        """
        if not write:
            return cls(path, connect_to_read(path))
        with closing(connect_to_read(path)):
            pass  # Says what is wrong with the file before the folder is written to.
        lock = WriterLock(path)
        try:
            return cls(path, connect_to_write(path), lock)
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Let go of the file; may be called again."""
        if self._lock is None:
            self._connection.close()
        else:
            settle(self._connection)
            self._lock.release()

    def __exit__(self, *_: object) -> None:
        self.close()

    def image(self) -> bytes:
        """Return the whole file as it is now, also while it is written: one without a log."""
        with reading(self.path):
            return image_of(self._connection)

    def update_record(self, **changes: Any) -> None:
        """Set entries of the record."""
        text = json.dumps(self.record | changes, allow_nan=False)
        with self._transaction() as connection:
            connection.execute("UPDATE run SET record = ?", (text,))

    def refit(self, experiment: Experiment, record: Mapping[str, Any]) -> None:
        """Set what a fork goes on with, before its first step."""
        texts = [json.dumps(part, allow_nan=False) for part in (experiment.to_dict(), dict(record))]
        with self._transaction() as connection:
            connection.execute("UPDATE run SET experiment = ?, record = ?", texts)
        self.__dict__.pop("experiment", None)

    def begin_step(
        self,
        t: int,
        k: int,
        size: int,
        draws: Sequence[Draw],
        prompts: Sequence[Prompt],
        asked: Sequence[Sequence[Prompt]] = (),
    ) -> None:
        """Commit what a step begins with: k_t, |A(t)|, and draws with a prompt for each query.

        Before any response to it; called again after a resume, it compares instead.

        Raises
        ------
        RunMismatch
            If the step was begun with other values.
        """
        readers = {(draw.participant, draw.response) for draw in draws}
        if not len(readers) == len(draws) == len(prompts):
            raise ValueError(
                f"{len(prompts)} prompts don't go with {len(draws)} draws of {len(readers)} readers"
            )
        packed, *further = (
            [encoding.prompt_row(each) for each in row] for row in (prompts, *asked)
        )
        if stored := self._all("SELECT k, size FROM steps WHERE t = ?", t):
            same = stored[0] == (k, size) and self.draws(t) == list(draws)
            for query, rows in enumerate((packed, *further), 1):
                with self.looking_at(query):
                    same = same and self.prompt_hashes(t) == [sha256 for sha256, _ in rows]
            if not same:
                raise RunMismatch(
                    f"run {run_name(self.path)}: step {t} was begun with other draws or prompts "
                    f"than are made now; resume it with the version of lwd-tui and numpy that "
                    f"began it ({self.path})"
                )
            return
        # Not by their number, for which all steps would be gone through.
        last = self._all("SELECT t FROM steps WHERE whole ORDER BY t DESC LIMIT 1")
        if t != (last[0][0] + 1 if last else 0):
            raise ValueError(f"step {t} can't begin: {self.finished()} steps are whole")
        with self._transaction() as connection:
            connection.execute("INSERT INTO main.steps (t, k, size) VALUES (?, ?, ?)", (t, k, size))
            for draw, (sha256, body) in zip(draws, packed, strict=True):
                connection.execute(
                    f"""INSERT OR IGNORE INTO main.prompts (id, sha256, body)
                        VALUES ({_next("prompts")}, ?, ?)""",  # noqa: S608
                    (self._last["prompts"], sha256, body),
                )
                posts = encoding.packed(draw.posts, IDS)
                connection.execute(
                    f"""INSERT INTO main.draws (id, t, participant, response, posts, prompt)
                        VALUES ({_next("draws")}, ?, ?, ?, ?,
                            (SELECT id FROM main.prompts WHERE sha256 = ?))""",  # noqa: S608
                    (self._last["draws"], t, draw.participant, draw.response, posts, sha256),
                )
            insert_prompts(connection, t, draws, further, self._last["prompts"])

    def add_response(self, response: Response) -> None:
        """Commit a response, with all its attempts."""
        if not response.attempts:
            raise ValueError("a response without an attempt")
        # The answers to the first query stand where they do in a run that asks no other.
        further = [response.query] if response.query > 1 else []
        table, column = ("asked_attempts", ", query") if further else ("attempts", "")
        with self._transaction() as connection:
            connection.executemany(
                f"""INSERT INTO main.{table} (id, t, participant, response, number, final, text,
                        seed, finish_reason, prompt_tokens, completion_tokens, seconds, problem,
                        thinking, host, retries{column})
                    VALUES ({_next(table)}, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?,
                        CAST(? AS TEXT), ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT),
                        CAST(? AS TEXT), CAST(? AS TEXT){", ?" * len(further)})""",  # noqa: S608
                ((self._last[table], *row, *further) for row in encoding.attempt_rows(response)),
            )

    def finish_step(self, step: Step) -> None:
        """Commit a step whole: its embeddings, the posts it adds, its geometry and numbers.

        Its draws and responses must have been stored before.
        """
        for query, part in enumerate((step, *step.asked), 1):
            with self.looking_at(query):
                (stored,) = self._one(
                    f"SELECT count(*) FROM {self._of('responses')} WHERE t = ?",  # noqa: S608
                    step.t,
                )
            if stored != len(part.responses) or len(part.embeddings) != len(part.usable):
                raise ValueError(
                    f"step {step.t} has {len(part.responses)} responses, {stored} of them stored, "
                    f"and {len(part.embeddings)} embeddings"
                )
        with self._transaction() as connection:
            mark_without_vectors(connection, "attempts", step.responses)
            changed = connection.execute(
                """UPDATE main.steps SET whole = 1, synthetic = ?, seconds = ?, truncated = ?,
                       failed = ?, norm = ?, norm_debiased = ?, noise_floor = ?, dispersion = ?
                   WHERE t = ? AND k = ? AND size = ? AND NOT whole""",
                (
                    step.synthetic,
                    step.seconds,
                    step.truncated,
                    step.failed,
                    *encoding.number_columns(step.geometry),
                    step.t,
                    step.k,
                    step.size,
                ),
            )
            if not changed.rowcount:
                raise ValueError(f"step {step.t} was not begun like this, or is whole already")
            connection.execute(
                "INSERT INTO main.embeddings VALUES (?, ?, ?)",
                (step.t, step.embeddings.shape[1], encoding.packed(step.embeddings, VECTORS)),
            )
            if step.geometry is not None:
                connection.execute(
                    "INSERT INTO main.geometries VALUES (?, ?, ?, ?, ?)",
                    encoding.geometry_row(step.t, step.geometry),
                )
            _insert_posts(connection, step.posted, step.t)
            connection.execute(
                """INSERT INTO main.response_words (rowid, text)
                   SELECT id, text FROM main.responses WHERE t = ?""",
                (step.t,),
            )
            if step.asked:
                finish_asked(connection, step)

    def add_posts(self, posts: Sequence[Post]) -> None:
        """Commit posts that no participant answered with: those put in by hand.

        Those that are there already are compared instead.

        Raises
        ------
        RunMismatch
            If another post has the same id.
        """
        if not posts:
            return
        ids = [post.id for post in posts]
        known = {
            post.id: post for post in self._posts("WHERE id BETWEEN ? AND ?", min(ids), max(ids))
        }
        if any(known.get(post.id, post) != post for post in posts):
            raise RunMismatch(
                f"run {run_name(self.path)} has other posts of the same numbers ({self.path})"
            )
        with self._transaction() as connection:
            _insert_posts(connection, [post for post in posts if post.id not in known], None)

    def add_event(self, kind: str, message: str, t: int | None = None) -> None:
        """Note that something happened now."""
        with self._transaction() as connection:
            connection.execute(
                """INSERT INTO events (time, kind, message, t)
                   VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?)""",
                (encoding.now(), encoding.text_bytes(kind), encoding.text_bytes(message), t),
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit all that is done within, or nothing."""
        connection = self._connection
        with writing(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled it back already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _next(table: str) -> str:
    """Return the number of a table's next row in SQL, with a place for the last of the pasts."""
    return f"(SELECT coalesce(max(id), ?) + 1 FROM main.{table})"  # noqa: S608


@contextmanager
def _held_still(run: Path) -> Iterator[None]:
    """Keep others from writing a run, and fold into it the log that a killed writer left."""
    try:
        lock = WriterLock(run)
    except RunBusy:
        raise
    except StoreError:  # Where no lock can be made, nobody writes.
        yield
        return
    with lock:
        with suppress(StoreError):  # It may be read only.
            settle_file(run, 0.0)
        yield


def _first_posts(experiment: Experiment) -> list[Post]:
    return [
        Post(number, post.text, post.author, "human", 0, post.label)
        for number, post in enumerate(experiment.posts)
    ]


def _insert_posts(
    connection: sqlite3.Connection, posts: Sequence[Post], answered_at: int | None
) -> None:
    connection.executemany(
        """INSERT INTO main.posts (id, text, author, origin, step, label, answered_at)
           VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), ?)""",
        (encoding.post_row(post, answered_at) for post in posts),
    )
    connection.executemany(
        "INSERT INTO main.post_words (rowid, text) VALUES (?, CAST(? AS TEXT))",
        ((post.id, encoding.text_bytes(post.text)) for post in posts),
    )
