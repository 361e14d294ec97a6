"""The names nearest to one that isn't there."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from lwd_tui.text import clean_line


def nearest(name: str, names: Sequence[str]) -> str:
    """Return a clause with the names most like one, or ""."""
    by_name = {other.lower(): clean_line(other) for other in names}
    near = difflib.get_close_matches(name.lower(), by_name, n=3, cutoff=0.4)
    return f" (nearest: {', '.join(by_name[key] for key in near)})" if near else ""
