"""Several queries taken together, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.distance import geometry
from lwd_tui.replicates import joined_responses, joined_vectors, together
from lwd_tui.types import Attempt, Response, Step


def response(participant, index, query=1, text="said", problem=""):
    attempt = Attempt(text, 7, "stop", 3, 2, 0.5, problem)
    return Response(0, participant, index, (attempt,), query)


def step(vectors, query=1):
    """Return a step of two participants, whose answers have these vectors."""
    keys = [(i, index) for i, each in enumerate(vectors) for index in range(len(each))]
    rows = np.array([row for each in vectors for row in each], dtype=np.float32)
    answers = tuple(response(*key, query) for key in keys)
    return Step(0, 0, 0, 0, (), answers, rows, (), 0.0)


def measured(step):
    return geometry(Responses.of(step.embeddings, step.owners, 2))


def test_a_case_worked_by_hand():
    # Means: to query 1 (1, 0) and (1, 4), to query 2 (0, 1) and (3, 1). So ||X_a - X_b||_F^2 is
    # 16 + 9, and the distance 5 / sqrt(2).
    one = step([[(0, 0), (2, 0)], [(1, 3), (1, 5)]])
    two = step([[(0, 0), (0, 2)], [(3, 1), (3, 1)]], 2)
    found = measured(together([one, two]))
    assert found.distances[0, 1] == pytest.approx(5 / math.sqrt(2))
    assert found.norm == pytest.approx(5)
    # S of a: 2 and 2; of b: 2 and 0. Each is the mean over the queries.
    np.testing.assert_allclose(found.dispersion, [2, 1], rtol=1e-6)
    assert found.noise_floor == pytest.approx(math.sqrt(2 * (2 / 2 + 1 / 2)))
    assert found.norm_debiased == pytest.approx(math.sqrt(2 * (12.5 - 2 / 2 - 1 / 2)))


def test_equal_queries_show_what_one_shows():
    rng = np.random.default_rng(1)
    one = step(rng.normal(size=(2, 5, 3)))
    alone, joined = measured(one), measured(together([one, one, one]))
    for name in ("norm", "norm_debiased", "noise_floor", "distances", "dispersion", "explained"):
        np.testing.assert_allclose(getattr(joined, name), getattr(alone, name), rtol=1e-6)
    np.testing.assert_allclose(joined.coordinates, alone.coordinates, atol=1e-5)


def test_unit_vectors_stay_unit_vectors():
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(3, 4, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    joined = joined_vectors([[(0, k) for k in range(4)]] * 3, list(vectors))
    np.testing.assert_allclose(np.linalg.norm(joined, axis=1), 1, rtol=1e-6)


def test_a_replicate_counts_where_all_its_answers_can_be_used():
    one = [response(0, 0, text="a"), response(0, 1, text="b"), response(1, 0, text="c")]
    two = [
        response(0, 0, 2, "x"),
        response(0, 1, 2, "y", problem="blank"),
        response(1, 0, 2, "z"),
    ]
    found = joined_responses([one, two])
    assert [(each.participant, each.index, each.failed) for each in found] == [
        (0, 0, False),
        (0, 1, True),
        (1, 0, False),
    ]
    assert found[0].text == "a\n\nx"
    assert found[1].final.problem == "query 2: blank"
    assert {each.query for each in found} == {0}
    rows = [np.array([[1], [2], [3]]), np.array([[4], [6]])]
    keys = [[(0, 0), (0, 1), (1, 0)], [(0, 0), (1, 0)]]
    expected = np.array([[1, 4], [3, 6]]) / math.sqrt(2)
    np.testing.assert_allclose(joined_vectors(keys, rows), expected, rtol=1e-6)


def test_where_no_replicate_is_whole_there_is_no_place():
    one = step([[(0, 0)], [(1, 1)]])
    failed = replace(response(0, 0, 2), attempts=(replace(response(0, 0).final, problem="blank"),))
    two = replace(one, responses=(failed, failed), embeddings=np.empty((0, 0), np.float32))
    found = together([one, two])
    assert len(found.embeddings) == 0
    assert math.isnan(measured(found).norm)
