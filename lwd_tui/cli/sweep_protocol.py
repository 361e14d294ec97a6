"""The end of `lwd-tui sweep`: how much of the effect moves with what should not matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lwd_tui.cli.shared import plain_table, print_table
from lwd_tui.text import clean_line, json_number
from lwd_tui.text import number_text as number

if TYPE_CHECKING:
    from rich.console import Console

    from lwd_tui.analysis.crossed import Component
    from lwd_tui.sweep.protocol import Moved

_PARTS = {"rows": "protocol", "within": "seed", "columns": "alike", "left": "left"}
"""The parts of a table of protocols by seeds, and the words for them."""
_LEGEND = (
    "protocol: what a level adds with every seed; seed: what another seed changes within a level, "
    "which is what it does to all levels alike, and what is left"
)


def moved_line(found: Moved) -> dict[str, Any]:
    """Return a factor for JSON: variances, in squares of the effect; null if they aren't known."""
    from lwd_tui.sweep.protocol import verdict

    parts = found.parts
    return {
        "factor": found.factor or None,
        "levels": list(found.levels),
        "seeds": list(found.seeds),
        "effect": {
            "mean": json_number(found.effect.mean),
            "half_width": json_number(found.effect.half),
        },
        "above_0": found.above,
        "variances": parts
        and {words: getattr(parts, part)._asdict() for part, words in _PARTS.items()},
        "verdict": verdict(found),
    }


def print_moved(factors: Sequence[Moved], level: float, console: Console) -> None:
    """Print a row a factor, and what it shows in words."""
    from rich.text import Text

    from lwd_tui.sweep.protocol import verdict

    title = (
        "is it the protocol? distance², late less early, and the standard deviation with which it "
        f"moves ({100 * level:g}% intervals)"
    )
    table = plain_table(title=title, title_style="bold")
    table.add_column("factor")
    for heading in ("levels", "seeds", "effect", *_PARTS.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    for found in factors:
        table.add_row(
            Text(_words(found)),
            str(len(found.levels)),
            str(len(found.seeds)),
            f"{number(found.effect.mean, 2)}\n±{number(found.effect.half, 2)}",
            *(_deviation(getattr(found.parts, part, None)) for part in _PARTS),
        )
    console.print()
    print_table(console, table)
    parts = [found.parts for found in factors if found.parts]
    below = any(min(part.rows.variance, part.columns.variance) < 0 for part in parts)
    notes = [_LEGEND] * bool(parts) + [
        "* estimated below 0, as where there is little or none"
    ] * below
    for line in (*notes, *(f"{_words(found)}: {verdict(found)}" for found in factors)):
        console.print(line, markup=False, highlight=False)


def _words(found: Moved) -> str:
    return clean_line(found.factor) or "all together"


def _deviation(part: Component | None) -> str:
    if part is None:
        return "–"
    low, high = (number(math.sqrt(end), 2) for end in (part.lower, part.upper))
    estimate = "0.00*" if part.variance < 0 else number(math.sqrt(part.variance), 2)
    return f"{estimate}\n{low}–{high}"
