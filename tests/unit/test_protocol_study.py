"""The table of docs/findings.md on the protocol, against the kept effects, by pandas and SciPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lwd_tui.sweep.variants import find_sweep, read_sweep

DOCS = Path(__file__).parents[2] / "docs"
VARIANTS = read_sweep(find_sweep("protocol")).variants
FACTORS = [*dict.fromkeys(each.protocol for each in VARIANTS if each.protocol), "**all together**"]


@pytest.mark.parametrize("factor", FACTORS)
def test_what_is_told_of_a_factor_is_in_the_kept_effects(factor: str) -> None:
    levels = [each.name for each in VARIANTS if each.protocol in ("", factor) or "*" in factor]
    rows = pd.read_csv(DOCS / "protocol-effects.csv")
    rows["effect"] = rows.late - rows.early
    table = rows.pivot(index="variant", columns="seed", values="effect").loc[levels]
    assert table.shape == (len(levels), 5)
    told = next(
        line
        for line in (DOCS / "findings.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {factor} | {len(levels)} |")
    )
    effect, _, seed = told.strip("| ").split(" | ")[2:5]
    mean, half = map(float, effect.split(" ± "))
    over_seeds = table.mean(axis=0)
    interval = stats.ttest_1samp(over_seeds, 0).confidence_interval(0.95)
    assert mean == pytest.approx(over_seeds.mean(), abs=0.0051)
    assert half == pytest.approx((interval.high - interval.low) / 2, abs=0.0051)
    # In a balanced table what another seed changes within a level is the mean of their variances.
    moved = float(seed.strip("*").split(" ")[0])
    assert moved == pytest.approx(np.sqrt(table.var(axis=1).mean()), abs=0.0051)
