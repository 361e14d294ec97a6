"""Mixtures that take turns do what they do alone, to the bit."""

import numpy as np
import pytest

from lwd_tui.gmm.turns import TOGETHER, absorb_in_turns
from lwd_tui.gmm.update import Rule, absorb, write_densities

CENTRES = {2: [[-5.0], [5.0]], 3: [[-2.0], [0.0], [2.0]], 11: [[3.0 * b] for b in range(11)]}


@pytest.mark.parametrize("components", CENTRES)
@pytest.mark.parametrize("far", [0, 1000])
@pytest.mark.parametrize("renormalise", [True, False])
@pytest.mark.parametrize("c", [0.001, 0.08])
def test_turns_change_no_bit(components, far, renormalise, c):
    rng = np.random.default_rng(components)
    centres = np.array(CENTRES[components])
    points = centres[rng.integers(components, size=300)] + rng.normal(size=(300, 1))
    points[::7] += far
    table = np.empty((300, components))
    write_densities(points, centres, table)
    # Far points, to which a component without weight is nearest, need logarithms.
    rule, lifted_at_all = Rule(0.2, c, 0.0 if far else 1e-6, renormalise), 0
    for m in range(1, TOGETHER + 1):
        start = rng.dirichlet(np.full(components, 0.1), size=m)
        rows = np.array([rng.permutation(300)[:150] for _ in range(m)], dtype=np.int32)
        together, counts = start.copy(), np.zeros(m, dtype=np.int64)
        absorb_in_turns(together, table, rows, rule, counts)
        for weights, own, found, count in zip(start, rows, together, counts, strict=True):
            assert absorb(weights, table, own, rule) == count
            np.testing.assert_array_equal(found, weights)
        lifted_at_all += counts.sum()
    assert lifted_at_all > 0 or c < 0.01
