"""`lwd-tui stats`, `compare` and `sweep`: what they print, and how they refuse."""

import json

import numpy as np
import pytest
from support.statistics_samples import clouds, handmade, scripted_run

from lwd_tui.cli import stats_report
from lwd_tui.findings.step import MEASURES, step_findings
from lwd_tui.store.run import RunStore

HOSTILE = "\x1b]0;owned\x07evil [/] [link=x]"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
async def kept(tmp_path):
    return await scripted_run(tmp_path / "kept.sqlite", steps=6)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_the_tables_the_curves_and_the_sentences_are_printed(lwd, kept):
    code, out, err = lwd("stats", kept, "--margin", 0.5)
    assert (code, err) == (0, "")
    for wanted in (
        "Do they differ? (unit vectors",
        "Pairs at t = 6",
        "□ ben – △ cleo",
        "Collapse of what?",
        "norm without noise, 95% interval",
        "how many different answers",
        "model and draw together",
        "the same?: it can't be shown: with L = 4",
        "change point: ",
        "nearest to the centre: ",
        "came by",
    ):
        assert wanted in " ".join(out.split()), wanted
    assert "\x1b" not in out


def test_of_many_pairs_the_farthest_are_printed(lwd, tmp_path, monkeypatch):
    # ada, ben and cleo stand at 0, 1 and 3 on a line.
    kept = tmp_path / "kept.sqlite"
    handmade(kept, [{"vectors": clouds([0, 1, 3], 4, seed=1)}]).close()
    monkeypatch.setattr(stats_report, "_MOST_PAIRS", 2)
    code, out, _ = lwd("stats", kept, "--permutations", 9)
    assert code == 0
    assert "the farthest 2 of 3" in " ".join(out.split())
    places = [out.find(pair) for pair in ("○ ada – △ cleo", "□ ben – △ cleo", "○ ada – □ ben")]
    assert 0 < places[0] < places[1]
    assert places[2] == -1


async def test_json_is_one_object_a_step_then_a_summary(lwd, tmp_path):
    kept = await scripted_run(tmp_path / "kept.sqlite", steps=6, responses=12)
    code, out, _ = lwd("stats", kept, "--json", "--margin", 3, "--permutations", 99)
    *steps, summary = lines(out)
    assert code == 0
    assert [step["t"] for step in steps] == list(range(7))
    for measure in MEASURES:
        assert measure.key in steps[0] or f"{measure.key}_share" in steps[0]
    assert set(steps[0]["tests"]) == {"sum_of_squares", "energy", "mmd"}
    assert [(pair["a"], pair["b"]) for pair in steps[0]["tests"]["mmd"]["pairs"]] == [
        ("ada", "ben"), ("ada", "cleo"), ("ben", "cleo")
    ]  # fmt: skip
    assert len(steps[0]["vendi_each"]) == 3
    assert summary["summary"]
    assert summary["participants"] == ["ada", "ben", "cleo"]
    assert (summary["steps_done"], summary["steps"], summary["permutations"]) == (7, 7, 99)
    assert summary["equivalence"]["margin"] == 3
    assert summary["equivalence"]["in_a_row"] == 3
    assert summary["attractor"]["arrivals"].keys() == {"ada", "ben", "cleo"}
    assert summary["sentences"][0]["about"] == "the same?"
    assert summary["bound"] == {"upper": steps[-1]["upper_bound"]}
    assert summary["responses_needed"] == 10


def test_the_numbers_are_those_of_the_functions(lwd, kept):
    _, out, _ = lwd("stats", kept, "--json")
    with RunStore.open(kept) as store:
        for line, numbers in zip(lines(out), store.numbers(), strict=False):
            found = step_findings(store, numbers)
            assert line["norm"] == numbers.norm
            assert line["tests"]["energy"]["p"] == found.vectors.tests[1].p
            assert line["interval"] == [
                found.vectors.interval.lower, found.vectors.interval.upper
            ]  # fmt: skip
            assert line["upper_bound"] is None


def test_the_same_run_prints_the_same(lwd, kept):
    assert lwd("stats", kept, "--json")[1] == lwd("stats", kept, "--json")[1]


def test_a_control_run_gives_the_margin_within_reach(lwd, kept, tmp_path):
    equal = [{"vectors": clouds([0, 0, 0], 40, seed=t)} for t in range(4)]
    cast = [{"name": name, "backend": "scripted", "model": "same"} for name in "abc"]
    handmade(tmp_path / "equal.sqlite", equal, participants=cast).close()
    handmade(tmp_path / "run.sqlite", equal).close()
    _, out, _ = lwd(
        "stats", tmp_path / "run.sqlite", "--control", tmp_path / "equal.sqlite", "--json"
    )
    margin = lines(out)[-1]["least_margin"]
    assert margin > 0
    _, out, _ = lwd("stats", tmp_path / "equal.sqlite", "--margin", margin * 1.01, "--json")
    assert lines(out)[-1]["equivalence"]["shown_at"] == 2


def test_a_control_run_of_unequal_participants_is_refused(lwd, kept):
    code, out, err = lwd("stats", kept, "--control", kept)
    assert (code, out) == (2, "")
    assert "isn't a run of equal participants: ada and ben differ in model" in " ".join(err.split())


@pytest.mark.parametrize(
    "changes", [{"responses": 1}, {"participants": [{"name": "ada", "backend": "scripted",
                                                     "model": "ada"}]},
                {"scripted": {"failures": 0.7}, "max_attempts": 1}]
)  # fmt: skip
async def test_degenerate_runs_have_tables_and_json(lwd, tmp_path, changes):
    path = await scripted_run(tmp_path / "odd.sqlite", **changes)
    assert lwd("stats", path, "--margin", 1)[0] == 0
    code, out, _ = lwd("stats", path, "--margin", 1, "--json")
    assert code == 0
    assert len(lines(out)) == 5


def test_hostile_texts_and_names_are_tame(lwd, tmp_path):
    texts = [[HOSTILE] * 3] * 2
    cast = [{"name": f"{HOSTILE}{i}", "backend": "scripted", "model": "m"} for i in range(2)]
    steps = [{"vectors": clouds([0, 1], 3), "texts": texts}] * 2
    posts = [{"text": HOSTILE, "author": HOSTILE}]
    path = tmp_path / "evil.sqlite"
    handmade(path, steps, participants=cast, posts=posts).close()
    for words in (("stats", path), ("compare", path, path)):
        code, out, err = lwd(*words)
        assert code == 0
        assert "\x1b" not in out + err
    assert "evil [/]" in lwd("stats", path)[1]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--margin", "-1"], "margin"),
        (["--confidence", "1.5"], "--confidence 1.5"),
        (["--radius", "-1"], "radius"),
    ],
)
def test_options_that_do_not_fit_are_refused(lwd, kept, options, complaint):
    code, out, err = lwd("stats", kept, *options)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1


def test_runs_without_answers_are_refused(lwd, tmp_path):
    lwd("gmm", "--steps", 3, "--replicates", 1, "--out", tmp_path / "gmm.sqlite", "--json")
    code, _, err = lwd("stats", tmp_path / "gmm.sqlite")
    assert code == 2
    assert "mixtures" in err
    handmade(tmp_path / "new.sqlite", [{"vectors": clouds([0, 1])}]).close()
    with RunStore.open(tmp_path / "new.sqlite") as store:
        RunStore.create(tmp_path / "empty.sqlite", store.experiment, {}).close()
    for command in ("stats", "compare"):
        code, _, err = lwd(command, tmp_path / "empty.sqlite")
        assert code == 2
        assert "no whole step yet" in err


def test_compare_lays_the_norms_over_each_other(lwd, tmp_path, kept):
    steps = [{"vectors": clouds([0, x, 0], spread=0.01)} for x in (0.9, 0.6, 0.3)]
    handmade(tmp_path / "other.sqlite", steps, interaction=False, seed=11).close()
    code, out, _ = lwd("compare", kept, tmp_path / "other.sqlite")
    assert code == 0
    for wanted in ("‖D(t)‖F", "○ kept", "□ other", "interaction = false", "steps = 2"):
        assert wanted in out
    *runs, summary = lines(lwd("compare", kept, tmp_path / "other.sqlite", "--json")[1])
    assert [run["run"] for run in runs] == ["kept", "other"]
    assert [run["seed"] for run in runs] == [7, 11]
    assert len(runs[0]["norms"]) == 7
    assert runs[1]["differs_in"] == {"interaction": False, "steps": 2}
    same = {"margin": None, "one_scale": True, "replicates": False}
    assert summary == {"summary": True, "runs": 2} | same


async def test_runs_of_one_name_are_told_apart(lwd, tmp_path, kept):
    (tmp_path / "b").mkdir()
    other = await scripted_run(tmp_path / "b" / "kept.sqlite", seed=12, steps=2)
    _, out, _ = lwd("compare", kept, other)
    rows = out[out.rindex("differs in") :].splitlines()[1:]
    assert [row[0] for row in rows if row[:1] in set("─○□")] == ["○", "□"]
    *runs, _ = lines(lwd("compare", kept, other, "--json")[1])
    assert [run["run"] for run in runs] == [str(kept), str(other)]


def test_compare_says_since_when_runs_are_together(lwd, tmp_path):
    paths = []
    for number, apart in enumerate([(0.9, 0, 0), (0.9, 0.9, 0), (0.9, 0.9, 0.9)]):
        steps = [{"vectors": clouds([-x, x], 40, 0.01, seed=t)} for t, x in enumerate(apart)]
        paths.append(tmp_path / f"{number}.sqlite")
        handmade(paths[-1], steps, seed=number).close()
    *runs, summary = lines(lwd("compare", *paths, "--margin", 2, "--json")[1])
    assert [run["collapsed_at"] for run in runs] == [1, 2, None]
    assert summary["collapse_median"] == 2
    _, out, _ = lwd("compare", *paths, "--margin", 2)
    # They differ in their seeds, which have a column.
    assert "differs in" not in out
    assert "2 of 3 runs had come below 2 for good, the median at t = 2" in out
    assert "no interval at 95% from fewer than 6 runs" in " ".join(out.split())
    assert summary["collapse_interval"] == [None, None]
    _, out, _ = lwd("compare", *paths, "--margin", 2, "--confidence", 0.99)
    assert "no interval at 99% from fewer than 8 runs" in " ".join(out.split())
    # The same run twice isn't two runs.
    _, out, _ = lwd("compare", paths[0], *paths, "--margin", 2)
    assert "3 of 4 runs had come below 2 for good; no median" in out
    *_, summary = lines(lwd("compare", paths[0], *paths, "--margin", 2, "--json")[1])
    assert not summary["replicates"]
    assert "collapse_median" not in summary


def test_a_run_that_is_not_whole_has_no_time_to_collapse(lwd, tmp_path):
    # All are below from t = 1 on, and one of them was stopped there.
    steps = [{"vectors": clouds([-x, x], 40, 0.01, seed=7)} for x in (0.9, 0, 0)]
    paths = [tmp_path / f"{number}.sqlite" for number in range(3)]
    for number, path in enumerate(paths):
        handmade(path, steps[: 2 if number == 2 else 3], seed=number, steps=2).close()
    *runs, summary = lines(lwd("compare", *paths, "--margin", 2, "--json")[1])
    assert [run["collapsed_at"] for run in runs] == [1, 1, None]
    assert summary["collapse_median"] == 1
    _, out, _ = lwd("compare", *paths, "--margin", 2)
    assert "2 of 2 runs had come below 2 for good, the median at t = 1" in out
    assert "1 isn't whole, and isn't counted" in out
    code, _, err = lwd("compare", paths[2], "--margin", 2)
    assert (code, "no run is whole yet" in err) == (2, True)


def test_compare_refuses_a_margin_that_could_not_be_shown(lwd, kept, tmp_path):
    code, out, err = lwd("compare", kept, "--margin", 0.5)
    assert (code, out) == (2, "")
    assert "--margin 0.5 can't be judged in kept: with L = 4" in " ".join(err.split())
    raw = {"backend": "scripted", "model": "words-16", "normalise": False}
    handmade(tmp_path / "raw.sqlite", [{"vectors": clouds([0, 1])}] * 2, embedder=raw).close()
    _, _, err = lwd("compare", tmp_path / "raw.sqlite", "--margin", 0.5)
    assert "the vectors aren't of unit length" in " ".join(err.split())


def test_compare_warns_where_norms_do_not_compare(lwd, tmp_path, kept):
    raw = {"backend": "scripted", "model": "words-16", "normalise": False}
    handmade(tmp_path / "raw.sqlite", [{"vectors": clouds([0, 1])}] * 2, embedder=raw).close()
    assert "their norms don't compare" in lwd("compare", kept, tmp_path / "raw.sqlite")[1]
    handmade(tmp_path / "two.sqlite", [{"vectors": clouds([0, 1])}] * 2).close()
    _, out, _ = lwd("compare", kept, tmp_path / "two.sqlite")
    assert "The runs have n = 2 and n = 3" in " ".join(out.split())
    *_, summary = lines(lwd("compare", kept, tmp_path / "two.sqlite", "--json")[1])
    assert summary["one_scale"] is False


def test_compare_tells_the_interval_of_runs_that_collapsed_at_once_or_never(lwd, tmp_path):
    paths = []
    for number, apart in enumerate([0, 0, 0, 0, 0.9, 0.9, 0.9]):
        vectors = np.zeros((2, 40, 3))
        vectors[1, :, 0] = apart
        paths.append(tmp_path / f"{number}.sqlite")
        handmade(paths[-1], [{"vectors": vectors}] * 2, seed=number).close()
    _, out, _ = lwd("compare", *paths, "--margin", 0.8)
    assert "the median at t = 0 (0 on, with no upper end, at 95%)" in " ".join(out.split())
