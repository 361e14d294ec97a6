import csv
import hashlib
import json
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from support.store_samples import (
    attempt,
    begin,
    experiment,
    experiment_of,
    simple_step,
    steps,
    write,
)

from lwd_tui.store.errors import RunExists, StoreError
from lwd_tui.store.export import export
from lwd_tui.store.run import RunStore
from lwd_tui.store.tables import TABLES
from lwd_tui.types import Draw, Message, Post, Prompt, Response

HOSTILE = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    'a "quoted", comma',
    "two\nlines\r\nthree",
    "\x1b[2J\x07\x9b31m",
    "\u2028\u0085",
    "NA",
    " space around ",
    "emoji 🙂 and é",
]


@pytest.fixture
def store(tmp_path):
    with RunStore.create(tmp_path / "tiny.sqlite", experiment(), {"server": "x 1.0"}) as store:
        for t in range(2):
            write(store, simple_step(t))
        begin(store, simple_step(2))
        store.add_response(simple_step(2).responses[3])
        store.add_event("retry", "503", 1)
        yield store


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="ascii").split("\n")[:-1]]


def of_kind(objects, kind):
    return [one for one in objects if one["kind"] == kind]


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_json_lines_hold_everything_in_order(store, tmp_path):
    (path,) = export(store, "jsonl", tmp_path / "run.jsonl")
    objects = lines(path)
    assert objects[0]["experiment"] == experiment().to_dict()
    assert objects[0]["record"] == {"server": "x 1.0"}
    kinds = [one["kind"] for one in objects]
    assert set(kinds) == set(TABLES)
    assert kinds[0] == "run"
    assert kinds[1:8] == ["posts"] * 7
    assert [one["id"] for one in of_kind(objects, "posts")] == list(range(7))
    assert [(one["t"], one["name"], one["response"]) for one in of_kind(objects, "responses")] == [
        *((t, name, index) for t in range(2) for name in ("ada", "ben") for index in range(2)),
        (2, "ben", 1),
    ]
    step = of_kind(objects, "steps")[1]
    assert (step["t"], step["k"], step["size"], step["norm"], step["seconds"]) == (1, 2, 5, 1, 1.5)
    assert of_kind(objects, "draws")[1]["posts"] == [2, 1]
    distance = {"kind": "distances", "t": 1, "a": "ada", "b": "ben", "distance": 0.75}
    assert of_kind(objects, "distances")[1] == distance
    assert [one["dispersion"] for one in of_kind(objects, "dispersions")] == [0.1, 0.2] * 2
    coordinates = simple_step(1).geometry.coordinates
    places = [[one["x"], one["y"]] for one in of_kind(objects, "responses") if one["t"] == 1]
    np.testing.assert_array_equal(places, coordinates)
    assert "embedding" not in of_kind(objects, "responses")[0]
    (event,) = of_kind(objects, "events")
    assert (event["event"], event["message"], event["t"]) == ("retry", "503", 1)


def test_a_prompt_of_many_draws_is_unpacked_once(tmp_path, monkeypatch):
    unpacked, from_json = [], Prompt.from_json
    monkeypatch.setattr(Prompt, "from_json", lambda text: unpacked.append(text) or from_json(text))
    with RunStore.create(tmp_path / "tiny.sqlite", experiment(), {}) as store:
        draws = tuple(Draw(0, 0, (0,), index) for index in range(5))
        store.begin_step(0, 1, 3, draws, [simple_prompt()] * len(draws))
        (path,) = export(store, "jsonl", tmp_path / "run.jsonl")
    assert len(of_kind(lines(path), "draws")) == len(draws)
    assert len(unpacked) == 1


def test_a_prompt_is_written_once_before_the_draws_that_refer_to_it(tmp_path):
    with RunStore.create(tmp_path / "tiny.sqlite", experiment(), {}) as store:
        prompt = simple_prompt()
        draws = (Draw(0, 0, (0,)), Draw(0, 1, (1,)))
        store.begin_step(0, 1, 3, draws, [prompt, prompt])
        (path,) = export(store, "jsonl", tmp_path / "run.jsonl")
    objects = [one for one in lines(path) if one["kind"] in ("prompts", "draws")]
    assert [one["kind"] for one in objects] == ["prompts", "prompts", "draws", "draws"]
    assert [(one["role"], one["content"]) for one in objects[:2]] == [
        ("system", "Be brief."),
        ("user", "What next?"),
    ]
    sha256 = hashlib.sha256(prompt.to_json().encode()).hexdigest()
    assert {one.get("sha256", one.get("prompt")) for one in objects} == {sha256}


def simple_prompt():
    return Prompt("chat", (Message("system", "Be brief."), Message("user", "What next?")))


def test_every_attempt_is_kept_and_the_last_one_stands(tmp_path):
    tries = (attempt("", problem="blank", retries=("503",)), attempt("At last.", host="http://a"))
    step = simple_step(0)
    with RunStore.create(tmp_path / "tiny.sqlite", experiment(), {}) as store:
        begin(store, step)
        store.add_response(Response(0, 0, 0, tries))
        (path,) = export(store, "jsonl", tmp_path / "run.jsonl")
    (response,) = of_kind(lines(path), "responses")
    assert (response["text"], response["host"]) == ("At last.", "http://a")
    first, second = of_kind(lines(path), "attempts")
    assert (first["number"], first["problem"], first["retries"]) == (0, "blank", ["503"])
    assert (second["number"], second["text"]) == (1, "At last.")


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_content_alone_is_equal_bytes_for_equal_experiments(tmp_path, file_format):
    files = []
    for turn, name in enumerate(("one", "two")):
        spec = experiment(
            participants=[
                {"name": who, "backend": "scripted", "model": who, "host": f"http://{name}"}
                for who in ("ada", "ben")
            ]
        )
        with RunStore.create(tmp_path / f"{name}.sqlite", spec, {"name": name}) as store:
            for t in range(2):
                step = replace(simple_step(t), seconds=time.perf_counter())
                step = replace(
                    step,
                    responses=tuple(
                        replace(answer, attempts=(*wasted(turn), timed(answer, name)))
                        for answer in step.responses
                    ),
                )
                begin(store, step)
                for response in step.responses[:: -1 if turn else 1]:
                    store.add_response(response)
                store.finish_step(step)
                store.add_event("pause", name)
            out = tmp_path / (f"{name}.jsonl" if file_format == "jsonl" else name)
            files.append(export(store, file_format, out, content_only=True, embeddings=True))
    one, two = ([path.read_bytes() for path in paths] for paths in files)
    assert one == two
    assert b"http://" not in b"".join(one)


def wasted(turn):
    return (attempt("?", problem="blank"),) * turn


def timed(answer, host):
    return replace(answer.final, seconds=time.perf_counter(), host=host, retries=(host,))


def test_csv_is_a_table_a_file_that_pandas_reads(store, tmp_path):
    paths = export(store, "csv", tmp_path / "out", embeddings=True)
    assert {path.name for path in paths} == {f"{table}.csv" for table in TABLES}
    assert {path.parent for path in paths} == {tmp_path / "out"}
    read = {path.stem: pd.read_csv(path) for path in paths}
    assert read["steps"]["norm"].tolist() == [2.0, 1.0]
    assert read["responses"]["text"].tolist()[0] == "answer 0 0 0"
    assert read["responses"].columns[-2:].tolist() == ["seconds", "host"]
    assert read["draws"]["posts"].tolist()[:2] == ["0 2", "2 1"]
    assert len(read["attempts"]) == 9
    (run,) = rows(tmp_path / "out" / "run.csv")
    assert json.loads(run["experiment"]) == experiment().to_dict()
    assert json.loads(run["record"]) == {"server": "x 1.0"}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_name_is_the_beginning_of_several(store, tmp_path, ending):
    paths = export(store, ending, tmp_path / f"run.v2.{ending}")
    assert tmp_path / f"run.v2-responses.{ending}" in paths
    assert len(paths) == len(TABLES)
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_exact_in_every_format(tmp_path, text):
    with RunStore.create(tmp_path / "tiny.sqlite", experiment(posts=0), {}) as store:
        store.add_posts([Post(0, text, text, "human", 0, text)])
        export(store, "csv", tmp_path)
        export(store, "parquet", tmp_path)
        export(store, "jsonl", tmp_path / "run.jsonl")
    expected = {"text": text, "author": text, "label": text}
    (post,) = rows(tmp_path / "posts.csv")
    assert {name: post[name] for name in expected} == expected
    (post,) = pq.read_table(tmp_path / "posts.parquet").to_pylist()
    assert {name: post[name] for name in expected} == expected
    (post,) = of_kind(lines(tmp_path / "run.jsonl"), "posts")
    assert {name: post[name] for name in expected} == expected
    frame = pd.read_csv(tmp_path / "posts.csv", keep_default_na=False, dtype=str)
    assert frame["text"].tolist() == [text]


def test_json_lines_show_no_control_character_to_a_terminal(tmp_path):
    with RunStore.create(tmp_path / "tiny.sqlite", experiment(posts=0), {}) as store:
        store.add_posts([Post(0, "\x1b]0;title\x07\x9b\u2028", "", "human", 0)])
        (path,) = export(store, "jsonl", tmp_path / "run.jsonl")
    assert not [byte for byte in path.read_bytes() if byte != 10 and not 32 <= byte < 127]


def test_half_a_surrogate_pair_is_written_as_its_escape(tmp_path):
    with RunStore.create(tmp_path / "tiny.sqlite", experiment(posts=0), {}) as store:
        store.add_posts([Post(0, "cut \ud83d", "", "human", 0)])
        export(store, "csv", tmp_path)
        export(store, "parquet", tmp_path)
        export(store, "jsonl", tmp_path / "run.jsonl")
    assert rows(tmp_path / "posts.csv")[0]["text"] == r"cut \ud83d"
    assert pq.read_table(tmp_path / "posts.parquet")["text"].to_pylist() == [r"cut \ud83d"]
    assert of_kind(lines(tmp_path / "run.jsonl"), "posts")[0]["text"] == "cut \ud83d"


def test_parquet_is_written_some_rows_at_a_time_and_whole(store, tmp_path, monkeypatch):
    export(store, "parquet", tmp_path / "one")
    monkeypatch.setattr("lwd_tui.store.export._ROWS_AT_ONCE", 2)
    export(store, "parquet", tmp_path / "two")
    for table in ("posts", "responses"):
        one, two = (pq.read_table(tmp_path / name / f"{table}.parquet") for name in ("one", "two"))
        assert one.num_rows > 2
        assert one.equals(two)


def test_parquet_has_types_and_the_embeddings(store, tmp_path):
    export(store, "parquet", tmp_path / "out", embeddings=True)
    responses = pq.read_table(tmp_path / "out" / "responses.parquet")
    assert str(responses.schema.field("t").type) == "int64"
    assert str(responses.schema.field("embedding").type) == "list<element: float>"
    embeddings = responses["embedding"].to_pylist()
    expected = np.vstack([simple_step(t).embeddings for t in range(2)])
    np.testing.assert_array_equal(np.array(embeddings[:8], dtype=np.float32), expected)
    assert embeddings[8] is None
    draws = pq.read_table(tmp_path / "out" / "draws.parquet")
    assert draws["posts"].to_pylist()[:2] == [[0, 2], [2, 1]]
    assert draws["response"].to_pylist()[0] is None


def test_embeddings_in_json_lines_are_the_same_floats(store, tmp_path):
    (path,) = export(store, "jsonl", tmp_path / "run.jsonl", embeddings=True)
    found = [one["embedding"] for one in of_kind(lines(path), "responses")[:4]]
    np.testing.assert_array_equal(np.array(found, dtype=np.float32), simple_step(0).embeddings)


def test_a_number_that_is_not_defined_is_empty(tmp_path):
    step = simple_step(0)
    step = replace(step, geometry=replace(step.geometry, norm=np.nan, norm_debiased=np.inf))
    with RunStore.create(tmp_path / "tiny.sqlite", experiment(), {}) as store:
        write(store, step)
        export(store, "csv", tmp_path)
        (path,) = export(store, "jsonl", tmp_path / "run.jsonl")
    (row,) = rows(tmp_path / "steps.csv")
    assert (row["norm"], row["norm_debiased"], row["noise_floor"]) == ("", "", "0.5")
    assert of_kind(lines(path), "steps")[0]["norm"] is None


@settings(max_examples=15, deadline=None)
@given(made=steps())
def test_any_step_can_be_written_in_every_format(tmp_path_factory, made):
    step, prompts = made
    folder = tmp_path_factory.mktemp("export")
    with RunStore.create(folder / "any.sqlite", experiment_of(step), {}) as store:
        write(store, step, prompts)
        (path,) = export(store, "jsonl", folder / "run.jsonl", embeddings=True)
        export(store, "csv", folder)
        export(store, "parquet", folder, embeddings=True)
    found = of_kind(lines(path), "responses")
    assert [one["text"] for one in found] == [response.text for response in step.responses]
    kept = [one["embedding"] for one in found if not one["problem"]]
    assert len(kept) == len(step.embeddings)
    assert len(rows(folder / "responses.csv")) == len(step.responses)
    assert pq.read_table(folder / "responses.parquet").num_rows == len(step.responses)


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_file_where_a_folder_is_needed_is_said_to_be_one(store, tmp_path, file_format):
    (tmp_path / "out").write_bytes(b"mine")
    wanted = rf"out: it is a file, and a folder is needed, or a name that ends in \.{file_format}"
    with pytest.raises(StoreError, match=wanted):
        export(store, file_format, tmp_path / "out", overwrite=True)
    assert (tmp_path / "out").read_bytes() == b"mine"


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_nothing_is_replaced_unless_asked(store, tmp_path, file_format):
    out = tmp_path / "out"
    paths = export(store, file_format, out)
    before = {path: path.read_bytes() for path in paths}
    store.add_event("pause", "later")
    with pytest.raises(RunExists, match="exists already; choose another place, or remove it first"):
        export(store, file_format, out)
    assert {path: path.read_bytes() for path in paths} == before
    export(store, file_format, out, overwrite=True)
    assert {path: path.read_bytes() for path in paths} != before


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_an_export_that_fails_leaves_no_file(store, tmp_path, file_format, monkeypatch):
    monkeypatch.setattr(RunStore, "events", lambda store: 1 / 0)
    out = tmp_path / "there"
    out.mkdir()
    with pytest.raises(ZeroDivisionError):
        export(store, file_format, out / "x" if file_format == "jsonl" else out)
    assert list(out.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(store, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"can't write to .*out: Not a directory") as refusal:
        export(store, "csv", tmp_path / "file" / "out")
    assert refusal.value.exit_code == 2
    with pytest.raises(RunExists, match="exists already"):
        export(store, "jsonl", tmp_path)


def test_an_unknown_format_is_refused_with_the_known_ones(store, tmp_path):
    with pytest.raises(StoreError, match="no format is called 'xlsx'; there are csv, jsonl"):
        export(store, "xlsx", tmp_path / "out")


def test_parquet_without_pyarrow_names_the_extra(store, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(StoreError, match=r"pip install 'lwd-tui\[parquet\]'"):
        export(store, "parquet", tmp_path / "out")
    assert not (tmp_path / "out").exists()
