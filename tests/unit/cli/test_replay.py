import json
import time

import pytest

import lwd_tui.experiment.files
from lwd_tui.experiment.files import load_preset
from lwd_tui.store.folder import list_runs

TINY = """
name = "tiny"
query = "What next?"
responses = 3
steps = 4
max_attempts = 6
participants = [
    { name = "ada", backend = "scripted", model = "ada" },
    { name = "ben", backend = "scripted", model = "ben" },
]
posts = [{ text = "One." }, { text = "Two." }]
embedder = { backend = "scripted", model = "words-16" }
scripted = { failures = 0.3 }
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(TINY)


def told(err):
    return [line for line in err.splitlines() if line.startswith("t ")]


def timeless(err):
    return [line.rsplit("  ", 1)[0] for line in told(err) if "norm" in line]


def test_a_replay_tells_what_the_run_told_and_shows_its_result(lwd):
    _, out, err = lwd("--preset", "tiny.toml", "--headless", "--out", "a.sqlite")
    code, again, told_again = lwd("replay", "a.sqlite", "--pace", 0)
    assert code == 0
    assert again == out
    assert timeless(told_again) == timeless(err)
    assert sorted(told(told_again)) == sorted(told(err))
    assert any("asked again" in line for line in told(err))


def test_the_json_of_a_replay_is_that_of_the_run(lwd):
    _, out, _ = lwd("--preset", "tiny.toml", "--headless", "--json", "--out", "a.sqlite")
    assert lwd("replay", "a.sqlite", "--pace", 0, "--json")[1] == out


def test_mixtures_are_replayed_too(lwd):
    words = ("gmm", "--steps", 12, "--replicates", 3, "--json", "--out", "g.sqlite")
    _, out, _ = lwd(*words)
    code, again, err = lwd("replay", "g.sqlite", "--pace", 0, "--json")
    assert (code, again) == (0, out)
    assert [line.split()[1] for line in told(err)] == [f"{t}/12" for t in range(13)]
    code, again, _ = lwd("replay", "g.sqlite", "--pace", 0)
    assert code == 0
    assert again == lwd("runs", "show", "g.sqlite")[1]


def test_each_step_takes_its_pace(lwd, monkeypatch):
    slept = []
    lwd("--preset", "tiny.toml", "--headless", "--out", "a.sqlite")
    monkeypatch.setattr(time, "sleep", slept.append)
    lwd("replay", "a.sqlite", "--pace", 0.25)
    assert slept == [0.25] * 5
    slept.clear()
    _, out, _ = lwd("replay", "a.sqlite", "--as-recorded", "--json")
    steps = [json.loads(line) for line in out.splitlines()[:-1]]
    assert [round(seconds, 3) for seconds in slept] == [step["seconds"] for step in steps]


def test_what_cannot_be_replayed_is_told_in_one_sentence(lwd):
    lwd("--preset", "tiny.toml", "--headless", "--out", "a.sqlite")
    lwd("gmm", "--steps", 2, "--json", "--out", "g.sqlite")
    for words, sentence in (
        (("nowhere",), "no run and no file is called 'nowhere'"),
        (("a.sqlite", "--pace", "inf"), "--pace inf: must be a number of seconds"),
        (("a.sqlite", "--pace", "1", "--as-recorded"), "give one of them"),
        (("g.sqlite", "--as-recorded"), "no pace is recorded"),
    ):
        code, out, err = lwd("replay", *words)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert sentence in err


def test_the_demo_runs_quickstart_and_says_what_to_do_next(lwd, monkeypatch):
    asked = []

    def tiny(name):
        asked.append(name)
        return load_preset("tiny.toml")

    monkeypatch.setattr(lwd_tui.experiment.files, "load_preset", tiny)
    code, out, err = lwd("demo")
    (run,) = list_runs()
    assert (code, asked, run.status) == (0, ["quickstart"], "done")
    assert "classical MDS" in out
    assert f"lwd-tui resume {run.name}" in err.split("What to do next:")[1]
