"""A sweep's plan: fields by values by seeds, what it costs, and how far each run is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from textual.content import Content

from lwd_tui.experiment.section import dotted
from lwd_tui.palette import marker
from lwd_tui.sweep.variants import Sweep
from lwd_tui.text import shorten
from lwd_tui.tui.pages.sweeps.shelf import INKS, SIGNS, Seen
from lwd_tui.tui.parts.excerpt import padded
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.passage import Passage
from lwd_tui.tui.theme import series

_VARIANT, _FIELD, _VALUE = 20, 14, 8
_ALL, _NOTHING = "all", {"": "as in all"}
_LONGEST = 200


class PlanTable(Panel):
    """The words above, and a line a field of each variant below, with a sign for each run."""

    DEFAULT_CSS = "PlanTable { padding: 0 0 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        self._passage = Passage()
        super().__init__(self._passage, id=id)
        self._seen: Seen | None = None
        self._said: tuple[str, ...] = ()

    def show_plan(self, seen: Seen | None, *said: str) -> None:
        """Show a sweep, and sentences on its cost; not cleaned."""
        stay = bool(seen and self._seen and seen.plan.path == self._seen.plan.path)
        self._seen, self._said = seen, said
        self._fill(stay=stay)

    def on_resize(self) -> None:
        """Fit the columns to the new width, once the layout that is under way is done."""
        self.call_after_refresh(self._fill, stay=True)

    def _fill(self, *, stay: bool) -> None:
        seen, width = self._seen, max(self.content_size.width - 2, 30)
        if seen is None or seen.plan.sweep is None:
            self.head("plan")
            problem = seen.plan.problem if seen else "no sweep is chosen"
            self._passage.put(
                Content.styled(shorten(problem, 1_000), "$error" if seen else "$quiet")
            )
            return
        sweep = seen.plan.sweep
        self.head(f"plan · {shorten(sweep.name, 40)} · preset {shorten(sweep.preset, 40)}")
        cost, *others = [Content(shorten(each, 600)) for each in self._said] or [Content("")]
        if seen.plan.problem:
            cost = Content.styled(f"! {shorten(seen.plan.problem, 1_000)}", "bold $error")
        lines = [cost, *_table(seen, sweep, width), Content(""), *others]
        if sweep.description:
            lines.append(Content.styled(shorten(sweep.description, 400), "$quiet"))
        self._passage.put(Content("\n").join(lines), stay=stay)


def _table(seen: Seen, sweep: Sweep, width: int) -> Iterator[Content]:
    variant = min(max([cell_len(each.name) for each in sweep.variants] + [7]), _VARIANT)
    rows = [
        (each.name, dict(dotted(each.changes)) or {"": "as the preset"}) for each in sweep.variants
    ]
    fields = [name for _, changes in rows for name in changes] + list(dict(dotted(sweep.changes)))
    field = min(max([cell_len(name) for name in fields] + [5]), max(width // 4, _FIELD))
    left = width - variant - field - 6
    columns = [len(str(seed)) for seed in sweep.seeds]
    named = sum(columns) + len(columns) <= left - _VALUE
    plain = len(columns) <= left - _VALUE
    room = sum(columns) + len(columns) if named else len(columns) if plain else 8
    value = max(left - room, _VALUE)
    seeds = " ".join(map(str, sweep.seeds)) if named else "seeds"
    yield Content.styled(
        f"  {'variant':<{variant}}  {'field':<{field}}  {'value':<{value}}{seeds}", "$quiet"
    )
    for place, (name, changes) in enumerate(rows):
        for number, (path, what) in enumerate(changes.items()):
            line = Content(" " * (variant + 2))
            if not number:
                mark = f"{marker(place)} ", series(place)
                line = Content.assemble(mark, padded(name, variant))
            line += Content(f"  {padded(path, field)}  {padded(_written(what), value - 1)} ")
            if not number:
                line += _signs(seen, name, columns if named else [1] * len(columns), named, plain)
            yield line
    for number, (path, what) in enumerate(dotted(sweep.changes)):
        head = _ALL if not number else ""
        words = f"  {head:<{variant}}  {padded(path, field)}  {padded(_written(what), value)}"
        yield Content.styled(words, "$quiet")


def _signs(seen: Seen, variant: str, columns: list[int], named: bool, plain: bool) -> Content:
    """Return a sign for each run of a variant, or a count where there is no room for them."""
    states = seen.of(variant)
    if not plain:
        done = sum(state.status == "done" for state in states)
        return Content(f"{done}/{len(states)}")
    signs = [
        Content.styled(SIGNS[state.status].ljust(width), f"${INKS[state.status]}")
        for state, width in zip(states, columns, strict=False)
    ]
    return Content(" " if named else "").join(signs)


def _written(value: Any) -> str:
    """Write a value as it is typed; of a list of tables, how many there are."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"{len(value)} of them"
    return shorten(str(value), _LONGEST)
