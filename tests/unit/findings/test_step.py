"""The statistics of one stored step, against direct calls and answers worked by hand."""

import math

import numpy as np
import pytest
from support.statistics_samples import clouds, handmade, scripted_run

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.permutation import difference_tests
from lwd_tui.analysis.summary import text_statistics
from lwd_tui.analysis.upper_bound import norm_upper_bound
from lwd_tui.findings import sentences
from lwd_tui.findings import step as run_statistics
from lwd_tui.findings.step import MEASURES, first_findings, step_findings, upper_bound
from lwd_tui.seeds import generator
from lwd_tui.store.errors import DamagedRun
from lwd_tui.store.run import RunStore

OF = {measure.key: measure.of for measure in MEASURES}


def findings(store, t, **options):
    return step_findings(store, store.numbers()[t], **options)


async def test_the_numbers_are_those_of_direct_calls(tmp_path):
    with RunStore.open(await scripted_run(tmp_path / "a.sqlite", seed=5)) as store:
        found, step = findings(store, 2, permutations=199), store.step(2)
        direct = difference_tests(
            Responses.of(step.embeddings, step.owners, 3), generator(5, "statistics", 2), 199
        )
        for mine, theirs in zip(found.vectors.tests, direct, strict=True):
            assert (mine.statistic, mine.value, mine.p) == (
                theirs.statistic,
                theirs.value,
                theirs.p,
            )
            assert np.array_equal(mine.pair_holm, theirs.pair_holm, equal_nan=True)
        texts = [response.text for response in step.responses]
        assert found.texts == text_statistics(texts, step.owners, 3)
        assert found.numbers.norm == step.geometry.norm
        assert found.counts.tolist() == [4, 4, 4]
        # What is quick is the same, and the rest isn't there.
        first = first_findings(store, found.numbers)
        assert (first.texts, first.human, first.numbers) == (
            found.texts,
            found.human,
            found.numbers,
        )
        squares = (each.vectors.pairs.squares for each in (first, found))
        np.testing.assert_allclose(*squares)
        assert first.vectors.tests == ()
        assert np.isnan([first.copied.together, first.vectors.interval.upper]).all()
        vendi = OF["vendi"](found)
        assert vendi.together == found.vectors.together.vendi
        assert vendi.alone == tuple(each.vendi for each in found.vectors.alone)
        dispersion = OF["dispersion"](found)
        assert dispersion.alone == tuple(step.geometry.dispersion)
        assert dispersion.together == pytest.approx(step.geometry.dispersion.mean())


async def test_the_same_run_always_gives_the_same_numbers(tmp_path):
    with RunStore.open(await scripted_run(tmp_path / "a.sqlite")) as store:
        one, other = ([findings(store, t) for t in order] for order in ((0, 1, 2), (2, 1, 0)))
    for first, second in zip(one, reversed(other), strict=True):
        assert first.vectors.interval == second.vectors.interval
        assert [t.p for t in first.vectors.tests] == [t.p for t in second.vectors.tests]


def test_the_bound_holds_for_all_steps_together(tmp_path):
    steps = [{"vectors": clouds([0, 0.2, 0.4], 20, seed=t)} for t in range(4)]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found, step = findings(store, 1, level=0.9), store.step(1)
        # Four steps at this level each are all right with probability 0.9.
        responses = Responses.of(step.embeddings, step.owners, 3)
        alone = norm_upper_bound(responses, 0.9 ** (1 / 4))
        assert found.upper_bound == alone > found.vectors.interval.upper
        # A run of more steps asks more of each.
        assert upper_bound(store, step, 0.9, steps=61) > found.upper_bound


def test_there_is_no_bound_of_raw_vectors_nor_with_too_few_answers(tmp_path):
    raw = {"backend": "scripted", "model": "words-16", "normalise": False}
    with handmade(
        tmp_path / "a.sqlite", [{"vectors": np.full((2, 40, 3), 0.5)}], embedder=raw
    ) as store:
        assert math.isnan(findings(store, 0).upper_bound)
    # The default L of a run: four answers can't bound the norm, however equal they are.
    with handmade(tmp_path / "b.sqlite", [{"vectors": np.full((3, 4, 3), 0.5)}] * 7) as store:
        assert math.isnan(findings(store, 0).upper_bound)


def test_copied_words_are_those_of_the_posts_that_this_answer_read(tmp_path):
    post = "one two three four five six"
    texts = [[f"{post} seven eight", "nine ten"], [post, "eleven twelve"]]
    steps = [{"vectors": clouds([0, 1], 2), "texts": texts, "read": [[0], [1]]}]
    changes = {"posts": [{"text": post}, {"text": "nothing of the kind"}]}
    with handmade(tmp_path / "a.sqlite", steps, **changes) as store:
        found = findings(store, 0)
    # Six of eight words in the first answer; ben's whole answer stands in a post he didn't read.
    assert found.copied.alone == pytest.approx((0.375, 0))
    assert found.copied.together == pytest.approx(0.1875)


def test_the_nearest_human_post_is_found_by_its_words(tmp_path):
    texts = [["one two three", "zebra"], ["four five", "one two"]]
    steps = [{"vectors": clouds([0, 1], 2), "texts": texts}] * 2
    with handmade(tmp_path / "a.sqlite", steps, posts=[{"text": "One, two!"}]) as store:
        first, second = findings(store, 0), findings(store, 1)
    assert first.human.alone == pytest.approx(((2 / 3 + 0) / 2, (0 + 1) / 2))
    # What the participants themselves posted meanwhile is no human post.
    assert second.human == first.human


def test_failed_answers_are_left_out(tmp_path):
    vectors = clouds([0, 1], 3)
    vectors[0, 1:] = vectors[1, 0] = np.nan
    with handmade(tmp_path / "a.sqlite", [{"vectors": vectors}]) as store:
        found = findings(store, 0)
    assert found.counts.tolist() == [1, 2]
    assert OF["words"](found).together == pytest.approx(4)
    assert math.isnan(OF["dispersion"](found).together)
    assert math.isnan(OF["effective_rank"](found).alone[0])
    assert found.vectors.tests[0].smallest_p == pytest.approx(1 / 3)


def test_a_participant_without_answers_is_missing_and_the_others_are_tested(tmp_path):
    vectors = clouds([0, 1, 5], 4)
    vectors[2] = np.nan
    with handmade(tmp_path / "a.sqlite", [{"vectors": vectors}]) as store:
        found = findings(store, 0)
    assert math.isnan(found.numbers.norm)
    assert math.isnan(found.upper_bound)
    energy = found.vectors.tests[1]
    # Of 70 ways to part eight answers, 35 pairs of groups, one is as far apart.
    assert energy.smallest_p == pytest.approx(1 / 35)
    assert energy.p == pytest.approx(1 / 35, abs=0.02)
    assert np.isnan(energy.pair_p[0, 2])
    assert math.isnan(OF["copied"](found).alone[2])


def test_a_step_in_which_all_failed_has_no_numbers(tmp_path):
    steps = [{"vectors": clouds([0, 1])}, {"vectors": np.full((2, 4, 5), np.nan)}]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found = findings(store, 1)
        assert found.vectors.tests == ()
        assert found.vectors.partition is None
        values = {key: of(found) for key, of in OF.items() if key not in ("norm", "norm_debiased")}
        for key, value in values.items():
            assert math.isnan(value.together), key
            assert all(math.isnan(each) for each in value.alone), key
        shapes = [points.shape for points, _, _ in run_statistics.clouds(store)]
        assert shapes == [(8, 5), (0, 5)]


def test_one_answer_each_shows_no_difference_whatever_it_is(tmp_path):
    with handmade(tmp_path / "a.sqlite", [{"vectors": clouds([0, 9, 99], 1)}]) as store:
        found = findings(store, 0)
    assert [test.p for test in found.vectors.tests] == [1, 1, 1]
    assert [test.smallest_p for test in found.vectors.tests] == [1, 1, 1]
    assert math.isnan(found.vectors.interval.upper)
    assert OF["between"](found).together == 1


def test_one_participant_has_nobody_to_differ_from(tmp_path):
    with handmade(tmp_path / "a.sqlite", [{"vectors": clouds([0])}]) as store:
        found = findings(store, 0)
    assert found.vectors.tests == ()
    assert np.isnan([found.upper_bound, found.numbers.norm, found.vectors.interval.upper]).all()
    assert math.isnan(OF["norm"](found).together)
    assert OF["dispersion"](found).together > 0


def test_equal_texts_are_one_answer(tmp_path):
    steps = [{"vectors": np.ones((3, 4, 5)), "texts": [["So it goes on and on."] * 4] * 3}]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found = findings(store, 0)
    wanted = {
        "norm": 0, "dispersion": 0, "vendi": 1, "effective_rank": 0, "near_duplicates": 1,
        "duplicates": 1, "self_bleu": 1, "words": 6,
    }  # fmt: skip
    assert {key: OF[key](found).together for key in wanted} == pytest.approx(wanted)
    assert [test.p for test in found.vectors.tests] == [1, 1, 1]
    assert math.isnan(OF["between"](found).together)


def test_a_level_that_is_none_is_refused(tmp_path):
    with (
        handmade(tmp_path / "a.sqlite", [{"vectors": clouds([0, 1])}]) as store,
        pytest.raises(UnfitData, match="level"),
    ):
        findings(store, 0, level=1.0)


def test_the_measures_have_names_of_their_own():
    assert len(OF) == len(MEASURES) == len({measure.title for measure in MEASURES})
    # In files they are names of columns; in words "the norm", "the debiased norm".
    assert all(key.isidentifier() and key.islower() for key in OF)
    assert [measure.title for measure in MEASURES[:2]] == ["norm", "debiased norm"]


def test_of_too_many_answers_what_grows_with_their_square_is_left_out_and_said(
    tmp_path, monkeypatch
):
    with handmade(tmp_path / "a.sqlite", [{"vectors": clouds([0, 1], 3, seed=1)}]) as store:
        tested = findings(store, 0, permutations=9)
        for module in (run_statistics, sentences):
            monkeypatch.setattr(module, "MOST_TESTED", 5)
        found = findings(store, 0, permutations=9)
        (said,) = sentences.step_verdicts(found, store.experiment)
    assert found.vectors.tests == ()
    assert math.isnan(found.vectors.together.vendi)
    assert said[0] == "t = 0, tests"
    assert "the answers, of which there are 6; at most 5 are tested" in said[1]
    for kept in ("copied", "human", "texts"):
        assert getattr(found, kept) == getattr(tested, kept)
    np.testing.assert_allclose(found.vectors.pairs.squares, tested.vectors.pairs.squares)


def test_only_what_was_read_and_what_humans_wrote_is_looked_at(tmp_path):
    with handmade(tmp_path / "a.sqlite", [{"vectors": clouds([0, 1], 3, seed=1)}] * 2) as store:
        everything = {post.id: post for post in store.posts()}
        humans = [post for post in store.posts(1) if post.origin == "human"]
        assert store.human_posts(1) == humans
        assert store.texts_of([1, len(everything) - 1, 1]) == {
            place: everything[place].text for place in (1, len(everything) - 1)
        }
        with pytest.raises(DamagedRun, match="a post that was read is missing"):
            store.texts_of([len(everything)])
