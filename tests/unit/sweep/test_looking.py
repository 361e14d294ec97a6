"""Sweeps as they are looked at: how far, what they cost, who makes them, and as they are kept."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats
from support.presets import tiny

from lwd_tui.experiment.files import preset_folder
from lwd_tui.experiment.llm import InvalidExperiment
from lwd_tui.run.cost import estimate
from lwd_tui.store.lock import WriterLock
from lwd_tui.store.run import RunStore
from lwd_tui.sweep import conduct
from lwd_tui.sweep.conduct import Conductor, SweepBusy, is_under_way, right_to_run
from lwd_tui.sweep.jobs import jobs_of, see_through
from lwd_tui.sweep.outlook import cost_sentence, shown_sentence
from lwd_tui.sweep.own import NEW, keep, plans, read_plan, text_of
from lwd_tui.sweep.pairs import differences
from lwd_tui.sweep.variants import find_sweep, own_folder, read_sweep, sweep_folder
from lwd_tui.sweep.watch import Watch

SWEEP = """
name = "two ways"
preset = "./tiny.toml"
seeds = [4, 2]
[[variant]]
name = "with"
[[variant]]
name = "without"
[variant.set]
interaction = false
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    (tmp_path / "tiny.toml").write_text(tiny(responses=2, steps=3))
    (tmp_path / "two.toml").write_text(SWEEP)
    return tmp_path / "two.toml"


@pytest.fixture
def jobs(file):
    sweep = read_sweep(file)
    sweep_folder(sweep).mkdir(parents=True)
    return jobs_of(sweep, file, sweep_folder(sweep))


def statuses(watch):
    return [state.status for state in watch.look()]


def test_runs_are_seen_as_they_are(jobs):
    watch = Watch(jobs)
    assert statuses(watch) == ["waiting"] * 4
    see_through(jobs[0])
    with RunStore.create(jobs[1].path, jobs[1].experiment, {}) as store:
        assert statuses(watch) == ["done", "running", "waiting", "waiting"]
        store.add_event("error", "no server answers", 0)
    jobs[3].path.write_bytes(b"no run" * 400)
    seen = watch.look()
    assert [state.status for state in seen] == ["done", "failed", "waiting", "other"]
    assert seen[1].problem == "no server answers"
    assert "not a run" in seen[3].problem
    with RunStore.open(jobs[0].path) as store:
        assert seen[0].curve().tolist() == [each.norm for each in store.numbers()]


def test_what_has_not_changed_is_not_read_again(jobs, monkeypatch):
    see_through(jobs[0])
    watch = Watch(jobs)
    before = watch.look()
    monkeypatch.setattr(RunStore, "open", None)
    assert [id(state) for state in watch.look()] == [id(state) for state in before]


def test_a_run_of_another_experiment_is_none_of_these(jobs, file):
    see_through(jobs[0])
    file.write_text(SWEEP.replace("[[variant]]", "[set]\nbeta = 0.25\n[[variant]]", 1))
    now = read_plan(file, shipped=False)
    assert statuses(Watch(now.jobs)) == ["other", "waiting", "waiting", "waiting"]


def test_one_process_makes_the_runs(jobs):
    folder = jobs[0].path.parent
    assert not is_under_way(folder)
    with right_to_run(folder):
        assert is_under_way(folder)
        with pytest.raises(SweepBusy, match="another process makes the runs in"):
            Conductor(jobs)
    assert not is_under_way(folder)
    assert not list(folder.iterdir())


def test_a_conductor_makes_all_and_says_what_stopped(jobs, monkeypatch):
    monkeypatch.setattr(conduct, "in_processes", lambda count, leash: ThreadPoolExecutor(count))
    with WriterLock(jobs[2].path):
        conductor = Conductor(jobs, at_once=2)
        conductor.join()
    assert not conductor.busy
    assert not conductor.making
    assert not conductor.complaint
    assert [job for job in jobs if conductor.problems[job]] == [jobs[2]]
    assert "another process" in conductor.problems[jobs[2]]
    assert statuses(Watch(jobs)) == ["done", "done", "waiting", "done"]
    again = Conductor(jobs)
    again.join()
    assert statuses(Watch(jobs)) == ["done"] * 4


def test_the_cost_is_that_of_all_runs(jobs):
    one = [estimate(job.experiment) for job in jobs]
    said = cost_sentence(Watch(jobs).look())
    # Two participants answer twice at each of four steps.
    assert said.startswith("4 runs, 64 answers, ")
    assert f"about {sum(cost.prompt_tokens for cost in one):,} prompt tokens" in said
    assert said.endswith("known from the first steps on")
    see_through(jobs[0])
    assert cost_sentence(Watch(jobs).look()).endswith("left, one run at a time")


def test_what_a_sweep_could_show_is_what_a_plan_of_its_seeds_says(jobs, file):
    bare = shown_sentence(Watch(jobs).look())
    # With one degree of freedom t is nearly sqrt(2) effect / |z|, z normal, so that four times of
    # five ask for 12.7 * 1.28 / sqrt(2).
    assert bare == "2 pairs show 12 standard deviations of a difference, four times of five"
    # Of two answers it can't be told how they vary.
    see_through(jobs[0])
    assert shown_sentence(Watch(jobs).look()) == bare
    jobs[0].path.unlink()
    file.write_text(SWEEP.replace("[[variant]]", "[set]\nresponses = 4\n[[variant]]", 1))
    jobs = read_plan(file, shipped=False).jobs
    for job in jobs[::2]:
        see_through(job)
    said = shown_sentence(Watch(jobs).look())
    assert "noise floor about" in said
    assert "2 pairs show a difference of" in said
    alone = [state for state in Watch(jobs).look() if state.job.seed == 2]
    assert "one seed shows no difference" in shown_sentence(alone)


def test_differences_are_seed_by_seed_with_both_intervals():
    rng, seeds = np.random.default_rng(3), range(8)
    first, far = rng.normal(1.0, 0.1, 8), rng.normal(4.0, 0.1, 8)
    values = {("a", s): float(first[s]) for s in seeds}
    values |= {("b", s): float(far[s]) for s in seeds} | {("c", s): values["a", s] for s in seeds}
    b, c = differences(["a", "b", "c"], seeds, values)
    low, high = stats.t.interval(0.95, 7, (far - first).mean(), stats.sem(far - first))
    assert (b.mean - b.once, b.mean + b.once) == pytest.approx((low, high))
    assert b.once < b.always < math.inf
    assert (b.pairs, b.sure, c.sure, c.mean, c.p) == (8, True, False, 0, 1)
    # Holm: the smaller of two p counts twice.
    (alone,) = differences(["a", "b"], seeds, values)
    assert b.p == pytest.approx(2 * alone.p)


def test_pairs_are_counted_in_the_order_of_the_file():
    values = {(name, seed): float(seed) for name in "ab" for seed in (1, 2, 4)}
    seeds = [1, 2, 3, 4]
    assert differences("ab", seeds, values)[0].pairs == 2
    # One that an error stopped isn't waited for.
    assert differences("ab", seeds, values, {("b", 3)})[0].pairs == 3
    assert differences("ab", seeds, {})[0].p == 1
    assert differences("a", seeds, values) == []
    values["b", 2] = math.nan
    assert differences("ab", seeds, values)[0].pairs == 0


def test_a_sweep_is_kept_and_found_by_its_name(file):
    path = keep(NEW)
    assert path == own_folder() / "my-sweep.toml"
    assert find_sweep("my-sweep") == path
    assert path.read_text() == NEW
    mine, *shipped = plans([file])[1:]
    assert (mine.path, mine.name, len(mine.jobs)) == (file, "two ways", 4)
    assert {plan.path.parent for plan in shipped} == {preset_folder() / "sweeps"}
    assert all(plan.shipped and plan.jobs and not plan.problem for plan in shipped)


def test_an_edited_sweep_takes_the_place_of_the_old_one_or_has_another_name(file):
    own = read_plan(keep(NEW), shipped=False)
    assert keep(NEW.replace("6]", "6, 7]"), own) == own.path
    assert len(read_plan(own.path, shipped=False).jobs) == 14
    other = keep(NEW.replace("my sweep", "other"), own)
    assert other != own.path
    assert own.path.exists()
    # A file elsewhere is kept where it is.
    assert keep(SWEEP.replace("2]", "2, 7]"), read_plan(file, shipped=False)) == file


def test_a_shipped_sweep_is_kept_as_a_copy(file):
    plan = read_plan(find_sweep("interaction"), shipped=True)
    text = text_of(plan)
    with pytest.raises(InvalidExperiment, match="'interaction' ships; give yours another name"):
        keep(text, plan)
    copy = read_plan(keep(text.replace('"interaction"', '"mine"'), plan), shipped=False)
    assert [job.experiment.sha256 for job in copy.jobs] == [
        job.experiment.sha256 for job in plan.jobs
    ]


def test_what_cannot_be_kept_is_said_and_nothing_is_written(file, jobs):
    plan = read_plan(file, shipped=False)
    for text, complaint in (
        (SWEEP.replace("seeds", "sedes"), "did you mean seeds"),
        (SWEEP.replace("interaction", "interacton"), "variant 'without': there is no field"),
        ("name = ", "not valid TOML"),
    ):
        with pytest.raises(InvalidExperiment, match=complaint):
            keep(text, plan)
    changed = SWEEP.replace("interaction = false", "beta = 0.25")
    with (
        right_to_run(jobs[0].path.parent),
        pytest.raises(InvalidExperiment, match="two ways is under way"),
    ):
        keep(changed, plan)
    see_through(jobs[1])
    with pytest.raises(InvalidExperiment, match="1 stored run of two ways would be of another"):
        keep(changed, plan)
    assert file.read_text() == SWEEP
    # More seeds leave the stored runs what they are.
    keep(SWEEP.replace("2]", "2, 9]"), plan)
    own_folder().joinpath("new.toml").mkdir()
    with pytest.raises(InvalidExperiment, match="there is a sweep called 'new'"):
        keep(NEW.replace("my sweep", "new"))


def test_a_sweep_that_cannot_be_read_says_why(file):
    assert "no such file" in read_plan(file.with_name("gone.toml"), shipped=False).problem
    file.write_text(SWEEP.replace("tiny", "gone"))
    plan = read_plan(file, shipped=False)
    assert "no such file" in plan.problem
    assert plan.name == "two ways"
