import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.crossed import crossed

# Worked by hand: means of rows 2, 5 and 8, of columns 3, 5, 4 and 8; of all 5. The sums of squares
# are 4 (9 + 0 + 9) = 72 with 2 degrees of freedom, 3 (4 + 0 + 1 + 9) = 42 with 3, and of what is
# left 4 + 2 + 6 = 12 with 6.
TABLE = [[1.0, 1, 2, 4], [3, 4, 4, 9], [5, 10, 6, 11]]


def test_a_table_worked_by_hand_is_taken_apart():
    found = crossed(TABLE)
    left = 12 / 6
    assert found.mean == 5
    assert found.left.variance == pytest.approx(left)
    assert found.rows.variance == pytest.approx((36 - left) / 4)
    assert found.columns.variance == pytest.approx((14 - left) / 3)
    assert found.within.variance == pytest.approx(found.columns.variance + left)
    low, high = 12 / stats.chi2(6).ppf([0.975, 0.025])
    assert found.left[1:] == pytest.approx((low, high))


def test_rows_and_columns_change_their_places_with_the_table():
    found, turned = crossed(TABLE, 0.8), crossed(np.transpose(TABLE), 0.8)
    assert found.rows == pytest.approx(turned.columns)
    assert found.columns == pytest.approx(turned.rows)
    assert found.left == pytest.approx(turned.left)


@pytest.mark.parametrize("shift", [0.0, 0.4, 0.9, 3.0])
def test_two_rows_are_a_test_in_pairs_and_three_are_one_way(shift):
    rng = np.random.default_rng(3)
    table = rng.normal(size=(2, 6)) + rng.normal(size=6) + [[0], [shift]]
    found = crossed(table)
    test = stats.ttest_rel(*table)
    # The mean square of two rows is their t squared times what is left.
    square = 6 * found.rows.variance + found.left.variance
    assert square / found.left.variance == pytest.approx(test.statistic**2)
    assert (found.rows.lower > 0) == (test.pvalue < 0.025)


def test_without_columns_it_is_scipys_analysis_of_variance():
    # Columns that differ by nothing leave all that varies within rows to what is left.
    rng = np.random.default_rng(4)
    table = rng.normal(size=(4, 5)) + np.array([[0], [1], [2], [0]])
    table -= table.mean(axis=0) - table.mean()
    found = crossed(table)
    one_way = stats.f_oneway(*table)
    ratio = (5 * found.rows.variance + found.left.variance) / found.left.variance
    # The columns' 4 degrees of freedom, which hold nothing, are in one but not in the other.
    assert ratio == pytest.approx(one_way.statistic * 12 / 16)
    assert found.columns.variance == pytest.approx(-found.left.variance / 4)
    assert found.columns.lower == 0


def test_equal_cells_have_no_variance_and_rows_alone_leave_nothing():
    assert crossed(np.ones((3, 4))).within == (0, 0, 0)
    found = crossed([[1.0] * 5, [3.0] * 5])
    assert found.rows.variance == pytest.approx(2)
    assert found.rows.lower > 0
    assert found.left == found.columns == (0, 0, 0)


BETWEEN = st.floats(0, 1, exclude_min=True, exclude_max=True)


@given(BETWEEN, BETWEEN, st.integers(2, 5), st.integers(2, 5), st.integers(0, 9))
def test_intervals_of_any_confidence_are_nested_and_end_at_0(first, second, count, wide, seed):
    table = np.random.default_rng(seed).normal(size=(count, wide))
    narrow, broad = (crossed(table, level) for level in sorted([first, second]))
    for part in ("rows", "columns", "left", "within"):
        one, other = getattr(narrow, part), getattr(broad, part)
        near = 1e-9 * one.upper
        assert 0 <= other.lower <= one.lower + near
        assert one.lower <= one.upper + near
        assert one.upper <= other.upper + near


@given(BETWEEN, st.integers(2, 5), st.integers(2, 5), st.integers(0, 9))
def test_intervals_of_one_mean_square_alone_are_exact(level, count, wide, seed):
    rng = np.random.default_rng(seed)
    tails = (1 + level) / 2, (1 - level) / 2
    table = rng.normal(size=(count, wide))
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    freedom = (count - 1) * (wide - 1)
    # Of a table without rows and columns all is left; within a row there is a - 1 in a of it.
    found, ends = crossed(rest, level), (rest**2).sum() / stats.chi2(freedom).ppf(tails)
    assert found.left[1:] == pytest.approx(tuple(ends))
    assert found.within[1:] == pytest.approx(tuple(ends * (1 - 1 / count)))
    # And of one of columns alone there is one in a of their mean square, which is a (a_column)^2.
    column = rng.normal(size=wide)
    found = crossed(np.tile(column, (count, 1)), level)
    ends = (wide - 1) * column.var(ddof=1) / stats.chi2(wide - 1).ppf(tails)
    assert found.within[1:] == pytest.approx(tuple(ends))


def test_at_usual_confidences_the_interval_of_a_sum_is_graybill_and_wangs():
    found = crossed(TABLE, 0.9)
    terms = np.array([14 / 3, 2 * 2 / 3])
    low, high = ([3, 6] / stats.chi2([3, 6]).ppf(tail) - 1 for tail in (0.95, 0.05))
    value = terms.sum()
    assert found.within.lower == pytest.approx(value - np.linalg.norm(terms * low))
    assert found.within.upper == pytest.approx(value + np.linalg.norm(terms * high))


@pytest.mark.parametrize("table", [[[1.0, 2.0]], [[1.0], [2.0]], [1.0, 2.0], [[1, 2], [3, np.nan]]])
def test_tables_that_say_nothing_are_refused(table):
    with pytest.raises(UnfitData, match="2 x 2"):
        crossed(table)
