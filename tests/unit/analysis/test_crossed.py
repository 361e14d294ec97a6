import numpy as np
import pytest
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


@pytest.mark.parametrize("table", [[[1.0, 2.0]], [[1.0], [2.0]], [1.0, 2.0], [[1, 2], [3, np.nan]]])
def test_tables_that_say_nothing_are_refused(table):
    with pytest.raises(UnfitData, match="2 x 2"):
        crossed(table)
