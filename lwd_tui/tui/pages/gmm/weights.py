"""The components' weights at one t, as bars: a line a mixture, or a column where lines run out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content

from lwd_tui.palette import marker
from lwd_tui.run.mixtures_walk import Scene
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.theme import series
from lwd_tui.types import Floats

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LABEL, _NUMBER = 9, 6
_NARROWEST = 7
"""Columns of a mixture side by side with others: a marker, a short bar and a gap."""
_THICKEST = 2
_FEW = 3


def bar(share: float, width: int) -> str:
    """Draw a share of 0 to 1 as a bar of up to `width` cells, to an eighth of a cell."""
    eighths = round(min(max(share, 0.0), 1.0) * 8 * width)
    drawn = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
    return drawn.ljust(width)


class WeightRows(Rows):
    """The lines; the cursor is on a component."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "turn(1)", "next component", id="weights.next", show=False),
        Binding("up,k", "turn(-1)", "component before", id="weights.previous", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._weights: Floats = np.zeros((0, 0))
        self._labels: tuple[str, ...] = ()
        self._full = 1.0
        # Lines of a component, as they were laid out.
        self._laid = 1

    def show(self, weights: Floats, labels: tuple[str, ...], full: float) -> None:
        """Show weights of shape (n, B), a label for each component; a full bar means `full`."""
        known = labels == self._labels and weights.shape == self._weights.shape
        if known and full == self._full and np.array_equal(weights, self._weights):
            return
        component = self.component
        self._weights, self._labels, self._full = weights, labels, full
        if known:
            self.refresh()
        else:
            self._lay_out(min(component, len(labels) - 1))

    @property
    def component(self) -> int:
        """The component that the cursor is on."""
        return self.cursor // self._laid

    @property
    def shown(self) -> int:
        """How many mixtures there is room for."""
        n = len(self._weights)
        if self._laid > 1:
            return n
        return max(1, min(n, (self.size.width - 1 - _LABEL) // _NARROWEST))

    def on_resize(self, event: events.Resize) -> None:
        """Lay the lines out for the new size."""
        del event
        self._lay_out(min(self.component, max(len(self._labels) - 1, 0)))

    def _lay_out(self, component: int) -> None:
        """Give each mixture lines of its own, and a blank one after, if all can then be seen."""
        n, size = (int(extent) for extent in self._weights.shape)
        thick = 0
        if n and size:
            thick = min(((self.size.height + 1) // size - 1) // n, _THICKEST)
        self._laid = n * thick + 1 if thick > 0 else 1
        count = size * self._laid
        self.fill(count - 1 if thick > 0 else count, component * self._laid)

    def validate_cursor(self, row: int) -> int:
        """Keep the cursor on the first line of a component."""
        return super().validate_cursor(row) // self._laid * self._laid

    def action_turn(self, components: int) -> None:
        """Move the cursor from component to component."""
        self.action_move(components * self._laid)

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Draw one line."""
        component, line = divmod(row, self._laid)
        label = self._labels[component] if line == 0 else ""
        yield Segment(label.ljust(_LABEL), self.ink())
        if self._laid == 1:
            yield from self._columns(component, width - _LABEL)
            return
        who, part = divmod(line, (self._laid - 1) // len(self._weights))
        if who < len(self._weights):
            weight = float(self._weights[who, component])
            drawn = bar(weight / self._full, width - _LABEL - 2 - _NUMBER)
            sign = marker(who) if part == 0 else " "
            yield Segment(f"{sign} ", self.series_ink(who))
            yield Segment(drawn, self.series_ink(who))
            if part == 0:
                yield Segment(f"{weight:{_NUMBER}.3f}", self.ink())

    def _columns(self, component: int, width: int) -> Iterator[Segment]:
        each = width // self.shown
        for who in range(self.shown):
            drawn = bar(float(self._weights[who, component]) / self._full, each - 3)
            yield Segment(f"{marker(who)} ", self.series_ink(who))
            yield Segment(f"{drawn} ", self.series_ink(who))


class Weights(Panel):
    """The lines, and the numbers of the component under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        self._rows = WeightRows()
        super().__init__(self._rows, id=id)
        self._weights: Floats = np.zeros((0, 0))
        self._title = ""

    @property
    def component(self) -> int:
        """The component that is looked at."""
        return self._rows.component

    def show(self, scene: Scene) -> None:
        """Show a scene.

        A full bar is 1, or where there are many components the largest weight at t and at t = 0.
        """
        self._weights = scene.weights[scene.t]
        full, scale = 1.0, ""
        if scene.spec.components > _FEW:
            full = max(float(scene.weights[0].max()), float(self._weights.max()))
            scale = f" · full bar {full:.2f}"
        self._title = f"weights at t = {scene.t}{scale}"
        labels = tuple(f"μ {row[0]:.4g}"[: _LABEL - 1] for row in scene.spec.means)
        self._rows.show(self._weights, labels, full)
        self._write()

    @on(Rows.Moved)
    def _write(self) -> None:
        """Write the numbers of the component."""
        n, component = len(self._weights), self.component
        if component >= self._weights.shape[-1]:
            return
        few = "" if self._rows.shown == n else f", the first {self._rows.shown} of {n}"
        parts = [
            Content.assemble((f"{marker(i)} ", series(i)), f"{self._weights[i, component]:.3f}")
            for i in range(min(n, 5))
        ]
        remark = Content(" ").join([Content(f"component {component + 1}{few}:"), *parts])
        self.head(self._title, remark)
