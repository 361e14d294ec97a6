"""What is said of the pairs of a step: only where few answers leave none of them a chance."""

import math
from dataclasses import replace

import numpy as np
import pytest
from support.statistics_samples import clouds, handmade

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.permutation import difference_tests
from lwd_tui.findings.sentences import difference, pairs_out_of_reach, step_verdicts
from lwd_tui.findings.step import step_findings


@pytest.fixture
def said(tmp_path):
    def said(means, responses):
        steps = [{"vectors": clouds(means, responses)}]
        with handmade(tmp_path / "run.sqlite", steps) as store:
            (numbers,) = store.numbers()
            return dict(step_verdicts(step_findings(store, numbers), store.experiment))

    return said


def test_too_few_answers_for_any_pair_are_said_to_be_too_few(said):
    # Two groups of four can be chosen in 70 ways, which come in pairs that trade places.
    least = 3 / (math.comb(8, 4) / 2)
    found = said([0, 5, 10], 4)
    assert found["t = 0, pairs"].endswith(
        f"p adjusted for 3 pairs is about {least:.3g} at the least"
    )
    # All together do differ: that test has more ways.
    assert found["t = 0, energy"].startswith("they differ")
    assert "exchangeable" in found["what the tests test"]


@pytest.mark.parametrize(("means", "responses"), [([0, 5, 10], 5), ([0, 5], 3)])
def test_nothing_is_said_where_pairs_have_a_chance_or_there_is_one_only(said, means, responses):
    assert "t = 0, pairs" not in said(means, responses)


def test_of_one_alone_nothing_is_tested(said):
    assert said([0], 4) == {}


@pytest.mark.parametrize(("level", "rejected"), [(0.9, True), (0.95, False)])
def test_a_p_at_the_level_is_a_difference(level, rejected):
    # Two and three answers can be split in ten ways, so that p is 0.1 at the least.
    points = np.array([[0.0], [0.1], [9.0], [9.1], [9.2]])
    responses = Responses.of(points, [0, 0, 1, 1, 1], 2)
    tests = difference_tests(responses, np.random.default_rng(0), 9)
    (test,) = (test for test in tests if test.statistic == "energy")
    assert test.smallest_p == 0.1
    said = difference(replace(test, p=0.1), level)
    assert said.startswith("they differ") == rejected


@pytest.mark.parametrize(
    ("smallest", "adjusted", "out_of_reach"),
    [(0.2, 0.3, True), (0.05, 0.3, False), (0.2, 0.05, False), (0.2, math.nan, True)],
)
def test_pairs_are_out_of_reach_if_none_could_differ_and_none_does(
    smallest, adjusted, out_of_reach
):
    responses = Responses.of([[0.0], [1.0], [5.0], [6.0]], [0, 0, 1, 1], 2)
    test = difference_tests(responses, np.random.default_rng(0), 9)[0]
    holm = np.array([[math.nan, adjusted], [adjusted, math.nan]])
    given = replace(test, smallest_holm=smallest, pair_holm=holm)
    assert pairs_out_of_reach(given, 0.95) == out_of_reach
