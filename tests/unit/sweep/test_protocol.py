"""Is it the protocol? What moves with what should not matter, and what can't."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from rich.console import Console
from support.presets import tiny

from lwd_tui.analysis.crossed import crossed
from lwd_tui.cli.sweep_protocol import moved_line, print_moved
from lwd_tui.findings.comparison import Scale
from lwd_tui.store.run import RunStore
from lwd_tui.sweep.jobs import jobs_of, run_jobs
from lwd_tui.sweep.protocol import Moved, moved, verdict
from lwd_tui.sweep.results import TITLES, RunResult, estimate, run_result
from lwd_tui.sweep.variants import find_sweep, read_sweep

FACTORS = {"base": "", "word": "template", "line": "template", "mute": "", "turned": "order"}
SWEEP = 'name = "s"\npreset = "./tiny.toml"\nseeds = [1, 2, 3, 4]\n' + "".join(
    f'[[variant]]\nname = "{name}"\nprotocol = "{factor}"\n' for name, factor in FACTORS.items()
)
CAST = '{{ name = "{}", backend = "scripted", model = "{}" }}'
NAMES = f"""
name = "names"
preset = "./tiny.toml"
seeds = [1, 2]
[set]
topology = "star"
[[variant]]
name = "ours"
[[variant]]
name = "theirs"
protocol = "names"
[variant.set]
participants = [{CAST.format("Dr. Ruth", "ada")}, {CAST.format("ada", "ben")}]
"""


def swept(tmp_path, text):
    (tmp_path / "tiny.toml").write_text(tiny(responses=2, steps=2))
    (tmp_path / "sweep.toml").write_text(text)
    plan = read_sweep(tmp_path / "sweep.toml")
    return plan, jobs_of(plan, tmp_path / "sweep.toml", tmp_path)


def results(jobs, effect):
    early = dict.fromkeys(TITLES, 2.0)
    return [
        RunResult(
            job, Scale(3, ()), np.ones(1), early, early | {"distance_squared": 2 + effect(job)}
        )
        for job in jobs
    ]


def printed(found):
    console = Console(file=io.StringIO(), width=80)
    print_moved(found, 0.95, console)
    return console.file.getvalue()


def test_each_factor_has_the_base_and_its_own_levels_and_all_have_all(tmp_path):
    plan, jobs = swept(tmp_path, SWEEP)
    shift = {"base": 0.0, "word": 3.0, "line": -3.0, "mute": 50.0, "turned": 0.0}
    template, order, together = found = moved(
        plan.variants, results(jobs, lambda job: shift[job.variant] + job.seed)
    )
    assert [each.factor for each in found] == ["template", "order", ""]
    assert template.levels == ("base", "word", "line")
    assert order.levels == ("base", "turned")
    assert together.levels == ("base", "word", "line", "turned")
    # 3, 0 and -3 have the variance 9; 1 to 4 have 5 / 3; nothing is left.
    assert template.parts.rows.variance == pytest.approx(9)
    assert template.parts.columns.variance == pytest.approx(5 / 3)
    assert template.parts.left == (0, 0, 0)
    assert template.effect == pytest.approx(estimate([1.0, 2.0, 3.0, 4.0]))
    assert (template.above, together.above) == (2, 3)
    assert "beyond chance; whether less or more than with the seed can't be told" in verdict(
        template
    )
    assert "above 0 in 2 of 3 levels" in verdict(template)
    assert verdict(order) == "The effect is the same in all of them, seed by seed."


def test_a_seed_that_a_level_lacks_is_left_out_of_its_factors_alone(tmp_path):
    plan, jobs = swept(tmp_path, SWEEP)
    there = [job for job in jobs if (job.variant, job.seed) != ("turned", 3)]
    undefined = results(there, lambda job: np.nan if job.variant == "word" else float(job.seed))
    template, order, together = moved(plan.variants, undefined)
    assert (template.seeds, order.seeds, together.seeds) == ((), (1, 2, 4), ())
    assert template.parts is None
    assert "two are needed" in verdict(template)
    assert moved_line(template)["variances"] is None
    assert moved_line(template)["effect"] == {"mean": None, "half_width": None}
    assert printed([template, order, together]).count("two are needed") == 2


def test_what_is_far_below_chance_is_less_than_with_the_seed_and_an_estimate_below_0_is_marked(
    tmp_path,
):
    plan, jobs = swept(tmp_path, SWEEP)
    # What one level adds with a seed another one takes away: so they agree beyond chance.
    signs = {"base": 1, "word": -1, "line": 0, "mute": 0, "turned": 0}
    template, *_ = found = moved(
        plan.variants,
        results(jobs, lambda job: 9.0 * job.seed + signs[job.variant] * (-1) ** job.seed),
    )
    assert template.parts.rows.variance == pytest.approx(-0.25 * 4 / 3)
    assert moved_line(template)["variances"]["protocol"]["variance"] < 0
    assert "if it does, less than with the seed" in verdict(template)
    assert "0.00*" in printed(found)
    assert "* estimated below 0" in printed(found)


@pytest.mark.parametrize(
    ("size", "apart", "seed", "said"),
    [
        (20, 9.0, 0.0, "moves with the protocol beyond chance, more than with the seed"),
        (20, 1.0, 9.0, "moves with the protocol beyond chance, less than with the seed"),
        (3, 0.0, 1.0, "isn't shown to move with the protocol; it may, as much as with the seed"),
    ],
)
def test_more_or_less_is_said_where_the_intervals_do_not_meet(size, apart, seed, said):
    places = np.arange(size)
    noise = np.random.default_rng(8).normal(size=(size, size))
    parts = crossed(apart * places[:, None] + seed * places + noise)
    names = tuple(map(str, places))
    assert said in verdict(Moved("x", names, tuple(places), estimate([1.0, 2.0]), 0, parts))


def test_a_sweep_that_names_no_protocol_has_none(tmp_path):
    plan, jobs = swept(tmp_path, SWEEP.replace('"template"', '""').replace('"order"', '""'))
    assert moved(plan.variants, results(jobs, lambda job: 1.0)) == []


def test_names_of_participants_reach_neither_a_prompt_nor_a_draw_nor_an_answer(tmp_path):
    plan, jobs = swept(tmp_path, NAMES)
    with ThreadPoolExecutor(1) as threads:
        assert run_jobs(jobs, threads, 1, lambda *_: None) == {}
    for one, other in (jobs[:2], jobs[2:]):
        with RunStore.open(one.path) as ours, RunStore.open(other.path) as theirs:
            assert [who.name for who in theirs.experiment.cast] == ["Dr. Ruth", "ada"]
            for t in range(3):
                first, second = ours.step(t), theirs.step(t)
                assert first.draws == second.draws
                assert [a.text for a in first.responses] == [a.text for a in second.responses]
                assert (first.embeddings == second.embeddings).all()
                for i in range(2):
                    assert ours.prompt(t, i, 0) == theirs.prompt(t, i, 0)
    (names,) = moved(plan.variants, [run_result(job) for job in jobs])
    assert verdict(names) == "The effect is the same in all of them, seed by seed."
    assert names.parts.columns.variance > 0


def test_the_shipped_sweep_changes_what_it_says_and_nothing_else(tmp_path):
    path = find_sweep("protocol")
    plan = read_sweep(path)
    base, *others = jobs_of(plan, path, tmp_path)[: len(plan.variants)]
    fields = {"template": "template", "order": "posts", "A(0)": "posts", "query": "query"}
    first = base.experiment.to_dict()
    for variant, job in zip(plan.variants[1:], others, strict=True):
        data = job.experiment.to_dict()
        changed = {name for name in data if data[name] != first[name]}
        assert changed == {"name", fields[variant.protocol]}
        texts = {post["text"] for post in data["posts"]}
        same = texts == {post["text"] for post in first["posts"]}
        assert same == (variant.protocol != "A(0)")
        assert [post["label"] for post in first["posts"]].count("negative") == 2
        assert sorted(post["label"] for post in data["posts"]) == sorted(
            post["label"] for post in first["posts"]
        )
    assert len({str(job.experiment.posts) + job.experiment.query for job in others}) == 10
