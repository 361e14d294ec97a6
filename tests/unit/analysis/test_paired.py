import numpy as np
import pytest
from scipy import stats

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.paired import paired


def test_means_intervals_and_p_values_are_those_of_scipy():
    rng = np.random.default_rng(1)
    one, other = rng.normal(0.3, 1, (7, 4)), rng.normal(0, 1, (7, 4))
    found = paired(one, other, 0.9)
    test = stats.ttest_rel(one, other)
    interval = test.confidence_interval(0.9)
    np.testing.assert_allclose(found.p, test.pvalue)
    np.testing.assert_allclose(found.mean - found.half, interval.low)
    np.testing.assert_allclose(found.mean + found.half, interval.high)


def test_equal_pairs_differ_by_nothing_and_one_pair_has_no_interval():
    # 0.1 added three times and divided by three is not 0.1.
    found = paired([[1.0, 0.1]] * 3, [[1.0, 0.0]] * 3)
    assert found.mean.tolist() == [0.0, 0.1]
    assert found.half.tolist() == [0.0, 0.0]
    assert found.p.tolist() == [1.0, 0.0]
    alone = paired([[1.0, np.nan]], [[0.5, 1.0]])
    np.testing.assert_array_equal(alone.mean, [0.5, np.nan])
    assert np.isnan([alone.half, alone.p]).all()


def test_pairs_of_unlike_shapes_are_refused():
    for one, other in (([[1.0]], [[1.0, 2.0]]), (np.empty((0, 2)), np.empty((0, 2)))):
        with pytest.raises(UnfitData, match="pairs"):
            paired(one, other)
