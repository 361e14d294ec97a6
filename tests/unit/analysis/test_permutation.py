"""Permutation tests against exact enumeration and other packages."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist, squareform

from lwd_tui.analysis import regrouping
from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.distance import distance_matrix, mean_embeddings
from lwd_tui.analysis.partition import partition
from lwd_tui.analysis.permutation import Statistic, difference_tests, smallest_p

NAMES: tuple[Statistic, ...] = ("sum_of_squares", "energy", "mmd")


def groups(
    seed: int, sizes: tuple[int, ...], p: int = 5, shift: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    return rng.normal(size=(len(owners), p)) + shift * owners[:, None], owners


def by_definition(points: np.ndarray, owners: np.ndarray, similarity: np.ndarray) -> float:
    """The formula at the top of the module, taken literally."""
    total = 0.0
    labels = np.unique(owners)
    for a, i in enumerate(labels):
        for j in labels[a + 1 :]:
            at_i, at_j = owners == i, owners == j
            gap = similarity[np.ix_(at_i, at_i)].mean() + similarity[np.ix_(at_j, at_j)].mean()
            gap -= 2 * similarity[np.ix_(at_i, at_j)].mean()
            total += at_i.sum() * at_j.sum() / len(points) * gap
    return total


def test_the_statistics_are_what_they_say() -> None:
    points, owners = groups(1, (4, 6, 9), shift=0.5)
    squares = squareform(pdist(points)) ** 2
    width = np.median(pdist(points) ** 2)
    similarities = (points @ points.T, -np.sqrt(squares), np.exp(-squares / (2 * width)))
    tests = difference_tests(Responses.of(points, owners, 3), np.random.default_rng(0), 9)
    for test, similarity in zip(tests, similarities, strict=True):
        assert test.value == pytest.approx(by_definition(points, owners, similarity))
        both = owners != 1
        pair = by_definition(points[both], owners[both], similarity[np.ix_(both, both)])
        assert test.pair_values[0, 2] == test.pair_values[2, 0] == pytest.approx(pair)
    assert tests[0].value == pytest.approx(partition(Responses.of(points, owners, 3)).between)


def test_equal_sizes_give_the_sum_of_squared_mean_distances() -> None:
    points, owners = groups(2, (7, 7, 7))
    (test,) = difference_tests(
        Responses.of(points, owners, 3), np.random.default_rng(0), 9, ("sum_of_squares",)
    )
    distances = distance_matrix(mean_embeddings(Responses.of(points, owners, 3)))
    assert test.value == pytest.approx(7 / 3 * (distances**2).sum() / 2)


@pytest.mark.parametrize("shift", [0.0, 0.6])
def test_p_agrees_with_scipy_over_all_permutations(shift: float) -> None:
    points, owners = groups(3, (4, 5), p=3, shift=shift)
    ours = difference_tests(Responses.of(points, owners, 2), np.random.default_rng(1), 4999)
    squares = squareform(pdist(points)) ** 2
    width = np.median(pdist(points) ** 2)
    similarities = (points @ points.T, -np.sqrt(squares), np.exp(-squares / (2 * width)))
    for test, similarity in zip(ours, similarities, strict=True):

        def statistic(x: np.ndarray, y: np.ndarray, similarity: np.ndarray = similarity) -> float:
            order = np.concatenate([x, y]).astype(int)
            return by_definition(points, owners, similarity[np.ix_(order, order)])

        exact = stats.permutation_test(
            (np.arange(4), np.arange(4, 9)), statistic, n_resamples=np.inf, alternative="greater"
        ).pvalue
        # Five standard errors of our 4,999 random permutations.
        assert abs(test.p - exact) < 5 * np.sqrt(exact * (1 - exact) / 4999) + 1 / 5000


def slack(rate: float, repeats: int) -> float:
    """Four standard errors of a simulated rate."""
    return 4 * float(np.sqrt(rate * (1 - rate) / repeats))


@pytest.mark.parametrize("sizes", [(6, 6, 6), (3, 8, 5)])
def test_each_test_keeps_its_level(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    owners = np.repeat(np.arange(3), sizes)
    data_sets = 2000
    alarms = np.zeros(3)
    any_pair = np.zeros(3)
    for _ in range(data_sets):
        # Heavy tails and unequal scales: exactness asks for exchangeability only.
        points = rng.standard_t(3, size=(len(owners), 4)) * [1, 2, 3, 4]
        for k, test in enumerate(
            difference_tests(Responses.of(points, owners, 3), rng, permutations=99)
        ):
            alarms[k] += test.p <= 0.05
            any_pair[k] += np.nanmin(test.pair_holm) <= 0.05
    # With R = 99 and no ties the level is 0.05 exactly; over pairs, Holm keeps at most that.
    np.testing.assert_array_less(np.abs(alarms / data_sets - 0.05), slack(0.05, data_sets))
    assert (any_pair / data_sets <= 0.05 + slack(0.05, data_sets)).all()


def test_power_against_a_shift_is_that_of_the_t_test() -> None:
    rng = np.random.default_rng(2)
    owners = np.repeat([0, 1], 20)
    shift, repeats = 0.8, 1000
    found = np.zeros(3)
    for _ in range(repeats):
        points = rng.normal(size=(40, 1)) + shift * owners[:, None]
        tests = difference_tests(
            Responses.of(points, owners, 2), rng, permutations=199, pairwise=False
        )
        found += [test.p <= 0.05 for test in tests]
    noncentrality = shift * np.sqrt(10)
    limit = stats.t.ppf(0.975, 38)
    expected = stats.nct.sf(limit, 38, noncentrality) + stats.nct.sf(limit, 38, -noncentrality)
    power = found / repeats
    # In one dimension the sum of squares is the t-test's statistic; random permutations cost 1 %.
    assert abs(power[0] - expected) < 0.01 + slack(expected, repeats)
    assert (power[1:] > expected - 0.15).all()


def test_what_each_statistic_sees() -> None:
    rng = np.random.default_rng(6)
    owners = np.repeat([0, 1], 30)
    wide = np.where(owners == 1, 4.0, 1.0)[:, None] * rng.normal(size=(60, 4))
    wide -= mean_embeddings(Responses.of(wide, owners, 2))[owners]
    squares, energy, mmd = difference_tests(Responses.of(wide, owners, 2), rng)
    # Equal means, unlike spread: only the statistics of whole distributions can tell.
    assert squares.p > 0.9
    assert energy.p < 0.01
    assert mmd.p < 0.01


def test_pairs_are_permuted_among_themselves_and_adjusted() -> None:
    rng = np.random.default_rng(7)
    points, owners = groups(7, (20, 20, 20))
    points[owners == 2] += 5
    for test in difference_tests(Responses.of(points, owners, 3), rng):
        assert test.p == 0.001
        assert test.pair_p[0, 1] > 0.05
        assert test.pair_p[0, 2] == test.pair_p[2, 1] == 0.001
        assert test.pair_holm[0, 2] == pytest.approx(0.003)
        assert test.pair_holm[0, 1] == test.pair_p[0, 1]
        np.testing.assert_array_equal(test.pair_p, test.pair_p.T)
        assert np.isnan(np.diagonal(test.pair_p)).all()


def test_the_result_depends_on_nothing_but_the_generator() -> None:
    points, owners = groups(8, (9, 9))
    first = difference_tests(Responses.of(points, owners, 2), np.random.default_rng(4), 199)
    again = difference_tests(Responses.of(points, owners, 2), np.random.default_rng(4), 199)
    assert [test.p for test in first] == [test.p for test in again]


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e9])
def test_scale_and_place_do_not_matter(scale: float) -> None:
    points, owners = groups(9, (10, 10), shift=0.2)
    plain = difference_tests(Responses.of(points, owners, 2), np.random.default_rng(5), 499)
    moved = difference_tests(
        Responses.of(scale * points + 20, owners, 2), np.random.default_rng(5), 499
    )
    assert [test.p for test in moved] == pytest.approx([test.p for test in plain], abs=0.003)


def test_large_steps_are_permuted_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    points, owners = groups(10, (6, 6, 6))
    whole = difference_tests(Responses.of(points, owners, 3), np.random.default_rng(6), 99)
    monkeypatch.setattr("lwd_tui.analysis.regrouping.CHUNK", 1)
    single = difference_tests(Responses.of(points, owners, 3), np.random.default_rng(6), 99)
    assert [test.p for test in single] == [test.p for test in whole]


def test_equal_texts_never_differ() -> None:
    owners = np.repeat([0, 1, 2], 5)
    for test in difference_tests(
        Responses.of(np.full((15, 4), 0.3), owners, 3), np.random.default_rng(7)
    ):
        assert test.value == 0.0
        assert test.p == 1.0
        assert (test.pair_p[~np.eye(3, dtype=bool)] == 1.0).all()


def test_one_response_each_can_show_nothing_and_says_so() -> None:
    points, owners = groups(11, (1, 1, 1), shift=100)
    for test in difference_tests(Responses.of(points, owners, 3), np.random.default_rng(8)):
        assert test.p == test.smallest_p == test.smallest_holm == 1.0


def test_a_missing_participant_is_left_out() -> None:
    points, owners = groups(12, (6, 6))
    owners = np.where(owners == 1, 2, 0)
    (test,) = difference_tests(
        Responses.of(points, owners, 3), np.random.default_rng(9), 99, ("energy",)
    )
    assert np.isnan(test.pair_p[1]).all()
    assert test.pair_p[0, 2] == test.pair_holm[0, 2]


def test_the_least_adjusted_p_of_a_pair() -> None:
    # Of two and six, 28 ways to choose; of three and six, 84; of two and three, 10. Three pairs.
    points, owners = groups(13, (2, 3, 6), shift=100)
    (test,) = difference_tests(
        Responses.of(points, owners, 3), np.random.default_rng(10), 9999, ("energy",)
    )
    assert test.smallest_holm == pytest.approx(3 / 84)
    assert test.pair_holm[1, 2] == pytest.approx(3 / 84, abs=0.01)
    (test,) = difference_tests(
        Responses.of(points, owners, 3), np.random.default_rng(10), 19, ("energy",)
    )
    assert test.smallest_holm == pytest.approx(3 / 20)
    (test,) = difference_tests(
        Responses.of(points, owners, 3), np.random.default_rng(10), 19, ("energy",), pairwise=False
    )
    assert np.isnan(test.smallest_holm)


def test_the_least_p_that_can_come_out() -> None:
    assert smallest_p(np.array([40, 40, 40]), 999) == 1 / 1000
    # 10 ways to choose 2 of 5; 20 to choose 3 of 6, which come in mirrored twos.
    assert smallest_p(np.array([2, 3]), 999) == 1 / 10
    assert smallest_p(np.array([3, 0, 3]), 999) == 1 / 10
    with pytest.raises(UnfitData, match="at least two participants"):
        difference_tests(
            Responses.of(np.ones((3, 2)), np.zeros(3, dtype=int), 2), np.random.default_rng(0)
        )


@pytest.mark.parametrize("sizes", [(4,) * 15, tuple(range(1, 13))])
def test_many_groups_come_to_the_same_by_blocks_and_by_contrasts(
    sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    points, owners = groups(14, sizes, p=4, shift=0.05)
    found = []
    # Multiplications for which a number is gathered: always, and never.
    for gathered in (0, 10**9):
        monkeypatch.setattr("lwd_tui.analysis.regrouping.GATHERED", gathered)
        step = Responses.of(points, owners, len(sizes))
        found.append(difference_tests(step, np.random.default_rng(0), 199, pairwise=False))
    assert [test.p for test in found[0]] == [test.p for test in found[1]]
    assert 0.01 < found[0][0].p < 1


class CoarseKeys:
    """A generator whose keys are often equal."""

    bit_generator = None

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def random(self, size: tuple[int, int], dtype: type) -> np.ndarray:
        return (self._rng.integers(64, size=size) / 64).astype(dtype)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937])
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("shape", [(4, 6), (3, 5)])
def test_keys_are_what_random_numbers_are_made_of(
    bits: type, before: int, shape: tuple[int, int]
) -> None:
    rng, plain = np.random.Generator(bits(1)), np.random.Generator(bits(1))
    # An odd number of them leaves half of a word for the next.
    assert (rng.random(before, np.float32) == plain.random(before, np.float32)).all()
    expected = plain.random(shape, np.float32) * 2**24
    assert (regrouping._keys(rng, shape) >> 8 == expected).all()
    assert rng.random(dtype=np.float32) == plain.random(dtype=np.float32)


@pytest.mark.parametrize("most", [255, 256, 70_000])
def test_marks_are_ordered_by_the_upper_bits_of_their_keys_the_least_first(most: int) -> None:
    # Of seven different keys, so that many are equal but for their lower bits.
    rng = np.random.default_rng(2)
    keys = rng.integers(7, size=(3, 200), dtype=np.uint32) << 8 | rng.integers(256, size=(3, 200))
    marks = np.sort(rng.integers(most + 1, size=200))
    marks[-1] = most
    found = regrouping._by_keys(keys.astype(np.uint32), marks)
    assert (found == marks[np.argsort(keys >> 8, axis=1, kind="stable")]).all()


@pytest.mark.parametrize("sizes", [(8, 12, 10), (3,) * 9])
def test_p_is_that_of_rows_sorted_by_their_keys_equal_ones_in_order(sizes: tuple[int, ...]) -> None:
    points, owners = groups(13, sizes)
    (test,) = difference_tests(
        Responses.of(points, owners, len(sizes)), CoarseKeys(3), 199, ("energy",), False
    )
    similarity = -squareform(pdist(points))
    keys = CoarseKeys(3).random((199, len(owners)), np.float32)
    orders = np.argsort(keys, axis=1, kind="stable")
    permuted = [by_definition(points, owners[order], similarity) for order in orders]
    assert test.p == (1 + (np.array(permuted) >= test.value - 1e-9).sum()) / 200
