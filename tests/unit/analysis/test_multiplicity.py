"""Holm's adjustment."""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.multiplicity import holm, significance


def test_a_case_worked_by_hand() -> None:
    # Sorted .01 .02 .03 .04: times 4, 3, 2, 1, never falling.
    np.testing.assert_allclose(holm([0.03, 0.01, 0.04, 0.02]), [0.06, 0.04, 0.06, 0.06])


def test_p_stays_a_probability() -> None:
    assert holm([0.6, 0.9]).tolist() == [1.0, 1.0]
    assert holm([0.2]).tolist() == [0.2]
    assert holm([]).tolist() == []


def test_one_minus_a_level_is_the_decimal_number() -> None:
    for thousandths in range(1, 1000):
        assert significance(float(f"0.{thousandths:03}")) == (1000 - thousandths) / 1000


def test_nan_is_refused() -> None:
    with pytest.raises(UnfitData, match="p-values"):
        holm([0.1, np.nan])
