import json

import pytest
from support.presets import tiny

from lwd_tui.store.folder import runs_folder

TINY = tiny(steps=5)


@pytest.fixture
def run(tmp_path, monkeypatch, lwd):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    preset = tmp_path / "tiny.toml"
    preset.write_text(TINY)
    assert lwd("--preset", preset, "--headless", "--out", tmp_path / "parent.sqlite")[0] == 0
    return tmp_path / "parent.sqlite"


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_fork_tells_its_steps_as_a_run_does(lwd, run):
    steps = lines(lwd("runs", "show", run, "--json")[1])[:-1]
    code, out, err = lwd("fork", run, "--at", 3, "--json", "--set", "beta=1", "--silence", "ben")
    *forked, summary = lines(out)
    assert code == 0
    assert forked[:3] == steps[:3]
    assert [step["k"] for step in forked[3:]] == [8, 9, 10] == [s["posts"] for s in forked[3:]]
    assert summary["done"]
    assert "3 of 6 steps are stored already" in err
    (kept,) = runs_folder().glob("*.sqlite")
    assert kept.name.startswith("tiny-t3-")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--at", 9], "it can be forked at 0 to 6, not at 9"),
        (["--at", 2, "--set", "query=Why?"], "query: can't be changed by a fork at t = 2"),
        (["--at", 2, "--silence", "cleo"], "no participant has this name; there are ada, ben"),
        (["--at", 2, "--post", " "], "a post by hand: text = '': must not be blank"),
        (["--at", 2, "--post", "caf\udce9"], "text: must be whole Unicode characters"),
    ],
)
def test_what_cant_be_forked_is_one_sentence(lwd, run, options, sentence):
    code, out, err = lwd("fork", run, "--headless", *options)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(runs_folder().glob("*"))


def test_without_a_terminal_nothing_is_forked_to_be_seen(lwd, run):
    code, _, err = lwd("fork", run, "--at", 2)
    assert code == 2
    assert "needs a terminal" in err
    assert not list(runs_folder().glob("*"))


def test_the_explorer_hears_where_a_fork_goes_on(lwd, run, monkeypatch):
    opened = []
    monkeypatch.setattr("lwd_tui.cli.fork.refuse_without_terminal", lambda: None)
    monkeypatch.setattr("lwd_tui.cli.fork.explore", lambda **opening: opened.append(opening))
    assert lwd("fork", run, "--at", 2, "--host", "http://gpu-box:11434")[0] == 0
    (opening,) = opened
    assert opening["hosts"] == ("http://gpu-box:11434",)


def test_replicates_that_are_interrupted_name_all_that_is_left(lwd, run, tmp_path, monkeypatch):
    gone_on = []

    def interrupted(file, *_, **__):
        gone_on.append(file)
        return 130

    monkeypatch.setattr("lwd_tui.cli.headless.resume_headless", interrupted)
    options = ("--at", 2, "--post", "Hear.", "--replicates", 2, "--out", tmp_path / "w.sqlite")
    code, _, err = lwd("fork", run, *options)
    told = " ".join(err.split())
    assert (code, len(gone_on)) == (130, 1)
    assert "4 runs, of 4 steps each" in told
    assert "0 of 4 runs are whole; go on with each that is left" in told
    assert all(f"w{kind}-{n}.sqlite" in told for kind in ("", "-twin") for n in (1, 2))


def test_replicates_are_compared_with_their_twins_and_gone_on_with(lwd, run, tmp_path):
    options = ("--at", 2, "--post", " Hear, hear.\n", "--replicates", 2, "--json")
    code, out, _ = lwd("fork", run, *options, "--out", tmp_path / "what.sqlite")
    *runs, summary = lines(out)
    assert code == 0
    assert [line["run"] for line in runs] == [
        "parent", "what-1", "what-twin-1", "what-2", "what-twin-2"
    ]  # fmt: skip
    assert [line["seed"] for line in runs] == [7, 7, 7, 8, 8]
    assert runs[0]["norms"] == runs[2]["norms"]
    (branch,) = summary["forks"]
    assert branch["pairs"] == [["what-1", "what-twin-1"], ["what-2", "what-twin-2"]]
    assert branch["change"] == "post: Hear, hear."
    first = runs[1]["norms"][2] - runs[2]["norms"][2], runs[3]["norms"][2] - runs[4]["norms"][2]
    assert branch["difference"][0] == pytest.approx(sum(first) / 2)
    assert [len(branch[name]) for name in ("half_width", "p_holm", "apart", "chance")] == [4] * 4
    # What is there is kept: the same command goes on with it.
    assert lwd("fork", run, *options, "--out", tmp_path / "what.sqlite")[1] == out
    code, out, _ = lwd("compare", run, tmp_path / "what-1.sqlite")
    assert code == 0
    assert "parent forked at t = 2: post: Hear, hear.; one pair" in " ".join(out.split())
