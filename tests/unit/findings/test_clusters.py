"""The clusters of runs whose vectors and texts are set by hand."""

import numpy as np
import pytest
from support.statistics_samples import handmade

from lwd_tui.findings import clusters
from lwd_tui.findings.clusters import answer_clusters
from lwd_tui.findings.sentences import verdicts
from lwd_tui.findings.step import step_findings
from lwd_tui.findings.verdicts import run_findings


def step(*said):
    """One step of participants' answers, each a word with its place on a line."""
    texts = [[text for text, _ in answers] for answers in said]
    places = [[[place, 1.0, 0.0] for _, place in answers] for answers in said]
    return {"vectors": np.array(places), "texts": texts}


OWL, ELK, FOX, EWE = ("owl", 0.0), ("elk", 4.0), ("fox", 8.0), ("ewe", 8.5)
NONE = ("none", np.nan)
# At t = 0 the places are 0, 4, 8, 8.5: six distances with median (4 + 4.5) / 2, so the radius is
# 2.125, and ewe and fox are one.
STEPS = [
    step([OWL, ELK], [FOX, EWE]),
    step([FOX, ELK], [FOX, NONE]),
    step([FOX, EWE], [OWL, OWL]),
]


def test_a_run_worked_by_hand(tmp_path):
    with handmade(tmp_path / "a.sqlite", STEPS) as store:
        found = answer_clusters(store)
    assert found.radius == pytest.approx(2.125)
    assert found.texts == ("fox", "owl", "elk")
    assert found.late == 1
    assert [found.held(t, t + 1).tolist() for t in range(3)] == [
        [[0, 1, 1], [2, 0, 0]],
        [[1, 0, 1], [1, 0, 0]],
        [[2, 0, 0], [0, 2, 0]],
    ]
    assert (found.first, found.last) == (3, 2)
    assert found.shares.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert found.places.tolist() == [[1, 0], [0, 0], [0, 1]]


def test_the_order_is_that_of_the_last_third(tmp_path):
    # Over the last four of six steps elk is said ten times and owl six; over the last two, two.
    last = [step([OWL, OWL], [OWL, ELK])] * 2
    steps = [STEPS[0], step([FOX] * 2, [FOX] * 2), *[step([ELK] * 2, [ELK] * 2)] * 2, *last]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found = answer_clusters(store)
    assert found.late == 2
    assert found.texts == ("owl", "elk", "fox")


def test_equal_words_are_one_answer_whatever_rounding_makes_of_them(tmp_path):
    steps = [step([("owl", 1.0), ("owl", 1.0000001)], [("owl", 0.9999999), ("elk", 3.0)])]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found = answer_clusters(store)
    assert found.texts == ("owl", "elk")
    assert found.held(0, 1).tolist() == [[2, 0], [1, 1]]


def test_who_says_nothing_is_in_no_cluster(tmp_path):
    steps = [step([OWL, ELK], [FOX, EWE]), step([OWL, OWL], [NONE, NONE])]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found = answer_clusters(store)
    assert found.places[1].tolist() == [found.texts.index("owl"), -1]
    assert found.shares[1].tolist() == [0.0] * len(found.texts)


def test_one_answer_alone_has_no_clusters(tmp_path):
    with handmade(tmp_path / "a.sqlite", [step([OWL, NONE], [NONE, NONE])]) as store:
        assert answer_clusters(store) is None


def test_what_is_said_of_them(tmp_path):
    with handmade(tmp_path / "a.sqlite", STEPS) as store:
        whole = run_findings(store, [step_findings(store, each) for each in store.numbers()])
    said = dict(verdicts(whole, ["ada", "ben"]))
    assert said["clusters"].startswith(
        "90% of the answers from t = 2 on are in 2, of those up to t = 0 in 3; "
    )
    assert said["cluster A"] == "ada 100%, ben 0%; led by: fox"
    assert said["cluster B"] == "ada 0%, ben 100%; led by: owl"
    assert "cluster C" not in said
    assert (said["ada over t"], said["ben over t"]) == ("BAA", "AAB")


def test_of_very_many_answers_every_so_many_may_lead_and_the_others_join_the_nearest(
    tmp_path, monkeypatch
):
    # Of the five only the first, third and fifth may lead: ewe is nearest to fox, elk to owl.
    yak, steps = ("yak", 20.0), [step([OWL, ("elk", 3.0)], [FOX, EWE])]
    with handmade(tmp_path / "a.sqlite", [*steps, step([yak, EWE], [EWE, EWE])]) as store:
        whole = answer_clusters(store)
        monkeypatch.setattr(clusters, "MOST_LEADING", 3)
        found = answer_clusters(store)
    assert set(whole.texts) == {"owl", "elk", "ewe", "yak"}
    assert found.texts == ("fox", "yak", "owl")
    assert found.held(0, 1).tolist() == [[0, 0, 2], [2, 0, 0]]
    assert found.held(1, 2).tolist() == [[1, 1, 0], [2, 0, 0]]


def test_a_step_in_which_nothing_can_be_used_has_no_clusters_and_spoils_no_other(tmp_path):
    steps = [STEPS[0], step([NONE] * 2, [NONE] * 2), STEPS[2]]
    with handmade(tmp_path / "a.sqlite", steps) as store:
        found = answer_clusters(store)
    assert found.places[1].tolist() == [-1, -1]
    assert found.held(0, 3).sum() == 8
