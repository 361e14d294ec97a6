"""What `lwd-tui compare` tells of forks: the difference that a change made, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from lwd_tui.cli.shared import plain_table
from lwd_tui.text import clean_line, json_number, number_text

if TYPE_CHECKING:
    from lwd_tui.findings.forks import Branch

_ROWS = 24
"""Steps of a branch that are shown at most; the JSON has all."""


def branch_line(branch: Branch, names: list[str]) -> dict[str, Any]:
    """Return a branch as plain JSON values; None is what isn't known."""
    columns = {
        "norm_fork": branch.forks,
        "norm_twin": branch.twins,
        "difference": branch.difference.mean,
        "half_width": branch.difference.half,
        "p": branch.difference.p,
        "p_holm": branch.adjusted,
        "apart": branch.apart,
        "chance": branch.chance,
        "chance_apart": branch.chance_apart,
    }
    return {
        "parent": branch.parent,
        "at": branch.at,
        "change": branch.change,
        "pairs": [[names[pair.fork], names[pair.twin]] for pair in branch.pairs],
        **{name: [json_number(value) for value in values] for name, values in columns.items()},
    }


def branch_table(branch: Branch, level: float) -> Table:
    """Return the steps of a branch, evenly spread where they are many."""
    pairs = len(branch.pairs)
    count = "one pair" if pairs == 1 else f"{pairs} pairs of one seed each"
    table = plain_table(
        title=clean_line(f"{branch.parent} forked at t = {branch.at}: {branch.change}; {count}"),
        title_style="bold",
        caption=f"difference of the norms, fork less twin, with its {100 * level:g}% interval at "
        "each step; p after Holm over all steps; apart: how far a participant is from itself in "
        "the twin; chance: the twin less its parent",
    )
    for heading in ("t", "twin", "fork", "difference", "±", "p", "apart", "chance", "apart"):
        table.add_column(heading, justify="right", no_wrap=True)
    steps = len(branch.forks)
    shown = sorted({round(i * (steps - 1) / max(_ROWS - 1, 1)) for i in range(_ROWS)})
    for i in shown if steps > _ROWS else range(steps):
        table.add_row(
            str(branch.at + i),
            number_text(branch.twins[i]),
            number_text(branch.forks[i]),
            _signed(branch.difference.mean[i]),
            number_text(branch.difference.half[i]),
            number_text(branch.adjusted[i]),
            number_text(branch.apart[i]),
            _signed(branch.chance[i]),
            number_text(branch.chance_apart[i]),
        )
    return table


def _signed(value: float) -> str:
    return f"+{number_text(value)}" if value > 0 else number_text(value)
