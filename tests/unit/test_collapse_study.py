import importlib.util
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).parents[2] / "docs" / "collapse.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("collapse_study", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_three_steps_are_averaged_and_two_at_the_ends(study):
    np.testing.assert_allclose(study.smooth(np.array([3.0, 1, 2, 6])), [2, 2, 3, 4])


@pytest.mark.parametrize(
    ("values", "since"),
    [
        # The early mean is 4; averaged over three steps: 4, 4, 8/3, 4/3, 0, 0, 0, 0.
        ([4, 4, 4, 0, 0, 0, 0, 0], 3),
        # It rises again at the end, above half.
        ([4, 4, 4, 0, 0, 0, 4, 4], None),
        # Averaged below half at t = 3 and 4, above at 5 and 6.
        ([4, 4, 4, 0, 0, 3, 4, 0, 0, 0], 7),
    ],
)
def test_halved_for_good(study, values, since):
    assert study.halved(np.array(values, dtype=float)) == since


def test_half_the_way_needs_a_fall(study):
    # From 6 to 0; averaged: 6, 6, 5, 3, 1, 0, 0, 0.
    assert study.half_way(np.array([6.0, 6, 6, 3, 0, 0, 0, 0])) == 3
    assert study.half_way(np.array([0.0, 0, 0, 1, 1, 1, 1, 1])) is None
