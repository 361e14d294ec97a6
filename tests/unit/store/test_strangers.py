"""Files of runs that came from elsewhere are data: looked at before use, and refused in words."""

import asyncio
import json
import math
import sqlite3
import struct
import zlib
from contextlib import closing, suppress
from dataclasses import replace
from unittest.mock import Mock

import pytest
from support.damaged import DEEP, damage
from support.statistics_samples import scripted_run
from support.store_samples import begin, experiment, simple_step, write

from lwd_tui.errors import LwdError
from lwd_tui.findings.clusters import answer_clusters
from lwd_tui.findings.step import clouds
from lwd_tui.run.fork import later_posts
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


FORK = {
    "parent": "run",
    "file": "/nowhere/run.sqlite",
    "created": "then",
    "at": 2,
    "changes": {},
    "posts": [],
    "replicate": 0,
    "later": [{"step": 3, "text": "Later.", "label": ""}],
}


@pytest.fixture(scope="module")
def whole_fork(whole):
    """A fork by which a third takes part, of the run above, which stands beside it."""
    three = [{"name": n, "backend": "scripted", "model": n} for n in ("ada", "ben", "cy")]
    path = whole.with_name("fork.sqlite")
    with RunStore.open(whole) as parent:
        parent.make_fork(path, 2, experiment(participants=three, steps=9), {"fork": FORK})
    with RunStore.open(path, write=True) as store:
        write(store, replace(simple_step(2), geometry=None))
    return path


@pytest.fixture
def fork(whole_fork, tmp_path):
    return copied(whole_fork, tmp_path / "run.sqlite")


@pytest.fixture(scope="module")
def whole_of_queries(tmp_path_factory):
    asked = {"query": ["What next?", "And then?"], "steps": 1, "responses": 2}
    path = tmp_path_factory.mktemp("queries") / "queries.sqlite"
    return asyncio.run(scripted_run(path, **asked))


def copied(run, to):
    for part in run.parent.glob(f"{run.name}*"):
        to.with_name(part.name.replace(run.name, to.name)).write_bytes(part.read_bytes())
    return to


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
        assert [store.fork, later_posts(store)]
        assert [*store.events(), *store.numbers(), *store.scatters(), *store.draw_sizes()]
        for query in range(0 if store.queries > 1 else 1, store.queries + 1):
            store.look_at(query)
            assert [*store.numbers(), *store.embeddings(0, 9), *store.usable_texts(0, 9)]
            for t in range(store.finished()):
                for draw in store.step(t).draws:
                    store.prompt(t, draw.participant, draw.response)
            assert [store.geometry(t) for t in range(9)]
            store.search_responses("answer")
        for post in store.posts():
            store.readers(post)
        store.search_posts("post")
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


def test_nor_does_a_fork_or_its_past_or_a_run_of_several_queries(
    whole_fork, whole_of_queries, tmp_path
):
    refused = 0
    parts = ((whole_fork, ""), (whole_fork, "-past1"), (whole_of_queries, ""))
    for seed in range(30):
        for old in tmp_path.glob("run.sqlite*"):
            old.unlink()
        whole, ending = parts[seed % 3]
        run = copied(whole, tmp_path / "run.sqlite")
        part = whole.with_name(whole.name + ending)
        how = damage(part, run.with_name(run.name + ending), seed)
        try:
            read_all(run)
        except LwdError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}, {how}") from error
    assert refused > 10


def test_a_sound_fork_is_read_whole(fork):
    read_all(fork)
    with RunStore.open(fork) as store:
        assert [len(step.dispersion) for step in store.numbers()] == [3, 3, 0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pasts SET until = '1 UNION ALL SELECT * FROM main.posts'",
        "UPDATE pasts SET until = -1",
        "UPDATE pasts SET number = 2",
        "INSERT INTO pasts VALUES (-1, 1, 'then')",
        "UPDATE pasts SET created = x'ff'",
    ],
)
def test_what_a_fork_says_of_its_pasts_is_no_query_and_no_path(fork, statement):
    changed(fork, [statement])
    with pytest.raises(DamagedRun, match=r"is damaged|isn't beside it"):
        RunStore.open(fork)


@pytest.mark.parametrize("write_too", [False, True])
def test_a_past_of_another_make_is_refused_before_it_is_read(fork, write_too):
    past = fork.with_name("run.sqlite-past1")
    changed(past, ["ALTER TABLE run RENAME TO old"], [f"CREATE VIEW run AS {ENDLESS}"])
    with pytest.raises(DamagedRun, match="past1 is not a run as lwd-tui makes them"):
        RunStore.open(fork, write=write_too)


@pytest.mark.parametrize(
    "change",
    [
        {"at": 2**40},
        {"at": "2"},
        {"created": []},
        {"changes": []},
        {"posts": [7]},
        {"replicate": "x"},
        {"later": [7]},
        {"later": [{"step": 3, "text": 7, "label": ""}]},
        {"parent": None},
    ],
)
def test_what_no_fork_was_is_told_as_damage(fork, change):
    changed(fork, ["UPDATE run SET record = ?", json.dumps({"fork": FORK | change})])
    with pytest.raises(StoreError, match="is damaged"):
        read_all(fork)


def test_a_fork_of_mixtures_beyond_memory_is_told_as_damage(fork):
    specification = json.dumps(experiment().to_dict() | {"participants": 2**40})
    changed(fork, ["UPDATE run SET experiment = ?", specification])
    with RunStore.open(fork) as store, pytest.raises(DamagedRun, match="is damaged"):
        store.numbers()


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
        ("UPDATE run SET record = ?", '{"notes": [], "more": NaN}'),
        ("UPDATE run SET record = ?", '{"notes": [], "more": [1e999]}'),
        ("UPDATE steps SET k = ? WHERE t = 1", "many"),
        ("UPDATE steps SET seconds = ? WHERE t = 1", None),
        ("UPDATE steps SET seconds = ? WHERE t = 1", math.inf),
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
        ("UPDATE draws SET id = ? WHERE id = 1", 2**63 - 1),
        ("UPDATE prompts SET body = ?", zlib.compress(b'{"style": "chat", "messages": [[1, 2]]}')),
        ("UPDATE prompts SET body = ?", zlib.compress(b'{"style": "\\u001b", "messages": []}')),
        ("UPDATE run SET created = ?", "\x1b]0;x\x07"),
        ("UPDATE run SET created = ?", "2026-11-22\x1b10:00:00+00:00"),
    ],
)
def test_what_nobody_wrote_is_told_as_damage(path, statement, value):
    changed(path, [statement, value])
    with pytest.raises(StoreError, match=r"is damaged|malformed"):
        read_all(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE embeddings SET vectors = substr(vectors, 17) WHERE t = 1",
        "UPDATE embeddings SET dimensions = 2, vectors = substr(vectors, 1, 32) WHERE t = 1",
        "DELETE FROM embeddings WHERE t = 1",
        "UPDATE attempts SET problem = 'cut' WHERE t = 1 AND participant = 1",
        "UPDATE attempts SET participant = 9 WHERE t = 1 AND participant = 1",
    ],
    ids=["fewer", "shorter", "none", "unusable", "nobody's"],
)
def test_vectors_are_one_an_answer_and_all_as_long_or_damage(path, statement):
    """Whoever goes through them takes the answers beside them for granted."""
    changed(path, [statement])
    for ask in (
        answer_clusters,
        lambda store: list(clouds(store)),
        lambda store: [*store.embeddings(0, 2), *store.usable_texts(0, 2)],
    ):
        with RunStore.open(path) as store, pytest.raises(StoreError, match=r"damaged|no whole"):
            ask(store)


def test_the_geometry_of_a_query_is_looked_at_where_it_is_read(whole_of_queries, tmp_path):
    path = copied(whole_of_queries, tmp_path / "run.sqlite")
    changed(path, ["UPDATE asked_geometries SET coordinates = ?", struct.pack("<d", math.nan) * 12])
    with RunStore.open(path) as store, pytest.raises(DamagedRun, match="a place is nowhere"):
        store.look_at(2).geometry(1)


@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM steps WHERE t = 1"],
        ["DELETE FROM steps WHERE t = 2"],
        ["DELETE FROM steps WHERE t > 0", "DELETE FROM posts WHERE step = 2"],
        ["UPDATE posts SET step = 4, answered_at = NULL WHERE id = 6"],
    ],
    ids=["whole", "begun", "both", "post"],
)
def test_what_is_left_of_a_step_that_is_gone_is_damage(path, statements):
    with RunStore.open(path) as store:
        store.refuse_beyond()
    changed(path, *[[statement] for statement in statements])
    with RunStore.open(path) as store, pytest.raises(DamagedRun, match="is damaged"):
        store.refuse_beyond()


def test_a_spoilt_index_of_words_is_damage_when_a_step_is_added(path):
    changed(path, ["UPDATE response_words_data SET block = '1'"])
    with RunStore.open(path, write=True) as store, pytest.raises(DamagedRun, match="is damaged"):
        write(store, simple_step(2))


def journal_of(path, named):
    """Spoil a run as if a writer had been killed in it; its journal names another file."""
    beside = path.with_name(f"{path.name}-journal")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE run SET record = ?", ("x" * 300_000,))
        journal = bytearray(beside.read_bytes())
        half = path.read_bytes()
        connection.execute("ROLLBACK")
    path.write_bytes(half)
    name = str(named).encode()
    # As SQLite's pager writes the name of a file that spans several databases.
    journal += struct.pack(">I", 2**30 // 4096 + 1) + name
    journal += struct.pack(">II", len(name), sum(name)) + journal[:8]
    beside.write_bytes(journal)


@pytest.fixture
def precious(tmp_path):
    file = tmp_path / "precious.txt"
    file.write_text("mine")
    return file


def test_a_journal_from_elsewhere_deletes_no_file(path, precious):
    journal_of(path, precious)
    with pytest.raises(DamagedRun, match="names another file"):
        RunStore.open(path, write=True)
    linked = path.with_name("linked.sqlite")
    linked.symlink_to(path)
    with pytest.raises(DamagedRun, match="names another file"):
        RunStore.open(linked, write=True)
    with suppress(LwdError):
        rename_run(path, "other")
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("journal", [b"", b"short", b"of no run " * 9])
def test_a_journal_that_names_nothing_is_left_to_sqlite(path, journal):
    path.with_name(f"{path.name}-journal").write_bytes(journal)
    with RunStore.open(path, write=True) as store:
        assert store.posts()


@pytest.mark.parametrize("linked", [True, False])
def test_nor_does_one_beside_a_past(fork, precious, linked, monkeypatch):
    journal_of(fork.with_name("run.sqlite-past1"), precious)
    if not linked:
        monkeypatch.setattr("os.link", Mock(side_effect=OSError("no links here")))
    with suppress(LwdError), RunStore.open(fork, write=True) as store:
        store.add_event("looked at", "")
    with suppress(LwdError), RunStore.open(fork) as store:
        store.make_fork(fork.with_name("again.sqlite"), 2, store.experiment, {})
    with suppress(LwdError):
        rename_run(fork, "other")
    assert precious.read_text() == "mine"
