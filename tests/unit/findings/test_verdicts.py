"""What whole runs come to, on runs whose answers are known, and the sentences that say so."""

import math

import numpy as np
import pytest
from support.statistics_samples import clouds, experiment, handmade, scripted_run

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.bernstein import norm_bound, responses_needed
from lwd_tui.analysis.changepoint import change_point
from lwd_tui.analysis.drift import drift
from lwd_tui.analysis.equivalence import control_margin
from lwd_tui.findings import sentences as run_sentences
from lwd_tui.findings.sentences import difference, verdicts
from lwd_tui.findings.step import step_findings
from lwd_tui.findings.verdicts import Unknown, check_control, least_margin, run_findings
from lwd_tui.seeds import generator
from lwd_tui.store.run import RunStore


def judged(store, **options):
    bounded = options.get("margin") is not None
    found = [step_findings(store, numbers, bounded=bounded) for numbers in store.numbers()]
    return found, run_findings(store, found, **options)


def said(store, **options):
    names = [who.name for who in store.experiment.cast]
    return dict(verdicts(judged(store, **options)[1], names))


@pytest.fixture
def falling(tmp_path):
    """Two participants come nearer until t = 5, and stay together."""
    apart = [5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0]
    steps = [{"vectors": clouds([0, x], 20, seed=t)} for t, x in enumerate(apart)]
    with handmade(tmp_path / "falling.sqlite", steps) as store:
        yield store


@pytest.fixture
def short(tmp_path):
    with handmade(tmp_path / "short.sqlite", [{"vectors": clouds([0, 1])}] * 2) as store:
        yield store


def test_the_same_is_said_only_below_the_margin_and_from_when_on(falling):
    found, whole = judged(falling, margin=1.0, window=3)
    bounds = np.array([each.upper_bound for each in found])
    # ||D|| counts each pair twice: a distance of 1 is a norm of 1.41.
    assert (bounds[:5] > 1).all()
    assert (bounds[5:] < 1).all()
    assert whole.equivalence.shown_at == 7
    assert whole.collapsed_at == 5
    sentences = said(falling, margin=1.0, window=3)
    assert sentences["the same?"] == "the same within 1, shown at t = 7 (3 steps in a row)"
    assert "from t = 5 on" in sentences["collapsed?"]


def test_not_shown_is_not_the_same(short):
    sentences = said(short, margin=1e-3)
    assert sentences["the same?"] == "not shown to be the same within 0.001"
    assert "isn't below" in sentences["collapsed?"]
    assert said(short)["the same?"] == "not asked: no margin was stated"


def test_the_change_point_is_where_the_fall_ends(falling):
    found, whole = judged(falling)
    norms = [each.numbers.norm for each in found]
    direct = change_point(norms, generator(falling.experiment.seed, "statistics"))
    assert whole.change == direct
    assert abs(whole.change.step - 5) <= 1
    assert whole.change.explained > 0.98
    assert whole.chart.centre == pytest.approx(np.mean(norms[whole.change.step :]))


def test_the_drift_is_that_of_the_plain_function(falling):
    _, whole = judged(falling)
    steps = [falling.step(t) for t in range(falling.finished())]
    direct = drift([Responses.of(step.embeddings, step.owners, 2) for step in steps], 2)
    assert np.array_equal(whole.drift.squares, direct.squares)
    # ada stands still, ben moves by one a step until t = 5.
    assert whole.drift.squares[:5, 1] == pytest.approx(np.ones(5), abs=0.2)
    assert np.abs(whole.drift.squares[:, 0]).max() < 0.1
    assert "beyond 2 last at t = 5" in said(falling)["still moving?"]


def test_the_attractor_is_told_with_its_arrivals(falling):
    assert "ada t = 0, ben t = 5" in said(falling, radius=0.3)["attractor"]


async def test_what_needs_a_range_is_told_for_unit_vectors(tmp_path):
    path = await scripted_run(tmp_path / "a.sqlite")
    with RunStore.open(path) as store:
        found, whole = judged(store, margin=0.5)
        last = found[-1]
        numbers = last.numbers
        assert whole.bound == norm_bound(numbers.norm, numbers.dispersion, last.counts, 1.0)
        assert whole.needed == responses_needed(0.5, numbers.dispersion, 1.0)
        sums = [each.vectors.pairs.squares.sum() for each in found]
        assert whole.average.means == pytest.approx(np.cumsum(sums) / np.arange(1, 5))
        assert (whole.average.lower <= whole.average.means).all()
        assert f"L = {whole.needed:,}" in said(store, margin=0.5)["sure bound"]
        assert "at 99.9% whenever" in said(store, level=0.999)["average so far"]


def test_raw_vectors_have_no_range(tmp_path):
    embedder = {"backend": "scripted", "model": "words-16", "normalise": False}
    steps = [{"vectors": clouds([0, 1])}] * 2
    with handmade(tmp_path / "a.sqlite", steps, embedder=embedder) as store:
        sentences = said(store)
    assert "unit length" in sentences["average so far"]
    assert "unit length" in sentences["sure bound"]


async def test_equal_unit_vectors_as_far_apart_as_can_be_stay_in_range(tmp_path):
    # In single precision some are longer than 1 by a rounding error.
    one = np.full(3, 1 / math.sqrt(3)) * (1 + 3e-7)
    vectors = np.array([[one] * 4, [-one] * 4])
    with handmade(tmp_path / "a.sqlite", [{"vectors": vectors}] * 2) as store:
        _, whole = judged(store)
    assert whole.average.means == pytest.approx([8, 8])


def test_one_participant(tmp_path):
    steps = [{"vectors": clouds([0], seed=t)} for t in range(8)]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        _, whole = judged(store, margin=1.0)
        sentences = said(store, margin=1.0)
    for name in ("equivalence", "change", "chart", "average", "bound"):
        assert isinstance(getattr(whole, name), Unknown), name
    assert "one participant" in sentences["the same?"]
    assert whole.collapsed_at is None


def test_one_answer_each(tmp_path):
    steps = [{"vectors": clouds([0, 1], 1, seed=t)} for t in range(7)]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found, whole = judged(store, margin=1e9)
        sentences = said(store, margin=1e9)
    assert whole.equivalence.shown_at is None
    assert "too few" in sentences["still moving?"]
    assert "fewer than two" in sentences["average so far"]
    assert "no difference could be shown" in difference(found[-1].vectors.tests[0])


def test_equal_texts_at_all_steps(tmp_path):
    steps = [{"vectors": np.ones((2, 4, 3)) / math.sqrt(3)}] * 8
    with handmade(tmp_path / "a.sqlite", steps) as store:
        _, whole = judged(store, margin=0.1, window=1)
        sentences = said(store, margin=0.1, window=1)
    assert whole.equivalence.shown_at == 0
    assert whole.drift.squares == pytest.approx(np.zeros((7, 2)))
    assert "the same at all steps" in sentences["change point"]
    assert "ada t = 0, ben t = 0" in sentences["attractor"]


def test_who_moved_by_how_much_is_only_said_where_an_error_is_known(tmp_path):
    few = [{"vectors": np.ones((2, 3, 3)) / math.sqrt(3)}] * 2
    with handmade(tmp_path / "few.sqlite", few) as store:
        assert said(store)["still moving?"] == "too few answers"
    # ada stands still, ben has a failed answer too many, cleo moves and says one thing only.
    before, after = np.zeros((3, 4, 3)), np.zeros((3, 4, 3))
    before[:, :, 0] = after[:2, :, 0] = after[2, :, 1] = 1
    after[1, 2] = np.nan
    steps = [{"vectors": before}, {"vectors": after}]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        names = [who.name for who in store.experiment.cast]
        told = said(store)["still moving?"]
    assert f"{names[0]} 0.0, {names[1]} –, {names[2]} ∞; beyond 2 last at t = 1" in told


def test_missing_norms_are_said_to_be_missing(tmp_path):
    vectors = clouds([0, 1])
    vectors[1] = np.nan
    steps = [{"vectors": clouds([0, 1])}] * 6 + [{"vectors": vectors}]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        sentences = said(store, margin=1.0)
    assert "the norm isn't defined at t = 6" in sentences["change point"]
    assert "the norm isn't defined at t = 6" in sentences["control chart"]


def test_short_runs(tmp_path):
    with handmade(tmp_path / "a.sqlite", [{"vectors": clouds([0, 1])}]) as store:
        sentences = said(store)
    assert "one step only" in sentences["still moving?"]
    assert "at least 6 steps" in sentences["change point"]


def test_a_control_run_says_which_margin_is_within_reach(tmp_path):
    steps = [{"vectors": clouds([0, 0], 10, seed=t)} for t in range(6)]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found, _ = judged(store, margin=1.0)
        margin = least_margin(store, window=2)
        assert margin == control_margin([each.upper_bound for each in found], 2)
        assert judged(store, margin=margin * 1.001, window=2)[1].equivalence.shown_at is not None
        with pytest.raises(UnfitData, match="don't fit"):
            least_margin(store, window=7)


def alike(name, **changes):
    return {"name": name, "backend": "scripted", "model": "same"} | changes


def twins(*unlike):
    changes = {"sampling": {"temperature": 0.1}, "system": "Be brief."}
    return [alike("a"), alike("b", **{field: changes[field] for field in unlike})]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({}, ""),
        ({"participants": twins("sampling")}, "a and b differ in sampling"),
        ({"participants": twins("system")}, "a and b differ in system"),
        ({"participants": [*twins(), alike("c")], "n": 3}, "n = 3 where the run has 2"),
        ({"responses": 5}, "L = 5 where the run has 4"),
        ({"embedder": {"backend": "scripted", "model": "words-8"}}, "embedder words-8"),
        (
            {"embedder": {"backend": "scripted", "model": "words-16", "prefix": "x: "}},
            "after 'x: '",
        ),
    ],
)
def test_a_control_run_must_be_of_equal_participants_and_fit(short, tmp_path, changes, complaint):
    given = {"participants": twins(), "n": 2, "responses": 4} | changes
    vectors = clouds([0] * given.pop("n"), given.pop("responses"))
    with handmade(tmp_path / "control.sqlite", [{"vectors": vectors}], **given) as control:
        if complaint:
            with pytest.raises(UnfitData, match=complaint):
                check_control(short, control)
        else:
            check_control(short, control)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"margin": 0}, "margin"), ({"margin": 1, "window": 0}, "window"), ({"radius": -1}, "radius")],
)
def test_options_that_do_not_fit_are_refused(short, options, complaint):
    with pytest.raises(UnfitData, match=complaint):
        judged(short, **options)


def test_what_is_exchangeable_follows_who_read_what():
    assert "model and draw together" in run_sentences.tested(experiment(), 3)
    assert "the models alone" in run_sentences.tested(experiment(), 0)
    assert "the models alone" in run_sentences.tested(experiment(retrieval="shared"), 3)
    assert "averaged over draws" in run_sentences.tested(experiment(retrieval="response"), 3)
    # What is nearest to the query, or everything, is the same for all who may read everything.
    assert "the models alone" in run_sentences.tested(experiment(ranking="similar"), 3)
    assert "model and order" in run_sentences.tested(experiment(beta=1), 3)
    alone = {"topology": "none"}
    for changes in ({"ranking": "similar"}, {"beta": 1}, {"ranking": "recent"}):
        assert "model and draw" in run_sentences.tested(experiment(**changes, **alone), 3)


def test_a_test_that_does_not_reject_is_not_told_as_equality(tmp_path):
    steps = [{"vectors": clouds(means, 12, seed=5)} for means in ([0, 0], [0, 5])]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found, _ = judged(store)
    alike, apart = (each.vectors.tests[1] for each in found)
    assert "doesn't say that there is none" in difference(alike)
    assert difference(apart) == "they differ (p = 0.001)"


def test_a_run_that_has_collapsed_but_for_rounding_has_no_change_and_no_alarms(tmp_path):
    rng = np.random.default_rng(9)
    one = np.full((2, 4, 16), 0.25)
    steps = [{"vectors": one + 1e-7 * rng.normal(size=one.shape)} for _ in range(12)]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        _, whole = judged(store)
        sentences = said(store)
    assert "the same at all steps" in sentences["change point"]
    assert "none outside" in sentences["control chart"]
    assert "ada t = 0, ben t = 0" in sentences["attractor"]
    assert not whole.drift.ratios.any()
