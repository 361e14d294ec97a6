import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lwd_tui.sweep.variants import find_sweep, read_sweep

DOCS = Path(__file__).parents[2] / "docs"
SOURCE = DOCS / "collapse.py"


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


@pytest.mark.parametrize(
    "variant", [each.name for each in read_sweep(find_sweep("collapse")).variants]
)
def test_the_changes_told_are_those_of_the_kept_steps(variant):
    rows = pd.read_csv(DOCS / "study.csv").query("sweep == 'collapse' and variant == @variant")
    told = next(
        line.split(" | ")
        for line in (DOCS / "findings.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {variant} | 6 |")
    )
    for column, cell in zip(("squared", "norm", "distinct"), told[3:6], strict=True):
        steps = rows.pivot(index="seed", columns="t", values=column)
        assert steps.shape == (6, 21)
        late, early = steps.iloc[:, -5:].mean(axis=1), steps.iloc[:, :3].mean(axis=1)
        interval = stats.ttest_rel(late, early).confidence_interval(0.95)
        mean, half = (float(number.strip(" |*")) for number in cell.split("±"))
        assert mean == pytest.approx((late - early).mean(), abs=0.0051)
        assert half == pytest.approx((interval.high - interval.low) / 2, abs=0.0051)
