"""The attractor of runs whose vectors, texts and draws are set by hand."""

import numpy as np
import pytest
from support.statistics_samples import clouds, handmade, scripted_run

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.attractor import attractor
from lwd_tui.findings.attractor import attractor_report
from lwd_tui.store.run import RunStore


def at(*places):
    """Vectors of two answers each, exactly at places on a line."""
    vectors = np.zeros((len(places), 2, 3))
    vectors[:, :, 0] = np.asarray(places, dtype=float)[:, None]
    return vectors


def test_arrivals_are_the_first_steps_within_the_radius(tmp_path):
    steps = [{"vectors": at(*places)} for places in ((9, -9), (5, -1), (1.5, -1), (1, -1))]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        report = attractor_report(store, radius=1.6)
    assert report.found.arrivals == (2, 1)
    assert report.found.distances[:, 0] == pytest.approx([9, 5, 1.5, 1])
    assert report.found.centre == pytest.approx([0, 0, 0])


def test_without_a_radius_all_have_arrived_by_the_end(tmp_path):
    steps = [{"vectors": at(*places)} for places in ((9, -9), (0.5, -4), (1, -1))]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        report = attractor_report(store)
    assert report.found.radius == pytest.approx(1)
    assert report.found.arrivals == (1, 2)


def test_noise_counts_as_arrived(tmp_path):
    # The means end at one place, and two answers each vary by one about it: S = 2, S / L = 1.
    spread = at(0, 0)
    spread[:, :, 1] = [1, -1]
    with handmade(tmp_path / "a.sqlite", [{"vectors": at(1, 9)}, {"vectors": spread}]) as store:
        report = attractor_report(store)
    assert report.found.radius == pytest.approx(np.sqrt(2))
    assert report.found.arrivals == (0, 1)


async def test_it_is_that_of_the_plain_function(tmp_path):
    with RunStore.open(await scripted_run(tmp_path / "a.sqlite")) as store:
        report = attractor_report(store, radius=0.8)
        steps = [store.step(t) for t in range(4)]
    direct = attractor([Responses.of(it.embeddings, it.owners, 3) for it in steps], 0.8)
    assert report.found.distances == pytest.approx(direct.distances)
    assert report.found.arrivals == direct.arrivals
    assert report.found.nearest == direct.nearest
    place = (report.answer.t, report.answer.participant, report.answer.index)
    assert place == (3, direct.nearest // 4, direct.nearest % 4)


def test_the_chain_goes_back_by_words_to_a_human_post(tmp_path):
    human = [{"text": "red green"}, {"text": "red blue"}]
    steps = [
        # Posts 2 and 3; ada read both, ben the second.
        {"vectors": at(0, 5), "texts": [["red blue grey"] * 2, ["owl"] * 2], "read": [[1, 0], [1]]},
        # Posts 4 and 5; ben read what ada wrote.
        {"vectors": at(0, 5), "texts": [["elk"] * 2, ["red grey pink"] * 2], "read": [[3], [0, 2]]},
        {"vectors": at(0, 0.1), "texts": [["fox"] * 2, ["grey pink"] * 2], "read": [[4], [5, 2]]},
    ]
    with handmade(tmp_path / "a.sqlite", steps, posts=human) as store:
        report = attractor_report(store)
    # Both answers of ben are as near to the centre as ada's; the first row is hers.
    assert report.answer.text == "fox"
    assert report.chain == ()

    steps[2]["texts"] = steps[2]["texts"][::-1]
    steps[2]["read"] = steps[2]["read"][::-1]
    with handmade(tmp_path / "b.sqlite", steps, posts=human) as store:
        report = attractor_report(store)
    assert [link.post.id for link in report.chain] == [5, 2, 1]
    assert [link.share for link in report.chain] == pytest.approx([2 / 3, 2 / 4, 2 / 3])
    assert [link.post.origin for link in report.chain] == ["synthetic", "synthetic", "human"]


def test_of_equal_posts_the_earliest_is_the_source(tmp_path):
    texts = [["same words"] * 2, ["same words"] * 2]
    steps = [
        {"vectors": at(0, 0), "texts": texts, "read": [[0], [0]]},
        {"vectors": at(0, 0), "texts": texts, "read": [[2, 1], [1, 2]]},
    ]
    with handmade(tmp_path / "a.sqlite", steps, posts=[{"text": "other words"}]) as store:
        chain = attractor_report(store).chain
    assert [link.post.id for link in chain] == [1, 0]


def test_a_step_without_answers_leaves_gaps(tmp_path):
    steps = [{"vectors": at(0, 1)}, {"vectors": np.full((2, 2, 3), np.nan)}, {"vectors": at(1, 1)}]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found = attractor_report(store, radius=0.5).found
    assert np.isnan(found.distances[1]).all()
    assert found.arrivals == (2, 0)


def test_a_last_step_without_answers_has_no_attractor(tmp_path):
    steps = [{"vectors": clouds([0, 1])}, {"vectors": np.full((2, 4, 5), np.nan)}]
    with (
        handmade(tmp_path / "a.sqlite", steps) as store,
        pytest.raises(UnfitData, match="usable responses"),
    ):
        attractor_report(store)


def test_a_chain_never_goes_on_with_a_post_of_later(tmp_path):
    # Such a draw is damage: at t = 1 everybody reads what was first answered there.
    said = [["red"] * 2] * 2
    steps = [{"vectors": at(1, 1), "texts": said} for _ in range(2)]
    steps[1]["read"] = [[8], [8]]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        assert store.posts()[8].step == 2
        assert attractor_report(store).chain == ()
