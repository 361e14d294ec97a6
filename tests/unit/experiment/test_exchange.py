import math

import numpy as np
import pytest

from lwd_tui.experiment.exchange import Exchange, share_of


def read_by(exchange, n):
    return [np.flatnonzero(row).tolist() for row in exchange.readers(n)]


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        ("complete", [[0, 1, 2, 3]] * 4),
        ("ring", [[0, 1, 3], [0, 1, 2], [1, 2, 3], [0, 2, 3]]),
        ("star", [[0, 1, 2, 3], [0, 1], [0, 2], [0, 3]]),
        ("islands", [[0, 1], [0, 1], [2, 3], [2, 3]]),
        ("none", [[0], [1], [2], [3]]),
    ],
)
def test_topologies_say_who_reads_whom(topology, expected):
    assert read_by(Exchange(topology=topology), 4) == expected


def test_a_share_is_that_of_the_number_as_it_was_written():
    for hundredths in range(1, 101):
        share = float(f"0.{hundredths:02}") if hundredths < 100 else 1.0
        for count in range(1001):
            assert share_of(share, count) == hundredths * count // 100
    for share, count, wanted in (
        ("1e-6", 3_000_000, 3),
        ("0.1234567890123456", 10**16, 1234567890123456),
    ):
        assert share_of(float(share), count) == wanted
    assert share_of(math.nextafter(0.29, 0), 100) == 28


def test_islands_are_as_equal_as_may_be():
    assert read_by(Exchange(topology="islands", islands=2), 5) == [[0, 1, 2]] * 3 + [[3, 4]] * 2


@pytest.mark.parametrize("topology", ["complete", "ring", "star"])
def test_one_participant_reads_itself(topology):
    assert read_by(Exchange(topology=topology), 1) == [[0]]


def test_own_graph_takes_the_place_of_the_topology():
    assert read_by(Exchange(topology="complete", reads=((1,), (0, 1))), 2) == [[1], [0, 1]]


@pytest.mark.parametrize(
    ("exchange", "sentence"),
    [
        (Exchange(reads=((0,),)), "reads: has 1 rows; there are 2 participants"),
        (Exchange(reads=((0,), (2,))), r"reads\[1\]: there is no participant 2"),
        (Exchange(topology="islands", islands=3), "islands = 3: there are 2 participants"),
    ],
)
def test_a_graph_that_does_not_fit_is_told(exchange, sentence):
    with pytest.raises(ValueError, match=sentence):
        exchange.readers(2)


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (Exchange(), [0, 0, 0, 0]),
        (Exchange(posting="replace"), [0, 1, 2, 3]),
        (Exchange(posting="replace", window=3), [0, 1, 2, 3]),
        (Exchange(posting="window", window=2), [0, 0, 1, 2]),
        (Exchange(posting="window", window=1), [0, 1, 2, 3]),
    ],
)
def test_the_oldest_post_follows_the_posting_rule(exchange, expected):
    assert [exchange.oldest(t) for t in range(4)] == expected
