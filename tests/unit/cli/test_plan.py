"""`lwd-tui plan`: from a few answers, from stored runs, and what is said where it can't."""

import json
import math
import re
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from support.statistics_samples import clouds, experiment, handmade, scripted_run

from lwd_tui.analysis.planning import Scatter, step_power
from lwd_tui.run.basis import Basis, from_runs
from lwd_tui.run.outlook import clause, outlook
from lwd_tui.store.run import RunStore


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))


@pytest.fixture
def preset(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(experiment().to_toml(), encoding="utf-8")
    return path


def test_a_plan_from_a_few_answers(lwd, preset):
    code, out, _ = lwd("plan", preset, "--margin", "0.3", "--json")
    found = json.loads(out)
    assert code == 0
    spread = np.array(found["dispersion"])
    assert found["noise_floor"] == pytest.approx(math.sqrt(2 * 2 * spread.sum() / 4))
    assert found["least_norm"] > 0
    assert found["responses_to_show"] > 4
    # Nothing is known of other seeds.
    assert found["least_effect"] == pytest.approx(1.435, abs=1e-3)
    assert found["least_difference"] is found["seeds_to_show"] is None
    assert found["cost"]["responses"] == 4 * 3 * 4
    assert list((preset.parent / "home").glob("runs/*")) == []
    code, out, _ = lwd("plan", preset, "--margin", "0.3")
    assert code == 0
    assert "noise floor to expect" in out
    assert "give several runs with --from" in " ".join(out.split())


async def test_a_plan_from_runs_says_what_these_had(tmp_path, lwd, preset):
    runs = [await scripted_run(tmp_path / f"{seed}.sqlite", seed=seed) for seed in (1, 2, 3)]
    words = [word for run in runs for word in ("--from", run)]
    code, out, _ = lwd("plan", preset, "--margin", "0.3", "--json", *words)
    found = json.loads(out)
    assert code == 0
    last = []
    for run in runs:
        with RunStore.open(run) as store:
            last.append(store.numbers()[-1])
            size = run.stat().st_size
            tokens = sum(
                attempt.completion_tokens
                for t in range(store.finished())
                for response in store.pending(t)
                for attempt in response.attempts
            )
    assert found["deviation"] == pytest.approx(np.std([each.norm for each in last], ddof=1))
    spread = np.mean([each.dispersion for each in last], axis=0)
    assert found["dispersion"] == pytest.approx(spread.tolist())
    assert found["seeds_to_show"] >= 2
    # The same experiment costs the same again.
    assert found["cost"]["disk"] == pytest.approx(size, rel=0.02)
    assert found["cost"]["new_tokens"] == pytest.approx(tokens, rel=0.1)
    twice = json.loads(lwd("plan", preset, "--set", "responses=8", "--json", *words)[1])
    assert twice["cost"]["new_tokens"] == pytest.approx(2 * found["cost"]["new_tokens"], rel=0.01)
    assert twice["noise_floor"] == pytest.approx(found["noise_floor"] / math.sqrt(2))


def test_what_a_run_shows_is_what_was_planned_from_another(tmp_path):
    steps = [{"vectors": clouds([0, 0, 0], 6, seed=seed)} for seed in range(60)]
    spec = experiment(steps=29, responses=6)
    with handmade(tmp_path / "first.sqlite", steps[:30], steps=29) as store:
        basis = from_runs(spec, [store])
    with handmade(tmp_path / "then.sqlite", steps[30:], steps=29) as store:
        squares = np.mean([each.norm**2 for each in store.numbers()])
    floor = math.sqrt(2 * 2 * basis.scatter.dispersion.sum() / 6)
    # 30 squared norms, each with a relative deviation of sqrt(2 / (nu (n - 1))), nu = 5.
    assert squares == pytest.approx(floor**2, rel=4 * math.sqrt(2 / 10 / 30))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--margin", "0"], "--margin 0: must be more than 0"),
        (["--power", "0.01"], "--power 0.01: must lie between 0.05 and 1"),
        (["--confidence", "1"], "--confidence 1: must lie between"),
        (["--from", "nowhere"], "no run and no file is called 'nowhere'"),
        (["--backend", "ollama", "--host", "http://127.0.0.1:9"], "127.0.0.1:9"),
        (["--set", "scripted.failures=1"], "answers can't be used"),
    ],
)
def test_what_is_wrong_is_one_sentence(lwd, preset, words, told):
    code, out, err = lwd("plan", preset, *words)
    assert code in (2, 3, 4)
    assert out == ""
    assert told in err
    assert len(err.strip().splitlines()) == 1


def test_one_alone_is_at_no_distance(tmp_path, lwd):
    path = tmp_path / "alone.toml"
    path.write_text(experiment().replaced({"participants": [
        {"name": "ada", "backend": "scripted", "model": "ada"}]}).to_toml())  # fmt: skip
    code, out, _ = lwd("plan", path, "--margin", "0.3", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["noise_floor"] is found["least_norm"] is found["margin_power"] is None
    assert "one alone is at no distance" in lwd("plan", path)[1]


async def test_runs_of_others_are_no_ground_for_a_plan(tmp_path, lwd, preset):
    run = await scripted_run(tmp_path / "run.sqlite")
    for change, told in (
        ("embedder.model=words-64", "in embedder.model: plan from"),
        ("participants.0.model=dora", "in participants.0.model: plan from"),
        ("participants.1.sampling.temperature=0.1", "in participants.1.sampling.temperature"),
    ):
        code, _, err = lwd("plan", preset, "--from", run, "--set", change)
        assert code == 2
        assert told in err
    with handmade(tmp_path / "one.sqlite", [{"vectors": clouds([0, 0, 0])}], steps=3):
        pass
    code, _, err = lwd("plan", preset, "--from", tmp_path / "one.sqlite")
    assert code == 2
    assert "has one whole step only" in err
    other = await scripted_run(tmp_path / "other.sqlite", responses=8)
    code, _, err = lwd("plan", preset, "--from", run, "--from", other)
    assert code == 2
    assert "must differ in their seeds" in err


def test_what_a_step_could_show_is_said_in_a_clause():
    # Three participants of 10 answers each, with S = 0.2: the floor is sqrt(2 (n - 1) n S / L).
    found = Scatter(np.full(3, 0.2), 5.0)
    ten = clause(experiment(responses=10), found)
    floor, least = (float(number) for number in re.findall(r"\d+\.\d+", ten))
    assert floor == pytest.approx(math.sqrt(2 * 2 * 3 * 0.2 / 10), abs=5e-4)
    assert step_power(least, found, 10) == pytest.approx(0.8, abs=5e-3)
    one = clause(experiment(responses=1), found)
    assert one.endswith("and L = 1 can't show a difference at a step")
    alone = experiment().replaced(
        {"participants": [who.model_dump() for who in experiment().cast][:1]}
    )
    assert clause(alone, found) == ""
    # That two are the same can be shown of vectors within bounds only.
    basis = Basis("by hand", found, math.nan, 0, 0, None, 0, {})
    raw = experiment().replaced({"embedder.normalise": False})
    assert outlook(raw, basis, margin=5.0).responses_for_same is None
    assert outlook(experiment(), basis, margin=5.0).responses_for_same is not None


async def test_a_plan_from_a_damaged_run_is_refused_in_a_sentence(tmp_path, lwd, preset):
    run = await scripted_run(tmp_path / "run.sqlite")
    with closing(sqlite3.connect(run)) as file, file:
        file.execute("UPDATE run SET record = json_remove(record, '$.models[0].name')")
    code, _, err = lwd("plan", preset, "--from", run)
    assert code == 2
    assert "is damaged" in err
