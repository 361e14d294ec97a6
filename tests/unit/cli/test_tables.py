"""Tables on lines that are too short for them."""

import re
from io import StringIO

import pytest
from rich.console import Console
from support.presets import tiny

from lwd_tui.cli.shared import plain_table, print_table


def printed(table, width):
    out = StringIO()
    print_table(Console(file=out, width=width), table)
    return out.getvalue()


def table(names):
    made = plain_table(title="title", caption="caption")
    for name in ("t", *names):
        made.add_column(name, justify="right", no_wrap=name == "one")
    for t in range(2):
        made.add_row(str(t), *(f"{t}.{place:03d}" for place in range(len(names))))
    return made


def test_a_table_that_fits_is_one():
    lines = printed(table(["one", "two"]), 40).splitlines()
    assert [line.split() for line in lines] == [
        ["title"], ["t", "one", "two"],
        ["0", "0.000", "0.001"], ["1", "1.000", "1.001"], ["caption"],
    ]  # fmt: skip


@pytest.mark.parametrize("width", [10, 20, 40])
def test_what_does_not_fit_stands_below_beside_the_first_column(width):
    names = ["one", *(f"name-{place}" for place in range(1, 10))]
    out = printed(table(names), width)
    assert max(map(len, out.splitlines())) <= width
    for place, name in enumerate(names):
        assert re.search(rf"\b{name}\b", out)
        for t in range(2):
            assert out.count(f"{t}.{place:03d}") == 1
    assert out.count("title") == out.count("caption") == 1
    parts = out.split("\n\n")
    assert len(parts) > 1
    assert all(re.search(r"^ *t .*\n *0 .*\n *1 ", part, re.M) for part in parts)


@pytest.mark.parametrize("command", [("runs", "show"), ("stats",), ("compare",)])
def test_no_number_is_cut_off_where_there_are_many_participants(
    lwd, tmp_path, monkeypatch, command
):
    monkeypatch.setenv("LWD_HOME", str(tmp_path))
    preset, run = tmp_path / "tiny.toml", tmp_path / "a.sqlite"
    preset.write_text(tiny())
    models = [word for i in range(10) for word in ("--model", f"scripted-model-{i}")]
    lwd("--preset", preset, "--backend", "scripted", *models, "--json", "--out", run)
    monkeypatch.setenv("COLUMNS", "50")
    code, out, _ = lwd(*command, run)
    assert code == 0
    assert not re.search(r"(^| )[-.\d]{0,4}…( |$)", out, re.M)
