"""Files of runs that came from elsewhere are data: looked at before use, and refused in words."""

import json
import sqlite3
import struct
import zlib
from contextlib import closing, suppress

import pytest
from support.damaged import DEEP, damage
from support.store_samples import begin, experiment, simple_step, write

from lwd_tui.errors import LwdError
from lwd_tui.run.recorded import refuse_other_draws
from lwd_tui.store.errors import DamagedRun, RunMismatch, StoreError
from lwd_tui.store.export import export
from lwd_tui.store.folder import rename_run
from lwd_tui.store.run import RunStore


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("strangers") / "whole.sqlite"
    record = {"notes": ["one"], "hosts": [], "models": [{"name": "m"}], "contexts": [9]}
    with RunStore.create(path, experiment(), record) as store:
        write(store, simple_step(0))
        write(store, simple_step(1))
        begin(store, simple_step(2))
    return path


@pytest.fixture
def path(whole, tmp_path):
    copy = tmp_path / "run.sqlite"
    copy.write_bytes(whole.read_bytes())
    return copy


def changed(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        for statement, *values in statements:
            connection.execute(statement, values)
        connection.commit()


def read_all(path):
    """Ask a run for all that it can be asked."""
    with RunStore.open(path) as store:
        assert [store.summary(), store.experiment, store.record, store.status]
        assert [*store.events(), *store.numbers(), *store.scatters(), *store.draw_sizes()]
        assert [*store.embeddings(0, 9), *store.usable_texts(0, 9)]
        for t in range(store.finished()):
            for draw in store.step(t).draws:
                store.prompt(t, draw.participant, draw.response)
        for post in store.posts():
            store.readers(post)
        store.search_posts("post")
        store.search_responses("answer")
        with suppress(RunMismatch):
            refuse_other_draws(store)
        export(store, "jsonl", path.with_suffix(".jsonl"), overwrite=True)


def test_no_damaged_file_ends_in_anything_but_a_sentence(whole, tmp_path):
    refused = 0
    for seed in range(60):
        for old in tmp_path.glob("run.sqlite*"):
            old.unlink()
        how = damage(whole, tmp_path / "run.sqlite", seed)
        try:
            with suppress(AssertionError):
                read_all(tmp_path / "run.sqlite")
        except LwdError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}, {how}") from error
    assert refused > 20


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS t FROM c"


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TRIGGER evil AFTER INSERT ON events BEGIN DELETE FROM posts; END"],
        ["DROP VIEW responses", f"CREATE VIEW responses AS {ENDLESS}"],
        ["ALTER TABLE steps RENAME TO old", f"CREATE VIEW steps AS {ENDLESS}"],
        ["ALTER TABLE run ADD COLUMN more AS (hex(zeroblob(900000000)))"],
        ["CREATE VIRTUAL TABLE more USING fts5 (text)"],
        ["DROP INDEX posts_by_author"],
        ["UPDATE sqlite_master SET sql = 'CREATE TABLE run (record)' WHERE name = 'run'"],
    ],
    ids=["trigger", "view", "view for table", "generated", "more", "less", "other"],
)
@pytest.mark.parametrize("write_too", [False, True])
def test_a_file_of_another_make_is_refused_before_it_is_used(path, statements, write_too):
    changed(path, *[[statement] for statement in statements])
    with pytest.raises(DamagedRun, match="is not a run as lwd-tui makes them"):
        RunStore.open(path, write=write_too)


def test_statistics_of_sqlite_are_no_other_make(path):
    changed(path, ["ANALYZE"])
    read_all(path)


def test_a_prompt_is_not_unpacked_beyond_memory(path, monkeypatch):
    monkeypatch.setattr("lwd_tui.store.sound.LARGEST_PROMPT", 10_000)
    changed(path, ["UPDATE prompts SET body = ?", zlib.compress(bytes(20_000))])
    with RunStore.open(path) as store, pytest.raises(DamagedRun, match="larger than any"):
        store.prompt(0, 0)
    changed(path, ["UPDATE prompts SET body = ?", zlib.compress(b'{"style": "chat"}')[:-3]])
    with RunStore.open(path) as store, pytest.raises(DamagedRun, match="isn't whole"):
        store.prompt(0, 0)


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("UPDATE run SET record = ?", DEEP),
        ("UPDATE run SET record = ?", json.dumps({"notes": 7})),
        ("UPDATE run SET record = ?", json.dumps({"models": ["m"]})),
        ("UPDATE steps SET k = ? WHERE t = 1", "many"),
        ("UPDATE steps SET dispersion = ? WHERE t = 1", struct.pack("<3d", 1, 2, 3)),
        ("UPDATE attempts SET participant = ? WHERE t = 1 AND participant = 1", 99),
        ("UPDATE attempts SET retries = ? WHERE t = 1", "[1]"),
        ("UPDATE geometries SET owners = ? WHERE t = 1", struct.pack("<4q", 0, 0, 1, 99)),
        ("UPDATE draws SET participant = ? WHERE t = 1 AND participant = 1", -1),
        ("UPDATE embeddings SET dimensions = ?", -1),
        ("UPDATE embeddings SET vectors = ?", struct.pack("<f", float("nan")) * 16),
        ("UPDATE geometries SET coordinates = ?", struct.pack("<d", float("inf")) * 8),
        ("UPDATE draws SET posts = ?", struct.pack("<2i", 0, 99)),
        ("UPDATE posts SET origin = ? WHERE id = 1", "\x1b]0;x\x07"),
        ("UPDATE posts SET step = ? WHERE id = 0", 2**62),
        ("UPDATE posts SET text = ? WHERE id = 0", b"\xff\xfe"),
        ("UPDATE prompts SET body = ?", zlib.compress(b'{"style": "chat", "messages": [[1, 2]]}')),
    ],
)
def test_what_nobody_wrote_is_told_as_damage(path, statement, value):
    changed(path, [statement, value])
    with pytest.raises(StoreError, match=r"is damaged|malformed"):
        read_all(path)


def test_a_journal_from_elsewhere_deletes_no_file(path, tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE run SET record = ?", ("x" * 300_000,))
        journal = bytearray(path.with_name("run.sqlite-journal").read_bytes())
        half = path.read_bytes()
        connection.execute("ROLLBACK")
    path.write_bytes(half)
    name = str(precious).encode()
    # As SQLite's pager writes the name of a file that spans several databases.
    journal += struct.pack(">I", 2**30 // 4096 + 1) + name
    journal += struct.pack(">II", len(name), sum(name)) + journal[:8]
    path.with_name("run.sqlite-journal").write_bytes(journal)
    with pytest.raises(DamagedRun, match="names another file"):
        RunStore.open(path, write=True)
    with suppress(LwdError):
        rename_run(path, "other")
    assert precious.read_text() == "mine"
