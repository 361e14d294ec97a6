"""The same within a margin, or not shown; never less than that."""

from __future__ import annotations

import numpy as np
import pytest

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.analysis.equivalence import control_margin, equivalence


def test_a_window_of_steps_in_a_row_is_asked_for() -> None:
    bounds = [0.9, 0.2, 0.2, 0.9, 0.2, 0.2, 0.2, 0.9]
    found = equivalence(bounds, margin=0.5, window=3)
    assert found.shown_at == 6
    assert str(found) == "the same within 0.5, shown at t = 6 (3 steps in a row)"
    assert found.below.tolist() == [False, True, True, False, True, True, True, False]
    assert equivalence(bounds, margin=0.5).shown_at == 1
    never = equivalence(bounds, margin=0.5, window=4)
    assert never.shown_at is None
    assert str(never) == "not shown to be the same within 0.5"


def test_what_is_missing_or_just_at_the_margin_shows_nothing() -> None:
    assert equivalence([np.nan, np.nan], 1.0).shown_at is None
    assert equivalence([1.0], 1.0).shown_at is None
    assert equivalence([], 1.0).shown_at is None
    with pytest.raises(UnfitData, match="margin"):
        equivalence([0.1], 0.0)
    with pytest.raises(UnfitData, match="window"):
        equivalence([0.1], 1.0, 0)


def test_the_margin_that_a_control_meets() -> None:
    bounds = np.array([3.0, 1.0, 2.0, 5.0])
    assert control_margin(bounds, window=1, share=1.0) == 5.0
    assert control_margin(bounds, window=1, share=0.5) == 3.0
    # One step is asked for, unless more are: of 1, 2, 3, 5 three tenths and more lie up to 2.
    assert control_margin(bounds, share=0.3) == 2.0
    # Stretches of two: 3, 2, 5.
    assert control_margin(bounds, window=2, share=0.5) == 3.0
    assert control_margin([bounds, bounds / 5], window=4, share=0.5) == 5.0
    margin = control_margin(bounds, window=2, share=1.0)
    assert equivalence(bounds, margin + 1e-9, window=2).shown_at == 1
    with pytest.raises(UnfitData, match="5 steps in a row don't fit"):
        control_margin(bounds, window=5)
    with pytest.raises(UnfitData, match="share"):
        control_margin(bounds, share=0.0)
    with pytest.raises(UnfitData, match="control"):
        control_margin([1.0, np.nan])
