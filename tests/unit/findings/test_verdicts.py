"""What whole runs come to, on runs whose answers are known, and the sentences that say so."""

import math
from dataclasses import replace

import numpy as np
import pytest
from support.statistics_samples import clouds, experiment, handmade, scripted_run

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.changepoint import change_point
from lwd_tui.analysis.drift import Drift, drift
from lwd_tui.analysis.upper_bound import least_upper_bound, responses_needed
from lwd_tui.findings import sentences as run_sentences
from lwd_tui.findings.clusters import AnswerClusters
from lwd_tui.findings.sentences import difference, verdicts
from lwd_tui.findings.step import step_findings
from lwd_tui.findings.verdicts import Unknown, run_findings
from lwd_tui.seeds import generator
from lwd_tui.store.run import RunStore


def judged(store, **options):
    found = [step_findings(store, numbers) for numbers in store.numbers()]
    return found, run_findings(store, found, **options)


def said(store, **options):
    names = [who.name for who in store.experiment.cast]
    return dict(verdicts(judged(store, **options)[1], names))


@pytest.fixture
def falling(tmp_path):
    """Two participants come nearer until t = 5, and stay together."""
    apart = [1.25, 1, 0.75, 0.5, 0.25, 0, 0, 0, 0, 0, 0]
    steps = [
        {"vectors": clouds([-0.6, x - 0.6], 60, spread=0.05, seed=t)} for t, x in enumerate(apart)
    ]
    with handmade(tmp_path / "falling.sqlite", steps) as store:
        yield store


@pytest.fixture
def short(tmp_path):
    with handmade(tmp_path / "short.sqlite", [{"vectors": clouds([0, 1])}] * 2) as store:
        yield store


def test_the_same_is_said_only_below_the_margin_and_from_when_on(falling):
    found, whole = judged(falling, margin=0.6, window=3)
    bounds = np.array([each.upper_bound for each in found])
    # ||D|| counts each pair twice, and the bound is above it at all steps.
    assert (bounds > np.sqrt(2) * np.maximum(1.25 - 0.25 * np.arange(11), 0)).all()
    assert (bounds[:5] > 0.6).all()
    assert (bounds[5:] < 0.6).all()
    assert whole.equivalence.shown_at == 7
    assert whole.collapsed_at == 5
    # Three in a row are asked for unless told.
    sentences = said(falling, margin=0.6)
    assert sentences["the same?"] == "the same within 0.6, shown at t = 7 (3 steps in a row)"
    assert "from t = 5 on" in sentences["collapsed?"]


def test_nothing_is_asked_without_a_margin(short):
    assert said(short)["the same?"] == "not asked: no margin was stated"


def test_not_shown_is_not_the_same(falling):
    sentences = said(falling, margin=0.33)
    assert sentences["the same?"] == "not shown to be the same within 0.33"
    assert "isn't below" in sentences["collapsed?"]


def test_with_few_answers_nothing_is_called_the_same(tmp_path):
    # The default L. The participants differ along the axis on which their answers vary most, and
    # the margin is the true norm: whatever comes out, it can't be shown. (With this seed the upper
    # ends of a bootstrap fall below the truth.)
    rng = np.random.default_rng(4)
    scale = np.sqrt(0.3 / np.arange(1, 51) / (1 / np.arange(1, 51)).sum())
    steps = []
    for _ in range(9):
        vectors = scale * rng.normal(size=(3, 4, 50))
        vectors[0, :, 0] += 0.75
        steps.append({"vectors": vectors / 2})
    with handmade(tmp_path / "a.sqlite", steps) as store:
        _, whole = judged(store, margin=0.75, window=1)
        sentences = said(store, margin=0.75, window=1)
    needed = responses_needed(0.75, 3, 0.95 ** (1 / 9))
    assert whole.needed == needed
    assert sentences["the same?"] == (
        "it can't be shown: with L = 4, the bounds of 9 steps say nothing, even if all answers "
        f"are equal; it takes L = {needed} or more"
    )
    assert sentences["collapsed?"] == sentences["the same?"]
    assert whole.collapsed_at is None


def test_a_margin_that_no_answers_could_meet_is_told(falling):
    least = least_upper_bound(2, 60, 0.95 ** (1 / 11))
    sentences = said(falling, margin=0.01)
    assert f"can't come below {least:.3g}" in sentences["the same?"]
    assert "can't be shown" in sentences["collapsed?"]
    assert sentences["sure bound"].startswith("the last norm is below")


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
    # ada stands still, ben moves by a quarter a step until t = 5.
    assert whole.drift.squares[:5, 1] == pytest.approx(np.full(5, 0.0625), abs=0.02)
    assert np.abs(whole.drift.squares[:, 0]).max() < 0.001
    assert "beyond 2 last at t = 5" in said(falling)["still moving?"]


def test_the_attractor_is_told_with_its_arrivals(falling):
    assert "ada t = 0, ben t = 5" in said(falling, radius=0.15)["attractor"]


async def test_what_needs_a_range_is_told_for_unit_vectors(tmp_path):
    path = await scripted_run(tmp_path / "a.sqlite")
    with RunStore.open(path) as store:
        found, whole = judged(store, margin=0.5)
        assert whole.needed == responses_needed(0.5, 3, 0.95 ** (1 / 4))
        sums = [each.vectors.pairs.squares.sum() for each in found]
        assert whole.average.means == pytest.approx(np.cumsum(sums) / np.arange(1, 5))
        assert (whole.average.lower <= whole.average.means).all()
        assert "say nothing" in said(store, margin=0.5)["sure bound"]
        mean = f"without noise {np.mean(sums):.3g}, {whole.average.lower[3]:.3g} to"
        assert mean in said(store)["average so far"]
        assert "at 99.9% whenever" in said(store, level=0.999)["average so far"]


def test_the_sure_bound_is_that_of_the_last_step(falling):
    found, whole = judged(falling)
    assert whole.bound == found[-1].upper_bound < 0.6
    assert f"below {whole.bound:.3g}" in said(falling)["sure bound"]


def test_answers_all_over_the_place_have_no_bound(tmp_path):
    vectors = np.zeros((2, 12, 2))
    vectors[0, ::2, 0] = vectors[1, :, 0] = 1
    vectors[0, 1::2, 0] = -1
    with handmade(tmp_path / "a.sqlite", [{"vectors": vectors}] * 2) as store:
        assert "too varied" in said(store)["sure bound"]


def test_raw_vectors_have_no_range(tmp_path):
    embedder = {"backend": "scripted", "model": "words-16", "normalise": False}
    steps = [{"vectors": clouds([0, 1])}] * 2
    with handmade(tmp_path / "a.sqlite", steps, embedder=embedder) as store:
        sentences = said(store, margin=1.0)
    assert "unit length" in sentences["the same?"]
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
    steps = [{"vectors": clouds([0, 0.5], 1, seed=t)} for t in range(7)]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found, _ = judged(store)
        sentences = said(store, margin=1e9)
    assert "bounds of 7 steps say nothing" in sentences["the same?"]
    assert "too few" in sentences["still moving?"]
    assert "fewer than two" in sentences["average so far"]
    assert "no difference could be shown" in difference(found[-1].vectors.tests[0])


def test_equal_texts_at_all_steps(tmp_path):
    steps = [{"vectors": np.ones((2, 40, 3)) / math.sqrt(3)}] * 8
    with handmade(tmp_path / "a.sqlite", steps) as store:
        _, whole = judged(store, margin=0.5, window=1)
        sentences = said(store, margin=0.5, window=1)
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


def test_of_many_participants_those_are_named_that_moved_most_or_came_last(short):
    _, whole = judged(short)
    ratios = np.arange(12.0)
    ratios[[7, 3]] = 90, np.nan
    report = whole.attractor
    arrivals = (0, 0, 4, *[1] * 8, None)
    # Of 100 answers each, 89 and more are in the first cluster.
    given = np.array(
        [(t, i, int(k >= 89 + i)) for t in range(2) for i in range(12) for k in range(100)]
    )
    many = replace(
        whole,
        drift=Drift(ratios[None], np.ones((1, 12))),
        attractor=replace(report, found=replace(report.found, arrivals=arrivals)),
        clusters=AnswerClusters(given, 2, 12, ("One.", "Two."), 0.5, 1),
    )
    told = dict(verdicts(many, [f"m{i}" for i in range(12)]))
    assert "errors: m7 90.0, m11 11.0, m10 10.0, m9 9.0, m8 8.0 and 7 less" in told["still moving?"]
    assert told["cluster A"].startswith("m11 100%, m10 99%, m9 98%, m8 97%, m7 96%; led by")
    # Who never came is the last of all; of those who came together, the first are named.
    assert told["attractor"].endswith(
        "last of all m11 never, m2 t = 4, m3 t = 1, m4 t = 1, m5 t = 1"
    )


def test_missing_norms_are_said_to_be_missing(tmp_path):
    vectors = clouds([0, 1])
    vectors[1] = np.nan
    steps = [{"vectors": clouds([0, 1])}] * 6 + [{"vectors": vectors}] * 2
    with handmade(tmp_path / "a.sqlite", steps) as store:
        sentences = said(store, margin=1.0)
    assert "the norm isn't defined at t = 6" in sentences["change point"]
    assert "the norm isn't defined at t = 6" in sentences["control chart"]


def test_where_nobody_said_anything_there_is_nothing_to_gather_round(tmp_path):
    steps = [{"vectors": np.full((2, 4, 5), np.nan)}] * 2
    with handmade(tmp_path / "a.sqlite", steps) as store:
        sentences = said(store)
    assert sentences["attractor"] == "none: there is no usable answer at t = 1"
    assert sentences["clusters"].startswith("none: ")


def test_a_change_at_the_very_end_leaves_too_few_steps_for_a_chart(tmp_path):
    steps = [
        {"vectors": clouds([0, apart], 4, seed=t)} for t, apart in enumerate([9] * 6 + [1] * 2)
    ]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        sentences = said(store)
    assert "t = 6" in sentences["change point"]
    assert sentences["control chart"].endswith("only 2 steps from the change point on")


def test_short_runs(tmp_path):
    with handmade(tmp_path / "a.sqlite", [{"vectors": clouds([0, 1])}]) as store:
        sentences = said(store)
    assert "one step only" in sentences["still moving?"]
    assert "at least 6 steps" in sentences["change point"]


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
    everything = experiment(retrieval="response", beta=1)
    assert "averaged over draws" in run_sentences.tested(everything, 3)
    # What is nearest to the query, or everything, is the same for all who may read everything.
    assert "the models alone" in run_sentences.tested(experiment(ranking="similar"), 3)
    assert "model and order" in run_sentences.tested(experiment(beta=1), 3)
    alone = {"topology": "none"}
    for changes in ({"ranking": "similar"}, {"beta": 1}, {"ranking": "recent"}):
        said = run_sentences.tested(experiment(**changes, **alone), 3)
        assert "model and draw" in said
        # Nor may one draw be read by all there.
        assert "shared" not in said
    assert 'retrieval = "shared" would' in run_sentences.tested(experiment(), 3)


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
