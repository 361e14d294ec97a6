"""What several commands share: checks of what was asked for, progress, tables and JSON lines.

Without Typer, which takes longer to import than the explorer's first frame may.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from lwd_tui.errors import LwdError
from lwd_tui.text import clean_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TextColumn
    from rich.table import Column, Table

    from lwd_tui.experiment.llm import Experiment
    from lwd_tui.experiment.participants import Wishes
    from lwd_tui.store.run import RunStore

T = TypeVar("T")

_GAP, _FOLDED = 2, 12


def asked_for(
    preset: str,
    settings: Sequence[str] | None,
    given: Mapping[str, Any],
    backend: str,
    models: Sequence[str] | None,
    hosts: Sequence[str] | None,
) -> tuple[Experiment, Wishes]:
    """Return the experiment that the options ask for, and what they wish beyond it.

    Raises
    ------
    InvalidExperiment
        If a preset or a field isn't valid.
    """
    from lwd_tui.experiment.files import changed, load_preset
    from lwd_tui.experiment.participants import Wishes
    from lwd_tui.experiment.section import parse_setting

    changes = dict(parse_setting(setting) for setting in settings or ())
    changes |= {name: value for name, value in given.items() if value is not None}
    # Whom these are about is known once the participants are chosen.
    later = tuple(
        (path, changes.pop(path)) for path in list(changes) if path.startswith("participants.")
    )
    experiment = changed(load_preset(preset, say), changes, say)
    return experiment, Wishes(backend, tuple(models or ()), tuple(hosts or ()), later)


def say(sentence: str) -> None:
    """Write a sentence that the user must see to stderr, cleaned."""
    sys.stderr.write(f"{clean_line(sentence)}\n")


def check_level(level: float) -> None:
    """Refuse a confidence that is none."""
    if not 0 < level < 1:
        raise LwdError(f"--confidence {level:g}: must lie between 0 and 1, as in 0.95")


def check_answers(store: RunStore) -> None:
    """Refuse a run that has no answers.

    Raises
    ------
    LwdError
        If it is of mixtures, or has no whole step.
    """
    from lwd_tui.store.folder import reference

    name = reference(store.path)
    if store.kind != "llm":
        raise LwdError(f"{name} is a run of mixtures, which give no answers; see `lwd-tui gmm`")
    if not store.finished():
        raise LwdError(f"{name} has no whole step yet; go on with: lwd-tui resume {name}")


def counted(things: Iterable[T], what: str) -> Iterator[T]:
    """Go through things, with a bar on stderr where somebody looks at it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress

    console = plain_console(stderr=True)
    if not console.is_terminal:
        yield from things
        return
    listed = list(things)
    columns = plain_column(), BarColumn(bar_width=24), MofNCompleteColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(listed, description=clean_line(what))


def tell(sentence: str) -> None:
    """Write a line to stdout, which may hold what others wrote, cleaned."""
    sys.stdout.write(f"{clean_line(sentence)}\n")


def plain_console(*, stderr: bool = False) -> Console:
    """Return a console that takes text for text: brackets and colons in it are no markup."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def plain_column(field: str = "description") -> TextColumn:
    """Return a column of a progress that shows clean text, which is no markup."""
    from rich.progress import TextColumn

    return TextColumn(f"{{task.{field}}}", markup=False)


def plain_table(**looks: Any) -> Table:
    """Return a table without lines under bold headings; title and caption stand on the left."""
    from rich.table import Table

    looks |= {"title_justify": "left", "caption_justify": "left"}
    return Table(box=None, header_style="bold", pad_edge=False, **looks)


def print_table(console: Console, table: Table) -> None:
    """Print a table; columns for which the line has no room follow below, beside the first again.

    Rich would cut numbers off, down to their first digit.
    """
    first, *others = table.columns
    parts, used = [[first]], _least(first)
    for column in others:
        if len(parts[-1]) > 1 and used + _least(column) - _GAP > console.width:
            parts.append([first])
            used = _least(first)
        parts[-1].append(column)
        used += _least(column)
    for place, columns in enumerate(parts):
        part = copy(table)
        part.columns = [replace(column, _index=i) for i, column in enumerate(columns)]
        part.title = None if place else table.title
        part.caption = table.caption if columns is parts[-1] else None
        if place:
            console.print()
        console.print(part)


def _least(column: Column) -> int:
    """Return how wide a column must be, with the gap after it; folded text gives way."""
    from rich.cells import cell_len

    texts = map(str, (column.header, *column.cells))
    pieces = (
        each for text in texts for each in (text.splitlines() if column.no_wrap else text.split())
    )
    widest = max(map(cell_len, pieces), default=1)
    return (min(widest, _FOLDED) if column.overflow == "fold" else widest) + _GAP


def write(line: dict[str, Any]) -> None:
    """Write one JSON object as a line; as ASCII: nothing is lost, and no terminal obeys it."""
    sys.stdout.write(json.dumps(line, allow_nan=False) + "\n")
    sys.stdout.flush()
