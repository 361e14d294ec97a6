"""What the analysis accepts."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from lwd_tui.analysis.arrays import LARGEST, Responses, UnfitData, finite, shifted
from lwd_tui.analysis.distance import residual_gram
from lwd_tui.analysis.resolution import exact


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, LARGEST, -LARGEST])
def test_a_number_that_spoils_all_others_is_named_by_its_row(number: float) -> None:
    values = np.zeros((4, 3))
    values[2, 1] = number
    with pytest.raises(UnfitData, match="things: row 2 holds NaN, infinity or"):
        finite(values, "things")


def test_what_is_fit_is_left_as_it_is() -> None:
    values = np.array([[0.99 * LARGEST, -0.99 * LARGEST]])
    assert finite(values, "things") is values
    assert finite(np.empty((0, 3)), "things").shape == (0, 3)
    with pytest.raises(
        UnfitData, match=r"things: 2 dimensions are needed, but the shape is \(3,\)"
    ):
        finite([1, 2, 3], "things")


def test_responses_belong_to_participants() -> None:
    found = Responses.of([[3.0], [1.0], [2.0]], [2, 0, 2], 4)
    assert found.counts.tolist() == [1, 0, 2, 0]
    assert [part.tolist() for part in found.parts] == [[[1.0]], [], [[3.0], [2.0]], []]
    assert found.shifted().points.tolist() == [[0.0], [-2.0], [-1.0]]
    assert shifted(np.empty((0, 2))).shape == (0, 2)
    for owners, said in (([0, 1], "3 are needed"), ([0, 1, -1], "0 to 3"), ([0, 4, 1], "0 to 3")):
        with pytest.raises(UnfitData, match=f"owners: .*{said}"):
            Responses.of([[1.0], [2.0], [3.0]], owners, 4)


def test_what_is_made_of_responses_is_made_once_and_goes_with_them() -> None:
    found = Responses.of([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], [0, 0, 1], 2)
    made = weakref.ref(residual_gram(found))
    assert residual_gram(found) is made()
    assert found.shifted().shifted() is found.shifted()
    assert exact(found) is exact(found) is found
    gc.disable()
    try:
        del found
        assert made() is None
    finally:
        gc.enable()
