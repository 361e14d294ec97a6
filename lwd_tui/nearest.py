"""The names nearest to one that isn't there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from lwd_tui.text import clean_line


def nearest(name: str, names: Sequence[str]) -> str:
    """Return a clause with the names most like one, or ""."""
    by_name = {other.lower(): clean_line(other) for other in names}
    near = difflib.get_close_matches(name.lower(), by_name, n=3, cutoff=0.4)
    return f" (nearest: {', '.join(by_name[key] for key in near)})" if near else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which of the known names was perhaps meant, or else what they are."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
