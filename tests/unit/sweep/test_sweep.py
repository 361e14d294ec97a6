"""Sweeps: read, run, gone on with, and summed up."""

import asyncio
import math
import os
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.presets import tiny

from lwd_tui.analysis.weights import norms
from lwd_tui.errors import LwdError, RunStopped
from lwd_tui.experiment.files import preset_names
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.llm import InvalidExperiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.findings.comparison import Scale
from lwd_tui.findings.step import step_findings
from lwd_tui.gmm.network import simulate
from lwd_tui.run.mixtures import keep
from lwd_tui.store.run import RunStore
from lwd_tui.sweep import jobs as sweep_jobs
from lwd_tui.sweep.cluster import ClusterSweep
from lwd_tui.sweep.jobs import jobs_of, run_jobs, settled, steps_done
from lwd_tui.sweep.own import read_plan
from lwd_tui.sweep.protocol import moved
from lwd_tui.sweep.results import TITLES, RunResult, estimate, run_result, variant_results
from lwd_tui.sweep.variants import find_sweep, read_sweep

PRESET = tiny(responses=2, steps=3)
SWEEP = """
name = "two ways"
preset = "./tiny.toml"
seeds = [4, 2]
[set]
beta = 1.0
[[variant]]
name = "with"
[[variant]]
name = "with out"
[variant.set]
interaction = false
scripted.attraction = 0.2
"""
VARIANTS = ["with", "with out"]
SCALE = Scale(2, ())


@pytest.fixture
def file(tmp_path):
    (tmp_path / "tiny.toml").write_text(PRESET)
    (tmp_path / "sweep.toml").write_text(SWEEP)
    return tmp_path / "sweep.toml"


@pytest.fixture
def jobs(file, tmp_path):
    (tmp_path / "runs").mkdir()
    return jobs_of(read_sweep(file), file, tmp_path / "runs")


def run(jobs, at_once=1):
    told = []
    with ThreadPoolExecutor(at_once) as threads:
        problems = run_jobs(jobs, threads, at_once, lambda job, steps: told.append((job, steps)))
    return problems, told


def test_a_sweep_is_its_variants_with_each_seed(jobs):
    places = [(job.variant, job.seed, job.path.name) for job in jobs]
    assert places == [
        ("with", 4, "with-seed-4.sqlite"),
        ("with out", 4, "with-out-seed-4.sqlite"),
        ("with", 2, "with-seed-2.sqlite"),
        ("with out", 2, "with-out-seed-2.sqlite"),
    ]
    assert [job.experiment.seed for job in jobs] == [4, 4, 2, 2]
    assert {job.experiment.beta for job in jobs} == {1.0}
    assert [job.experiment.interaction for job in jobs[:2]] == [True, False]
    # A table within the table changes its own fields only.
    assert [job.experiment.scripted.attraction for job in jobs[:2]] == [0.7, 0.2]
    assert jobs[1].experiment.scripted.spread == jobs[0].experiment.scripted.spread


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[4, 2]", "[4, 4]", "seeds: one is there twice"),
        ("[4, 2]", "[]", "seeds"),
        ('"with out"', '"With"', "two have one name"),
        ('"with out"', '"../out"', "letters, digits"),
        ('"two ways"', '"a/b"', "letters, digits"),
        ('"with"', '"with"\nprotocol = "order"', "the first has a protocol"),
        ("interaction", "interacton", "variant 'with out': there is no field"),
        ("beta = 1.0", "beta = 7", "beta = 7"),
        ("preset =", "perset =", "no field perset; did you mean preset"),
        ("tiny.toml", "other.toml", "no such file"),
        ("seeds =", "seeds", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(file, tmp_path, old, new, complaint):
    file.write_text(SWEEP.replace(old, new))
    with pytest.raises(InvalidExperiment, match=complaint) as told:
        jobs_of(read_sweep(file), file, tmp_path)
    assert "\n" not in str(told.value) or "TOML" in str(told.value)


def test_the_shipped_sweep_is_found_by_name_and_is_no_preset(tmp_path):
    path = find_sweep("interaction")
    jobs = jobs_of(read_sweep(path), path, tmp_path)
    assert len(jobs) == 20
    assert {job.experiment.embedder.backend for job in jobs} == {"embedded"}
    assert "interaction" not in preset_names()
    with pytest.raises(InvalidExperiment, match="did you mean interaction"):
        find_sweep("interactoin")


def test_the_variants_of_the_shipped_sweep_change_one_thing_each(tmp_path):
    path = find_sweep("interaction")
    first, *others = jobs_of(read_sweep(path), path, tmp_path)[:4]
    base = first.experiment.to_dict()
    changed = [
        {name for name, value in job.experiment.to_dict().items() if value != base[name]} - {"name"}
        for job in others
    ]
    assert changed == [{"interaction"}, {"posting"}, {"fresh", "reserve"}]


def test_equal_reading_holds_what_is_read_fixed(tmp_path):
    path = find_sweep("equal-reading")
    variants = jobs_of(read_sweep(path), path, tmp_path)[:4]
    for job in variants:
        spec = job.experiment
        sizes = [spec.size(t) for t in range(spec.steps + 1)]
        assert sizes == [4, 10, 16, 22, 28, 34, 40]
        assert [spec.draw_size(size) for size in sizes] == [1, 2, 4, 5, 7, 8, 10]
        assert spec.reserve == variants[0].experiment.reserve
        assert len({post.text for post in spec.reserve}) == 36


def test_every_run_is_finished_and_told_of(jobs):
    problems, told = run(jobs, at_once=2)
    assert problems == {}
    assert [steps_done(job) for job in jobs] == [4] * 4
    assert told[:4] == [(job, 0) for job in jobs]
    assert dict(told) == dict.fromkeys(jobs, 4)


def test_a_finished_run_is_not_redone(jobs, monkeypatch):
    run(jobs[:3])
    before = [job.path.read_bytes() for job in jobs[:3]]
    asked = []
    monkeypatch.setattr(sweep_jobs, "see_through", lambda job: asked.append(job) or "")
    run(jobs)
    assert asked == jobs[3:]
    assert [job.path.read_bytes() for job in jobs[:3]] == before


async def test_a_stopped_run_is_gone_on_with(jobs, tmp_path):
    from contextlib import aclosing

    from lwd_tui.run.session import Session

    job = jobs[0]
    async with (
        await Session.start(job.experiment, job.path, Wishes(), lambda _: None) as session,
        aclosing(session.run()) as events,
    ):
        async for _ in events:
            if session.store.finished() == 2:
                break
    assert steps_done(job) == 2
    problems, told = run([job])
    assert problems == {}
    assert told[0] == (job, 2)
    assert told[-1] == (job, 4)


def test_the_run_of_another_experiment_is_not_taken_for_this_one(jobs, file, tmp_path):
    run(jobs[:1])
    file.write_text(SWEEP.replace("beta = 1.0", "beta = 0.5"))
    changed = jobs_of(read_sweep(file), file, tmp_path / "runs")
    with pytest.raises(InvalidExperiment, match="another experiment"):
        run(changed)


def test_a_run_of_models_is_not_taken_for_one_of_mixtures_nor_the_other_way_round(jobs):
    run(jobs[:1])
    mixtures = replace(jobs[0], experiment=GmmSpec(name="mixtures", steps=3))
    with pytest.raises(InvalidExperiment, match="another experiment"):
        steps_done(mixtures)
    mixed = replace(mixtures, path=jobs[1].path)
    keep(simulate(mixtures.experiment), mixed.path)
    assert steps_done(mixed) == 4
    with pytest.raises(InvalidExperiment, match="another experiment"):
        steps_done(jobs[1])


def test_what_stops_a_run_is_said_and_the_others_go_on(file, tmp_path):
    (tmp_path / "runs").mkdir()
    file.write_text(SWEEP.replace("interaction = false", 'embedder.model = "no-such"'))
    jobs = jobs_of(read_sweep(file), file, tmp_path / "runs")
    problems, _ = run(jobs)
    assert list(problems) == [jobs[1], jobs[3]]
    assert "no-such" in problems[jobs[1]]
    assert [steps_done(job) for job in jobs] == [4, 0, 4, 0]


def test_a_process_that_dies_is_said_to_have(jobs):
    class Dying(Executor):
        def submit(self, *_):
            future = Future()
            future.set_exception(BrokenProcessPool("a child died"))
            return future

    with pytest.raises(RunStopped, match="ended from outside"):
        run_jobs(jobs, Dying(), 1, lambda *_: None)


async def test_participants_are_chosen_for_all_and_told_once(jobs):
    told = []
    chosen = await settled(jobs, Wishes("scripted"), told.append)
    assert [job.path for job in chosen] == [job.path for job in jobs]
    assert len(told) == len(set(told)) == 1


def test_a_result_is_the_mean_over_the_last_third(jobs):
    run(jobs[:1])
    result = run_result(jobs[0])
    with RunStore.open(jobs[0].path) as store:
        first, *_, last = (step_findings(store, step) for step in store.numbers())
        answers = [step.responses for step in map(store.step, range(4))]
        assert result.norms.tolist() == [numbers.norm for numbers in store.numbers()]
    # A third of four steps is one.
    assert result.early["norm"] == first.numbers.norm
    for counted, of in ((result.early, answers[0]), (result.late, answers[-1])):
        assert 1 <= counted["clusters"] <= len({answer.text for answer in of})
    assert result.late["norm"] == last.numbers.norm
    assert result.late["vendi"] == last.vectors.together.vendi
    numbers = last.numbers
    squared = numbers.norm**2 - numbers.noise_floor**2
    assert result.late["distance_squared"] == pytest.approx(squared)


def test_the_interval_is_students():
    values = [1.0, 2.0, 4.0, 7.0]
    low, high = stats.t.interval(0.9, 3, np.mean(values), stats.sem(values))
    found = estimate(values, 0.9)
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((low, high))
    assert math.isnan(estimate([3.0]).half)
    assert estimate([3.0]).mean == 3
    assert math.isnan(estimate([3.0, math.nan]).mean)


def test_variants_are_compared_seed_by_seed(jobs):
    values = {("with", 4): 1.0, ("with out", 4): 3.0, ("with", 2): 10.0, ("with out", 2): 13.0}
    results = [
        RunResult(job, SCALE, np.full(4, values[job.variant, job.seed]), dict.fromkeys(TITLES, 2.0),
            dict.fromkeys(TITLES, values[job.variant, job.seed]))
        for job in jobs
    ]  # fmt: skip
    first, second = variant_results(VARIANTS, results)
    assert (first.name, first.runs, first.differences) == ("with", 2, {})
    assert first.norms == pytest.approx(np.full(4, 5.5))
    assert second.values["norm"].mean == 8
    assert second.differences["norm"] == pytest.approx(estimate([2.0, 3.0]))
    assert second.changes["norm"] == pytest.approx(estimate([1.0, 11.0]))


@pytest.mark.parametrize(
    ("unlike", "why"),
    [
        ("embedder.normalise = false", "embed their answers in different ways"),
        (
            'participants = [{ name = "a", backend = "scripted", model = "a" },'
            ' { name = "b", backend = "scripted", model = "b" },'
            ' { name = "c", backend = "scripted", model = "c" }]',
            "n = 2 and n = 3",
        ),
    ],
)
def test_norms_that_do_not_compare_are_not_subtracted(tmp_path, unlike, why):
    (tmp_path / "tiny.toml").write_text(PRESET)
    text = SWEEP + f'[[variant]]\nname = "unlike"\nprotocol = "p"\n[variant.set]\n{unlike}\n'
    (tmp_path / "sweep.toml").write_text(text)
    plan = read_sweep(tmp_path / "sweep.toml")
    jobs = jobs_of(plan, tmp_path / "sweep.toml", tmp_path)
    assert run(jobs)[0] == {}
    results = [run_result(job) for job in jobs]
    first, other, odd = variant_results([*VARIANTS, "unlike"], results)
    assert (first.why_none, other.why_none) == ("", "")
    assert why in odd.why_none
    for key in ("norm", "distance_squared"):
        assert math.isfinite(other.differences[key].mean)
        assert math.isnan(odd.differences[key].mean)
        assert math.isfinite(odd.changes[key].mean)
    assert math.isfinite(odd.differences["copied"].mean)
    # Nor is a mean taken over levels of which one is on another scale.
    assert [found.seeds for found in moved(plan.variants, results)] == [()]


def test_a_seed_that_is_missing_in_one_variant_is_in_no_difference(jobs):
    late = dict.fromkeys(TITLES, 2.0)
    results = [RunResult(job, SCALE, np.ones(4), late, late) for job in jobs[:3]]
    first, second = variant_results(VARIANTS, results)
    assert (first.runs, second.runs) == (2, 1)
    assert second.differences["norm"].mean == 0
    assert math.isnan(second.differences["norm"].half)


@pytest.mark.parametrize("missing", [{0}, {0, 2}])
def test_differences_are_from_the_first_variant_of_the_file_whichever_finished(jobs, missing):
    # The first seed of "with" stopped, or both: its runs aren't the first that come, or don't.
    values, early = [1.0, 3.0, 10.0, 14.0], dict.fromkeys(TITLES, 0.0)
    results = [
        RunResult(job, SCALE, np.ones(4), early, dict.fromkeys(TITLES, values[i]))
        for i, job in enumerate(jobs)
        if i not in missing
    ]
    first, second = variant_results(VARIANTS, results)
    assert (first.name, first.runs, first.differences) == ("with", 2 - len(missing), {})
    assert second.runs == 2
    if missing == {0}:
        assert second.differences["norm"].mean == 4
    else:
        assert math.isnan(second.differences["norm"].mean)
        assert math.isnan(first.values["norm"].mean)
        assert not len(first.norms)


LEFT = """
import os, time
from lwd_tui.sweep.conduct import in_processes

if __name__ == "__main__":
    executor = in_processes(1)
    print(executor.submit(os.getpid).result(), flush=True)
    executor.submit(time.sleep, 10**6)
    time.sleep(10**6)
"""


def test_a_sweep_that_is_killed_leaves_no_process_behind(tmp_path):
    (tmp_path / "left.py").write_text(LEFT)
    sweep = subprocess.Popen([sys.executable, tmp_path / "left.py"], stdout=subprocess.PIPE)
    worker = int(sweep.stdout.readline())
    sweep.kill()
    try:
        # All that write there have ended.
        sweep.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def test_a_sweep_of_mixtures_is_made_and_summed_up_by_its_norms(tmp_path):
    file = tmp_path / "sweep.toml"
    file.write_text(
        'name = "mixed"\npreset = "gmm-fig4"\nseeds = [1, 2]\n'
        '[set]\nreplicates = 3\nsteps = 9\n[[variant]]\nname = "only"\n'
    )
    jobs = jobs_of(read_sweep(file), file, tmp_path)
    assert [sweep_jobs.see_through(job) for job in jobs] == ["", ""]
    assert [steps_done(job) for job in jobs] == [10, 10]
    whole = simulate(jobs[0].experiment)
    medians = np.median(norms(whole.weights), axis=0)
    result = run_result(jobs[0])
    assert result.norms.tolist() == medians.tolist()
    assert result.late["norm"] == pytest.approx(medians[-3:].mean())
    assert math.isnan(result.late["vendi"])
    assert "is of mixtures" in read_plan(file, shipped=False).problem


def test_without_dask_the_extra_is_named(jobs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    cluster = ClusterSweep(jobs, "tcp://nowhere:8786", None, 8, lambda *_: None, print)
    with pytest.raises(LwdError, match=r"pip install .lwd-tui\[dask\]"):
        asyncio.run(cluster.run())
