import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from support.store_samples import assert_same_step, experiment, simple_step, write

from lwd_tui.store import schema
from lwd_tui.store.errors import StoreError
from lwd_tui.store.run import RunStore
from lwd_tui.types import Draw, Message, Post, Prompt

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "old.sqlite"


@pytest.fixture
def first_version(path):
    """Return a run as the first version wrote it: one whole step, and one response after it."""
    path.write_bytes(gzip.decompress((DATA / "version-1.sqlite.gz").read_bytes()))
    return path


@pytest.mark.parametrize("write_too", [False, True])
def test_a_file_of_the_first_version_is_read_whole(first_version, write_too):
    with RunStore.open(first_version, write=write_too) as store:
        assert store.experiment.name == "tiny"
        assert [who.name for who in store.experiment.cast] == ["ada", "ben"]
        assert store.record == {"note": "made by version 1"}
        assert [post.text for post in store.posts()][2:4] == ["Post number 2.", "answer 0 0 0"]
        step = store.step(0)
        assert step.draws == (Draw(0, 0, (0, 2)), Draw(0, 1, (2, 1)))
        assert [response.text for response in step.responses] == [
            "answer 0 0 0",
            "answer 0 0 1",
            "answer 0 1 0",
            "answer 0 1 1",
        ]
        assert step.posted[1] == Post(4, "answer 0 1 0", "ben", "synthetic", 1)
        assert step.embeddings.shape == (4, 4)
        np.testing.assert_array_equal(step.geometry.distances, [[0, 1.5], [1.5, 0]])
        assert store.prompt(0, 1) == Prompt("completion", (Message("user", "Read and answer. 1"),))
        (numbers,) = store.numbers()
        assert (numbers.norm, numbers.norm_debiased, numbers.noise_floor) == (2.0, 1.0, 0.5)
        assert [(answer.participant, answer.index) for answer in store.pending(1)] == [(1, 0)]
        assert [event.kind for event in store.events()] == ["resumed"]
        assert len(store.search_posts("answer")) == 2


def test_a_run_of_the_first_version_goes_on(first_version):
    step = simple_step(1)
    with RunStore.open(first_version, write=True) as store:
        for response in step.responses:
            if response not in store.pending(1):
                store.add_response(response)
        store.finish_step(step)
    with RunStore.open(first_version) as store:
        assert_same_step(store.step(1), step)


def test_a_file_without_the_table_of_pasts_is_read_as_it_is_and_gets_it_to_be_written(path):
    with RunStore.create(path, experiment(), {}) as store:
        write(store, simple_step(0))
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE pasts; PRAGMA user_version = 2")
    before = path.read_bytes()
    with RunStore.open(path) as store:
        assert_same_step(store.step(0), simple_step(0))
    assert path.read_bytes() == before
    with RunStore.open(path, write=True) as store:
        write(store, simple_step(1))
    with RunStore.open(path) as store:
        assert_same_step(store.step(1), simple_step(1))


@pytest.fixture
def later(monkeypatch):
    """Make believe that a later version has one more migration."""
    more = "ALTER TABLE steps ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, more))


def version_of(path):
    connection = sqlite3.connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return version


def test_an_older_file_is_migrated_when_it_is_written(first_version, later):
    with RunStore.open(first_version, write=True) as store:
        assert store.finished() == 1
    assert version_of(first_version) == len(schema.MIGRATIONS)
    connection = sqlite3.connect(first_version)
    assert connection.execute("SELECT mood FROM steps").fetchall() == [("calm",), ("calm",)]
    connection.close()


def test_an_older_file_is_read_without_touching_it(first_version, later):
    before = first_version.read_bytes()
    with RunStore.open(first_version) as store:
        assert [numbers.norm for numbers in store.numbers()] == [2.0]
    assert first_version.read_bytes() == before
    assert list(first_version.parent.iterdir()) == [first_version]


def test_a_migration_that_fails_leaves_the_file_as_it_was(first_version, monkeypatch):
    broken = "CREATE TABLE moods (id); INSERT INTO absent VALUES (1)"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    with pytest.raises(StoreError, match="no such table: absent"):
        RunStore.open(first_version, write=True)
    monkeypatch.undo()
    assert version_of(first_version) == 1
    with RunStore.open(first_version, write=True) as store:
        assert store.finished() == 1


def columns(path):
    connection = sqlite3.connect(path)
    found = connection.execute(
        """SELECT tables.name, tables.type, columns.name, columns.type
           FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
           ORDER BY tables.name, columns.cid"""
    ).fetchall()
    connection.close()
    return found


def test_a_migrated_file_has_the_tables_of_a_new_one(first_version, tmp_path):
    RunStore.open(first_version, write=True).close()
    RunStore.create(tmp_path / "new.sqlite", experiment(), {}).close()
    assert columns(first_version) == columns(tmp_path / "new.sqlite")
