"""Several queries of one network: asking more disturbs nothing, and all of it is kept."""

import json
import os
import sqlite3
from contextlib import aclosing, closing

import numpy as np
import pytest

from lwd_tui.experiment.llm import Experiment, InvalidExperiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.findings.lineage import follow
from lwd_tui.run.cost import estimate
from lwd_tui.run.fork import fork_run
from lwd_tui.run.rehearsal import rehearse
from lwd_tui.run.session import Session
from lwd_tui.store import schema
from lwd_tui.store.errors import NewerRun, StoreError
from lwd_tui.store.export import export
from lwd_tui.store.frames import Run
from lwd_tui.store.run import RunStore

QUERIES = ["What next?", "What of the rain?", "Who bakes the bread?"]
NAMES = ("ada", "ben", "cleo")


def experiment(query=QUERIES, **changes):
    base = {
        "name": "tiny",
        "query": query,
        "responses": 3,
        "steps": 3,
        "scripted": {"failures": 0.4},
        "max_attempts": 2,
        "embedder": {"backend": "scripted", "model": "words-16"},
        "participants": [{"name": name, "backend": "scripted", "model": name} for name in NAMES],
        "posts": [{"text": f"Post number {number}."} for number in range(6)],
    }
    return Experiment.from_dict(base | changes)


async def run_of(path, spec, events_taken=None):
    async with await Session.start(spec, path, Wishes(), lambda _: None) as session:
        await see_through(session, events_taken)
    return path


async def see_through(session, events_taken=None):
    async with aclosing(session.run()) as events:
        number = 0
        async for _ in events:
            number += 1
            if number == events_taken:
                return


def rows_of(path):
    """Return all that a run's file holds, but for when and in what time it came, and its wish."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if "asked" not in name and name not in ("run", "prompts", "events")
        ]
        found = {}
        for table in tables:
            cursor = connection.execute(f"SELECT * FROM {table}")  # noqa: S608
            kept = [i for i, (name, *_) in enumerate(cursor.description) if name not in UNLIKE]
            found[table] = sorted(([row[i] for i in kept] for row in cursor), key=repr)
        return found


UNLIKE = {"seconds", "id", "prompt", "block"}


def content_of(path, tmp_path):
    out = tmp_path / f"{path.stem}.jsonl"
    with RunStore.open(path) as store:
        export(store, "jsonl", out, content_only=True, embeddings=True)
    rows = map(json.loads, out.read_text().splitlines())
    return [{key: row[key] for key in row if key != "seconds"} for row in rows]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"retrieval": "response", "ranking": "similar", "posts_each": 2, "fresh": 1, "noise": 1,
         "reserve": [{"text": f"Fresh {number}."} for number in range(5)]},
        {"topology": "ring", "posting": "window", "window": 2},
    ],
)  # fmt: skip
async def test_a_run_of_several_queries_contains_the_run_of_the_first(tmp_path, changes):
    one = await run_of(tmp_path / "one.sqlite", experiment(QUERIES[0], **changes))
    three = await run_of(tmp_path / "three.sqlite", experiment(**changes))
    assert rows_of(one) == rows_of(three)
    with RunStore.open(one) as alone, RunStore.open(three) as several:
        for t in range(4):
            assert alone.prompt_hashes(t) == several.prompt_hashes(t)
        assert [event.kind for event in alone.events()] == [
            event.kind for event in several.events()
        ]
    # The further queries are asked with the same posts, and answered otherwise.
    with RunStore.open(three) as store:
        store.look_at(3)
        prompt = store.prompt(2, 1, 0).text
        assert QUERIES[2] in prompt
        with store.looking_at(1):
            assert prompt.replace(QUERIES[2], QUERIES[0]) == store.prompt(2, 1, 0).text
            own = [answer.final.seed for answer in store.pending(2)]
        assert not set(own) & {answer.final.seed for answer in store.pending(2)}


async def test_the_numbers_of_all_together_and_of_each_by_numpy(tmp_path):
    path = await run_of(tmp_path / "a.sqlite", experiment(scripted={"failures": 0.2}))
    with RunStore.open(path) as store:
        for t in range(4):
            parts = [store.look_at(query).step(t) for query in (1, 2, 3)]
            for query, part in enumerate(parts, 1):
                means = [part.embeddings[part.owners == i].mean(axis=0) for i in range(3)]
                expected = np.linalg.norm(np.subtract.outer(means, means).diagonal(0, 1, 3), axis=2)
                np.testing.assert_allclose(part.geometry.distances, expected, atol=1e-6)
                assert store.look_at(query).numbers()[t].norm == part.geometry.norm
            found = store.look_at(0).step(t)
            kept = [
                {
                    (each.participant, each.index): row
                    for each, row in zip(part.usable, part.embeddings, strict=True)
                }
                for part in parts
            ]
            whole = sorted(set.intersection(*map(set, kept)))
            matrices = {
                i: np.array(
                    [np.mean([each[key] for key in whole if key[0] == i], axis=0) for each in kept]
                )
                for i in range(3)
            }
            for i in range(3):
                for j in range(3):
                    frobenius = np.linalg.norm(matrices[i] - matrices[j]) / np.sqrt(3)
                    assert found.geometry.distances[i, j] == pytest.approx(frobenius, abs=1e-6)
            assert len(found.embeddings) == len(whole) == len(found.usable)
            assert [each.failed for each in found.responses].count(True) == 9 - len(whole)
            assert store.numbers()[t].failed == 9 - len(whole)


async def test_stopped_anywhere_and_resumed_it_is_the_same_run(tmp_path):
    spec = experiment(steps=1, responses=2)
    whole = content_of(await run_of(tmp_path / "whole.sqlite", spec), tmp_path)
    for taken in range(1, 50, 7):
        path = await run_of(tmp_path / f"{taken}.sqlite", spec, taken)
        async with await Session.resume(path, lambda _: None) as session:
            await see_through(session)
        assert content_of(path, tmp_path) == whole


@pytest.mark.parametrize("links", [True, False])
async def test_a_fork_takes_the_answers_to_all_queries_along(tmp_path, monkeypatch, links):
    parent = await run_of(tmp_path / "parent.sqlite", experiment())
    if not links:

        def no_link(*_):
            raise OSError

        monkeypatch.setattr(os, "link", no_link)
    twin = fork_run(parent, 2, out=tmp_path / "twin.sqlite")
    async with await Session.resume(twin, lambda _: None) as session:
        await see_through(session)
    assert content_of(twin, tmp_path) == content_of(parent, tmp_path)
    with RunStore.open(twin) as store, RunStore.open(parent) as before:
        for query in (0, 2, 3):
            found, expected = (
                [(hit.t, hit.query, hit.participant, hit.index, hit.text) for hit in hits]
                for hits in (s.look_at(query).search_responses("will") for s in (store, before))
            )
            assert found == expected != []
            assert store.prompt(1, 0) == before.prompt(1, 0)
    with pytest.raises(InvalidExperiment, match="query: can't be changed by a fork"):
        fork_run(parent, 2, {"query": QUERIES[0]})


async def test_only_a_file_of_several_queries_is_of_another_version(tmp_path, monkeypatch):
    one = await run_of(tmp_path / "one.sqlite", experiment([QUERIES[0]]))
    three = await run_of(tmp_path / "three.sqlite", experiment())
    versions = []
    for path in (one, three):
        with closing(sqlite3.connect(path)) as connection:
            versions += connection.execute("PRAGMA user_version").fetchone()
            assert bool(
                connection.execute(
                    "SELECT 1 FROM sqlite_master WHERE name LIKE 'asked%'"
                ).fetchone()
            ) == (path == three)
    base = len(schema.MIGRATIONS)
    # What an earlier version says: it knows no number beyond its own.
    assert versions == [base, schema.SEVERAL + base]
    monkeypatch.setattr(schema, "SEVERAL", 10_000)
    with pytest.raises(NewerRun, match=f"file version {versions[1]}, this one knows {base}"):
        RunStore.open(three)


async def test_the_frames_and_what_is_looked_at(tmp_path):
    path = await run_of(tmp_path / "a.sqlite", experiment())
    run = Run(path)
    steps = run.steps
    assert sorted(set(steps["query"])) == [0, 1, 2, 3]
    assert len(run.draws) == 4 * 3 * 3
    assert run.embeddings.shape[1] == 3 * Run(path, 2).embeddings.shape[1]
    assert set(run.table("replicates")) == {
        "t",
        "participant",
        "name",
        "response",
        "problem",
        "x",
        "y",
    }
    with RunStore.open(path) as store:
        for query in (0, 2):
            mine = steps[steps["query"] == query]
            norms = [each.norm for each in store.look_at(query).numbers()]
            np.testing.assert_array_equal(mine.norm, norms)
        with pytest.raises(StoreError, match="asks 3 queries: there is none of that number, 4"):
            store.look_at(4)
    with pytest.raises(StoreError, match="there is none of that number, 9"):
        Run(path, 9).answers(0)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ([], "query: must hold 1 to 100 texts, not 0"),
        ([str(number) for number in range(101)], "query: must hold 1 to 100 texts, not 101"),
        (["a b", "c", "a  b\n"], "query: 1 and 3 are the same; to ask one more often, raise"),
        (["a", " "], r"query\[1\] = ' ': must not be blank"),
        (["a", 3], r"query\[1\] = 3: must be text"),
        (["a", "\ud800"], r"query\[1\] = .*: must be whole Unicode characters"),
        ("", "query = '': must not be blank"),
        (3, "query = 3: must be text"),
        ({"a": 1}, "query = {'a': 1}: must be"),
    ],
)
def test_queries_that_can_not_be_asked(query, complaint):
    with pytest.raises(InvalidExperiment, match=complaint) as caught:
        experiment(query)
    assert "\n" not in str(caught.value)


def test_one_query_is_what_it_was():
    alone, listed = experiment("What next?"), experiment(["What next?"])
    assert listed == alone
    assert listed.sha256 == alone.sha256
    assert 'query = "What next?"' in listed.to_toml()
    again = Experiment.from_toml(experiment().to_toml())
    assert again == experiment()
    assert again.sha256 != alone.sha256


def test_each_query_costs_what_it_costs_alone():
    queries = ["Abc?", "What will the weather be like in the hills tomorrow?"]
    both = estimate(experiment(queries))
    alone = [estimate(experiment(query)) for query in queries]
    assert both.responses == sum(cost.responses for cost in alone)
    assert both.prompts == sum(cost.prompts for cost in alone)
    assert both.prompt_tokens == pytest.approx(sum(cost.prompt_tokens for cost in alone), abs=6)
    assert [share.new_tokens for share in both.shares] == [
        sum(shares)
        for shares in zip(*([s.new_tokens for s in c.shares] for c in alone), strict=True)
    ]
    # The context is sized for the longest.
    assert [share.needed for share in both.shares] == [share.needed for share in alone[1].shares]


async def test_a_rehearsal_asks_all_queries():
    found = await rehearse(experiment(scripted={}), (), lambda _: None, answers=4)
    assert found.responses.points.shape == (12, 3 * 16)
    np.testing.assert_allclose(np.linalg.norm(found.responses.points, axis=1), 1, rtol=1e-6)


async def test_what_became_of_a_post_is_looked_for_among_the_answers_to_the_first(tmp_path):
    path = await run_of(tmp_path / "a.sqlite", experiment())
    with RunStore.open(path) as store:
        post = next(post for post in store.posts() if post.step == 1)
        first = follow(store.look_at(1), post)
        assert first.descendants
        assert follow(store.look_at(0), post) == first
        assert store.query == 0


def test_on_the_command_line(lwd, tmp_path):
    path = tmp_path / "a.sqlite"
    code, out, _ = lwd(
        *("--preset", "quickstart", "--backend", "scripted", "--headless", "--steps", 2, "--json"),
        *("--query", "A?", "--query", "B?", "--out", path),
    )
    *steps, summary = map(json.loads, out.splitlines())
    assert code == 0
    assert (summary["queries"], summary["of_query"]) == (["A?", "B?"], 0)
    with RunStore.open(path) as store:
        each = [[step.norm for step in store.look_at(query).numbers()] for query in (0, 1, 2)]
    assert [[step["norm"], *step["norm_each"]] for step in steps] == list(
        map(list, zip(*each, strict=True))
    )
    *steps, _ = map(json.loads, lwd("stats", path, "--of-query", 2, "--json")[1].splitlines())
    assert [step["norm"] for step in steps] == each[2]
    first, *_ = lwd("compare", path, path, "--of-query", 1, "--json")[1].splitlines()
    assert json.loads(first)["norms"] == each[1]
    code, _, said = lwd("stats", path, "--of-query", 3)
    assert code == 2
    assert said == "lwd-tui: run a asks 2 queries: there is none of that number, 3\n"
    code, _, said = lwd("--preset", "quickstart", "--headless", "--query", "A?", "--query", "A?")
    assert code == 2
    assert "query: 1 and 2 are the same" in said
