"""A curve in a few cells, in dots of braille: what a small multiple is made of."""

from __future__ import annotations

import numpy as np

from lwd_tui.types import Floats

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Of a cell's dots, by rows."""


def sparkline(
    values: Floats, last: int, ends: tuple[float, float], width: int, height: int
) -> list[str]:
    """Return a curve as lines of text.

    Parameters
    ----------
    values : ndarray of shape (m,)
        At t = 0 .. m - 1; NaN where there is none.
    last : int
        The time axis ends at this t.
    ends : (float, float)
        Of the other axis; what is beyond stands there.
    width, height : int
        In cells.
    """
    dots = np.zeros((4 * height, 2 * width), dtype=bool)
    held = np.flatnonzero(np.isfinite(values))
    low, high = ends
    if len(held):
        right, bottom = 2 * width - 1, 4 * height - 1
        shares = np.clip((values[held] - low) / (high - low or 1.0), 0, 1)
        times = held / max(last, 1) * right
        columns = np.arange(round(times[0]), round(times[-1]) + 1)
        rows = np.interp(columns, times, (1 - shares) * bottom).round()
        before = rows.astype(int)[0]
        for column, row in zip(columns.tolist(), rows.astype(int).tolist(), strict=True):
            # Up or down to where the curve was, so that it has no gaps where it is steep.
            step = 1 if row > before else -1
            start = row if row == before else before + step
            dots[min(start, row) : max(start, row) + 1, min(column, right)] = True
            before = row
    cells = dots.reshape(height, 4, width, 2)
    codes = 0x2800 + (cells * _BITS[None, :, None, :]).sum(axis=(1, 3))
    return ["".join(map(chr, line)).replace(chr(0x2800), " ") for line in codes.tolist()]
