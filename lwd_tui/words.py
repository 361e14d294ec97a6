"""Numbers as people say them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Write a time as people say it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} m"


def quantity(number: float) -> str:
    """Write a large number of things in two digits or three, such as 2.1 M."""
    for least, factor, unit in ((999.5e6, 1e9, "G"), (999.5e3, 1e6, "M"), (1e4, 1e3, "k")):
        if number >= least:
            scaled = number / factor
            return f"{scaled:.{1 if scaled < 10 else 0}f} {unit}"
    return f"{number:,.0f}"


def size_text(size: int | None) -> str:
    """Write a number of bytes as people say it; "" where it isn't known."""
    if size is None:
        return ""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= factor:
            return f"{size / factor:.{1 if size < 100 * factor else 0}f} {unit}"
    return f"{size} B"
