"""Lines in eighths of a cell, two wide and four high: as fine as braille, and closed.

Unicode has had them since version 16, and few fonts have them; some terminals draw them themselves.
"""

from __future__ import annotations

from itertools import product
from typing import cast

from textual.geometry import Size
from textual_hires_canvas.hires import HiResMode, hires_sizes, pixels

OCTANTS = cast(HiResMode, "octants")
"""A mode beside those of textual-hires-canvas, which finds it where it finds its own."""
WIDTH, HEIGHT = 2, 4
_FIRST = 0x1CD00
_OLDER = {
    (1,): 0x1CEA8, (2,): 0x1CEAB, (7,): 0x1CEA3, (8,): 0x1CEA0,
    (1, 2): 0x1FB82, (7, 8): 0x2582, (1, 2, 3, 4, 5, 6): 0x1FB85, (3, 4, 5, 6, 7, 8): 0x2586,
    (3, 5): 0x1FBE6, (4, 6): 0x1FBE7,
}  # fmt: skip
"""Those that had a place before: their parts, counted from 1 by rows."""


def _signs() -> dict[tuple[int, ...], str | None]:
    """Return the sign of each set of parts, each told as 0 or 1, by rows.

    New ones stand in the order of the numbers whose lowest bit is the first part; quarters of a
    cell keep their own.
    """
    quarters = pixels[HiResMode.QUADRANT]
    signs: dict[tuple[int, ...], str | None] = {}
    code = _FIRST
    for from_last in product((0, 1), repeat=WIDTH * HEIGHT):
        bits = from_last[::-1]
        parts = tuple(part for part, bit in enumerate(bits, start=1) if bit)
        if bits[0:2] == bits[2:4] and bits[4:6] == bits[6:8]:
            signs[bits] = quarters[bits[0:2] + bits[4:6]]
        elif parts in _OLDER:
            signs[bits] = chr(_OLDER[parts])
        else:
            signs[bits] = chr(code)
            code += 1
    return signs


SIGNS = _signs()
hires_sizes[OCTANTS] = Size(WIDTH, HEIGHT)
pixels[OCTANTS] = SIGNS
