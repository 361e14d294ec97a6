"""The beginning of a text, on one line, however long and hostile the text is."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len

from lwd_tui.text import shorten

_ENOUGH = 2000


@lru_cache(maxsize=1024)
def excerpt(text: str, width: int) -> str:
    """Return one clean line of at most `width` cells.

    Only the first 2,000 characters are looked at: cleaning a text of 100,000 costs as much time
    as a frame.
    """
    if len(text) <= _ENOUGH:
        return shorten(text, width)
    start = shorten(text[:_ENOUGH], width)
    if start.endswith("…") or width == 1:
        return "…" if width == 1 else start
    return shorten(start, width - 1).removesuffix("…") + "…"


def padded(text: str, width: int) -> str:
    """Return an excerpt, with blanks behind it up to `width` cells."""
    shown = excerpt(text, width)
    return shown + " " * (width - cell_len(shown))
