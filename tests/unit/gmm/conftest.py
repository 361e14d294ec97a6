"""What is compiled runs as plain Python where NUMBA_DISABLE_JIT says so, as for `make coverage`."""

import numba
import numpy as np

from lwd_tui.gmm import lanes

if numba.config.DISABLE_JIT:
    # What these emit is machine code; four numbers of NumPy do the same, as slowly as all else.
    def store(array, row, value):
        array[row] = value

    lanes.four = lambda *values: np.array(values)
    lanes.load = lambda array, row: array[row].copy()
    lanes.store = store
    lanes.prefetch = lambda *_: None
    lanes.higher = lambda a, b: np.where(a > b, a, b)
    lanes.lower = lambda a, b: np.where(a < b, a, b)
    lanes.any_below = lambda a, b: (a < b).any()
    lanes.any_not_above = lambda a, b: (a <= b).any()
