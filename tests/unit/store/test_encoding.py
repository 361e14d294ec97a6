"""How the geometry of many participants is stored: each distance once."""

import numpy as np
import pytest

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.distance import geometry
from lwd_tui.store.encoding import FLOATS, geometry_of, geometry_row, number_columns, packed


def of(n, missing=()):
    """A geometry of n participants with two answers each, of whom some have none."""
    owners = np.repeat(np.setdiff1d(np.arange(n), missing), 2)
    points = np.random.default_rng(n).normal(size=(len(owners), 7)).astype(np.float32)
    return geometry(Responses.of(points, owners, n))


def read(found, distances):
    _, explained, _, coordinates, owners = geometry_row(0, found)
    *norms, dispersion = number_columns(found)
    return geometry_of((distances, *norms, dispersion, coordinates, owners, explained))


@pytest.mark.parametrize("missing", [(), (3,), tuple(range(1, 150))])
def test_the_distances_of_many_come_back_to_the_bit(missing):
    found = of(150, missing)
    stored = geometry_row(0, found)[2]
    assert len(stored) == 8 * 150 * 149 // 2
    assert read(found, stored).distances.tobytes() == found.distances.tobytes()


def test_whole_matrices_are_read_as_before_and_few_participants_are_stored_so():
    for n in (1, 2, 100, 150):
        found = of(n)
        whole = packed(found.distances, FLOATS)
        assert read(found, whole).distances.tobytes() == found.distances.tobytes()
        assert (geometry_row(0, found)[2] == whole) == (n <= 100)
