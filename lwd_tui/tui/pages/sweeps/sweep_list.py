"""The sweeps that there are, one a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.segment import Segment

from lwd_tui.tui.pages.sweeps.shelf import Seen
from lwd_tui.tui.parts.excerpt import excerpt, padded
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.rows import Items

_COUNT, _STATUS, _NAME = 9, 10, 14
_INKS = {
    "under way": "success", "elsewhere": "success", "pausing": "warning", "paused": "warning",
    "wrong": "error",
}  # fmt: skip


class SweepList(Panel):
    """The user's own first; of each, how many of its runs are there."""

    def __init__(self, *, id: str | None = None) -> None:
        self.lines = _Lines("looking what sweeps there are …")
        super().__init__(self.lines, id=id)

    def show_sweeps(self, seen: Sequence[Seen], at: Path | None, *, rehearsal: bool) -> None:
        """Show other sweeps; the cursor stays on its own, or goes to the one that is named."""
        count = f"{len(seen)} sweep{'' if len(seen) == 1 else 's'}"
        self.head(f"{count} · rehearsals" if rehearsal else count)
        if at is None and self.lines.chosen is not None:
            at = self.lines.chosen.plan.path
        paths = [each.plan.path for each in seen]
        self.lines.show_items(seen, paths.index(at) if at in paths else self.lines.cursor)


class _Lines(Items[Seen]):
    def draw(self, row: int, width: int) -> Iterable[Segment]:
        seen = self.items[row]
        room = max(width - _COUNT - _STATUS - 2, _NAME)
        yield Segment(padded(seen.plan.name, room), self.ink())
        ink = _INKS.get(seen.status, "quiet")
        if seen.plan.problem:
            yield Segment(f" {excerpt(seen.plan.problem, _COUNT + _STATUS + 1)}", self.ink(ink))
            return
        yield Segment(f" {f'{seen.done}/{len(seen.states)}':>{_COUNT}} ", self.ink())
        yield Segment(f"{seen.status:<{_STATUS}}", self.ink(ink))
