import json
import os
import signal
import subprocess
import sys
import time

import pytest
from support.presets import tiny

TINY = tiny()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def preset(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return str(path)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def timeless(steps):
    return [{name: value for name, value in step.items() if name != "seconds"} for step in steps]


def command(*words):
    return [sys.executable, "-m", "lwd_tui", *map(str, words)]


def test_a_headless_run_shows_its_table_its_curve_and_its_scatter(lwd, preset):
    code, out, err = lwd("--preset", preset, "--headless")
    assert code == 0
    assert "t 4/4" in err
    for wanted in ("debiased", "noise floor", "‖D(t)‖F", "classical MDS", "ada: ", "ben: "):
        assert wanted in out
    assert "\x1b" not in out


def test_json_is_one_object_a_step_then_a_summary_and_nothing_else(lwd, preset):
    code, out, _ = lwd("--preset", preset, "--headless", "--json", "--seed", 11, "--beta", 1)
    *steps, summary = lines(out)
    assert code == 0
    assert [step["t"] for step in steps] == [0, 1, 2, 3, 4]
    assert [step["posts"] for step in steps] == [2, 4, 6, 8, 10] == [step["k"] for step in steps]
    wanted = {"t", "k", "posts", "norm", "norm_debiased", "noise_floor", "dispersion", "seconds"}
    assert wanted <= set(steps[0])
    assert len(steps[0]["dispersion"]) == 2
    assert (summary["summary"], summary["done"], summary["seed"]) == (True, True, 11)
    assert summary["norm_last"] == steps[-1]["norm"]


def test_numbers_that_are_not_defined_are_null(lwd, preset):
    _, out, _ = lwd("--preset", preset, "--headless", "--json", "--responses", 1)
    step = lines(out)[0]
    assert step["dispersion"] == [None, None]
    assert step["noise_floor"] is step["norm_debiased"] is None
    assert step["norm"] > 0


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(lwd, preset):
    def numbers(seed):
        _, out, _ = lwd("--preset", preset, "--headless", "--json", "--seed", seed)
        return timeless(lines(out)[:-1])

    assert numbers(3) == numbers(3) != numbers(4)


@pytest.fixture
def explored(monkeypatch):
    """With what the explorer was opened, each time."""
    opened = []
    monkeypatch.setattr("lwd_tui.cli.main.explore", lambda **opening: opened.append(opening))
    return opened


def test_json_needs_no_screen_and_no_other_word(lwd, preset, explored):
    code, out, _ = lwd("--preset", preset, "--json")
    assert code == 0
    assert lines(out)[-1]["done"]
    assert explored == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--host", "http://gpu-box:11434"], "name it with --preset"),
        (["--backend", "ollama"], "name it with --preset"),
        (["--seed", 7], "name it with --preset"),
        (["--json"], "say what to run with --preset NAME"),
        (["--host", "http://gpu-box:11434", "resume", "tiny"], "resume doesn't see --host"),
        (["--headless", "resume", "tiny"], "write it after resume"),
    ],
)
def test_options_of_a_run_that_is_not_named_are_refused(lwd, preset, explored, words, sentence):
    code, out, err = lwd(*words)
    assert (code, out, explored) == (2, "", [])
    assert sentence in err
    assert err.count("\n") == 1


def test_the_explorer_hears_where_and_with_what_a_run_goes_on(lwd, preset, tmp_path, explored):
    path = tmp_path / "a.sqlite"
    assert lwd("--preset", preset, "--json", "--out", path)[0] == 0
    lwd("resume", path, "--host", "http://gpu-box:11434", "--allow-changed")
    lwd("resume", path)
    assert explored == [
        {"run": path, "hosts": ["http://gpu-box:11434"], "allow_changed": True},
        {"run": path, "hosts": (), "allow_changed": False},
    ]


@pytest.mark.parametrize("how", ["--json", "--headless"])
def test_a_whole_run_is_shown_again_and_nobody_is_asked(lwd, preset, tmp_path, monkeypatch, how):
    path = tmp_path / "a.sqlite"
    _, out, _ = lwd("--preset", preset, how, "--out", path)
    monkeypatch.delattr("lwd_tui.cli.headless.Session")
    before = path.read_bytes()
    code, again, err = lwd("resume", path, how)
    assert (code, again, path.read_bytes()) == (0, out, before)
    assert "5 of 5 steps are stored already" in err


def test_a_run_that_shows_nothing_is_not_to_be_gone_on_with(lwd, preset, tmp_path):
    path = tmp_path / "a.sqlite"
    worthless = ("--set", "scripted.failures=1", "--out", path)
    for words in (("--preset", preset, *worthless), ("resume", path)):
        code, _, err = lwd(*words, "--headless")
        assert code == 5
        assert "not one of the" in err
        assert "begin anew" in err
        assert "go on with:" not in err


def test_a_run_in_any_file_is_called_as_the_trash_calls_it(lwd, preset, tmp_path):
    path = tmp_path / "a.lwd"
    _, out, _ = lwd("--preset", preset, "--json", "--out", path)
    assert lines(out)[-1]["run"] == "a.lwd"
    assert lines(lwd("compare", path, path, "--json")[1])[0]["run"] == "a.lwd"
    _, out, _ = lwd("runs", "delete", path)
    assert "`lwd-tui runs restore a.lwd` undoes it" in out
    assert lwd("runs", "restore", "a.lwd")[0] == 0
    assert path.exists()


def test_any_field_can_be_set(lwd, preset, tmp_path):
    posts = tmp_path / "posts.csv"
    posts.write_text('text,label\n"A, b",x\nC,y\nD,z\n')
    code, out, _ = lwd(
        "--preset", preset, "--headless", "--json", "--set", "steps=1",
        "--set", "participants.0.name=zoe", "--set", f"posts_file={posts}",
    )  # fmt: skip
    assert code == 0
    assert lines(out)[0]["posts"] == 3
    assert lines(out)[-1]["participants"] == ["zoe", "ben"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--preset", "bitcoyn"], "no preset is called 'bitcoyn'; did you mean bitcoin?"),
        (["--preset", "TINY", "--beta", "1.5"], "beta = 1.5: must be at most 1"),
        (["--preset", "TINY", "--beta", "0"], "beta = 0.0: must be greater than 0"),
        (["--preset", "TINY", "--responses", "0"], "responses = 0: must be at least 1"),
        (["--preset", "TINY", "--steps", "0"], "steps = 0: must be at least 1"),
        (["--preset", "TINY", "--set", "betta=1"], "no field betta; did you mean beta?"),
        (["--preset", "MISSPELT"], "no field querry; did you mean query? (and 1 more)"),
        (["--preset", "TINY", "--set", "beta"], "write it as field=value"),
        (["--preset", "TINY", "--set", "participants=[]"], "at least one participant"),
        (["--preset", "TINY", "--set", "participants.1.name=ada"], "'ada' is used twice"),
        (["--preset", "TINY", "--set", "posts_file=/nowhere.txt"], "there is no such file"),
        (["--preset", "/nowhere/x.toml"], "there is no such file"),
        ([], "say what to run with --preset NAME"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(lwd, preset, home, tmp_path, words, sentence):
    misspelt = tmp_path / "misspelt.toml"
    misspelt.write_text(TINY.replace("query", "querry"))
    files = {"TINY": preset, "MISSPELT": misspelt}
    code, out, err = lwd(*[files.get(word, word) for word in words], "--headless")
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1
    assert out == ""
    assert not list(home.rglob("*.sqlite"))


def test_a_posts_file_that_is_not_utf_8_is_told_with_its_byte(lwd, preset, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9 is open\n")
    code, _, err = lwd("--preset", preset, "--headless", "--set", f"posts_file={path}")
    assert code == 2
    assert "not UTF-8 at byte 3" in err


def test_a_home_that_cannot_be_written_is_told_before_anything_runs(
    lwd, preset, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "file"))
    code, _, err = lwd("--preset", preset, "--headless")
    assert code == 2
    assert str(tmp_path / "file") in err
    assert err.count("\n") == 1


def test_the_doctor_tells_of_a_home_that_cannot_be_written(lwd, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    code, out, _ = lwd("doctor")
    assert code == 0
    assert "problem  runs have no place: can't write to" in out


def test_a_run_is_listed_shown_exported_deleted_and_restored(lwd, preset, tmp_path):
    pandas_free = tmp_path / "out.jsonl"
    lwd("--preset", preset, "--headless", "--json")
    _, out, _ = lwd("runs", "list")
    assert "done" in out
    name = next(word for word in out.split() if word.startswith("tiny-"))
    _, shown, _ = lwd("runs", "show", name, "--json")
    assert len(lines(shown)) == 6
    code, _, _ = lwd("runs", "export", name, "--format", "jsonl", "--out", pandas_free)
    assert code == 0
    assert len(lines(pandas_free.read_text())) > 20
    assert lwd("runs", "delete", name)[0] == 0
    assert name not in lwd("runs", "list")[1]
    assert lwd("runs", "restore", name)[0] == 0
    assert name in lwd("runs", "list")[1]


def test_an_unknown_run_is_told_with_the_nearest_name(lwd, preset):
    lwd("--preset", preset, "--headless", "--json")
    code, _, err = lwd("runs", "show", "tony")
    assert code == 2
    assert "tony" in err


def test_presets_are_listed(lwd):
    _, out, _ = lwd("presets")
    for name in ("quickstart", "bitcoin", "bitcoin-paper"):
        assert name in out


def finished(run):
    result = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    return result.returncode, result.stdout, result.stderr


def begun(words, steps):
    """Start a slow run in a process of its own, and wait until it has told some steps."""
    process = subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    told = [process.stdout.readline() for _ in range(steps)]
    assert all(told)
    return process


SLOW = ("--headless", "--json", "--set", "scripted.tokens_per_second=300")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 4)])
def test_a_signal_stops_soon_says_how_to_go_on_and_loses_nothing(preset, tmp_path, number, code):
    path = tmp_path / "a.sqlite"
    slow = (*SLOW[:-1], "scripted.tokens_per_second=100")
    # What is left of the run takes minutes, far longer than is waited for.
    process = begun(("--preset", preset, "--out", path, *slow, "--steps", 200), 1)
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert f"lwd-tui resume {path}" in err
    assert "Traceback" not in err
    shown = finished(command("runs", "show", path, "--json"))
    assert lines(shown[1])[-1]["steps_done"] >= 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 4)])
def test_a_signal_stops_a_sweep_soon_and_says_how_to_go_on(preset, tmp_path, number, code):
    # What is left of its one run takes minutes.
    (tmp_path / "sweep.toml").write_text(
        f'name = "slow"\npreset = "{preset}"\nseeds = [1]\n'
        "[set]\nsteps = 200\nscripted.tokens_per_second = 60\n"
        '[[variant]]\nname = "a"\n'
    )
    sweep = subprocess.Popen(
        command("sweep", tmp_path / "sweep.toml", "--out", tmp_path / "kept"),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )
    kept = tmp_path / "kept" / "a-seed-1.sqlite"
    deadline = time.monotonic() + 60
    try:
        while not kept.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        os.kill(sweep.pid, number)
        _, err = sweep.communicate(timeout=20)
    finally:
        sweep.kill()
    assert sweep.returncode == code
    assert "the same command goes on with it" in err
    assert "Traceback" not in err
    assert finished(command("runs", "show", kept))[0] == 0


def test_a_second_process_on_the_same_run_is_refused(preset, tmp_path):
    path = tmp_path / "a.sqlite"
    # Long enough for the slowest machine to start the second process; it is killed then.
    slow = (*SLOW[:-1], "scripted.tokens_per_second=60", "--steps", 200)
    process = begun(("--preset", preset, "--out", path, *slow), 1)
    code, _, err = finished(command("resume", path, "--headless"))
    process.kill()
    process.communicate()
    assert code != 0
    assert err.count("\n") == 1
    assert "another" in err
