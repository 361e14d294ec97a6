"""The attractor: where the participants ended, and when they came there."""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.attractor import attractor

OWNERS = np.array([0, 0, 1, 1])


def test_a_run_worked_by_hand() -> None:
    points = ([0.0, 2.0, 10.0, 12.0], [4.0, 6.0, 7.0, 9.0], [3.0, 7.0, 8.0, 6.0])
    steps = [Responses.of(np.reshape(row, (4, 1)), OWNERS, 2) for row in points]
    found = attractor(steps, radius=1.0)
    assert found.centre.tolist() == [6.0]
    assert found.nearest == 3
    assert found.distances.tolist() == [[5.0, 5.0], [1.0, 2.0], [1.0, 1.0]]
    assert found.arrivals == (1, 2)
    assert attractor(steps, radius=0.5).arrivals == (None, None)


def test_a_participant_may_be_missing_at_times() -> None:
    steps = [Responses.of([[0.0], [5.0]], [1, 1], 2), Responses.of([[3.0]], [0], 2)]
    found = attractor(steps, radius=0.6)
    assert found.centre.tolist() == [3.0]
    assert np.isnan(found.distances[0, 0])
    assert found.arrivals == (1, 0)


def test_only_the_last_step_needs_answers() -> None:
    nothing, something = Responses.of(np.empty((0, 1)), [], 1), Responses.of([[2.0]], [0], 1)
    assert attractor([nothing, something], 1.0).arrivals == (1,)
    with pytest.raises(UnfitData, match="last step"):
        attractor([something, nothing], 1.0)


def test_bad_input_is_told() -> None:
    with pytest.raises(UnfitData, match="radius"):
        attractor([Responses.of([[0.0]], [0], 1)], 0.0)
    for nothing in ([], [Responses.of(np.empty((0, 2)), [], 1)]):
        with pytest.raises(UnfitData, match="last step with usable responses"):
            attractor(nothing, 1.0)
