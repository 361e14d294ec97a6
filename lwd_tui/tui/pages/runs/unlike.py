"""The settings in which the runs that are compared differ, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from textual.content import Content

from lwd_tui.findings.comparison import ComparedRun, differences, setting_text
from lwd_tui.palette import marker
from lwd_tui.text import shorten
from lwd_tui.tui.parts.excerpt import padded
from lwd_tui.tui.parts.steady import Steady
from lwd_tui.tui.parts.text_panel import TextPanel
from lwd_tui.tui.theme import series

Fields = Mapping[str, Any]
_LABEL, _LONGEST_LABEL = 14, 60
"""Columns for the names of fields, beyond which one has a line of its own; and where it is cut."""
_SHORTEST, _LONGEST, _WIDEST = 7, 24, 30
"""Columns of a value, and of a run whose name is long."""
_GAP = 2


def unlike_fields(runs: Sequence[ComparedRun]) -> list[Fields]:
    """Return for each run the fields in which not all agree, the seed among them."""
    seeds = len({run.seed for run in runs}) > 1
    return [
        ({"seed": run.seed} if seeds else {}) | fields
        for run, fields in zip(runs, differences(runs), strict=True)
    ]


class Unlike(TextPanel):
    """One line a field, one column a run; what is as in the pinned run is an equals sign."""

    DEFAULT_CSS = "Unlike Words { width: auto; }"
    SCROLLS = Steady

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: Mapping[int, tuple[str, Fields]] = {}
        self._pinned: int | None = None

    def show_runs(self, runs: Mapping[int, tuple[str, Fields]], pinned: int | None) -> None:
        """Show in what runs differ.

        Parameters
        ----------
        runs : mapping of int to (str, mapping)
            By their places among the markers and colours: the name, not cleaned, and the fields.
        pinned : int or None
            The place of the run that the others are compared with, which then stands first.
        """
        self._pinned = pinned if pinned in runs else None
        self._runs = {place: runs[place] for place in sorted(runs, key=lambda i: (i != pinned, i))}
        self._fill()

    def on_resize(self) -> None:
        """Make the columns as wide as there is room for, once the layout under way is done."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        fields = [each for _, each in self._runs.values()]
        names = list(fields[0]) if fields else []
        remark = f"{len(names)} setting{'' if len(names) == 1 else 's'}" if names else ""
        if names and self._pinned is not None:
            remark += f", = as in {marker(self._pinned)}"
        self.head("what differs", remark)
        if len(fields) < 2:
            words = "m marks runs; the settings in which they differ stand here"
            self.text.put(Content.styled(words, "$quiet"))
        elif not names:
            self.text.put(Content.styled("nothing: they are run in the same way", "$quiet"))
        else:
            self.text.put(Content("\n").join(self._lines(names, fields)))

    def _lines(self, names: list[str], fields: list[Fields]) -> list[Content]:
        label = max((len(name) for name in names if len(name) <= _LABEL), default=0) + _GAP
        room = (self.content_size.width - label) // len(fields) - _GAP
        most = min(max(room, _SHORTEST), _LONGEST)
        rows = {name: _texts([each[name] for each in fields], most) for name in names}
        widths = self._widths(list(zip(*rows.values(), strict=True)), label)
        lines = [self._headings(label, widths)]
        for name, texts in rows.items():
            head = shorten(name, _LONGEST_LABEL)
            if cell_len(head) > label - _GAP:
                lines.append(Content.styled(head, "$quiet"))
                head = ""
            cells = [
                (padded(text, width), "bold") for text, width in zip(texts, widths, strict=True)
            ]
            if self._pinned is not None:
                for position, width in enumerate(widths[1:], start=1):
                    if fields[position][name] == fields[0][name]:
                        cells[position] = (padded("=", width), "$quiet")
            lines.append(Content.assemble((padded(head, label), "$quiet"), *cells))
        return lines

    def _widths(self, columns: list[tuple[str, ...]], label: int) -> list[int]:
        """Return the columns' widths: of their values, and of their names where there is room."""
        least = [max(_SHORTEST, *map(cell_len, each)) + _GAP for each in columns]
        spare = max(self.content_size.width - label - sum(least), 0) // len(least)
        return [min(each + spare, max(each, _WIDEST)) for each in least]

    def _headings(self, label: int, widths: list[int]) -> Content:
        headings = [
            (padded(f"{marker(place)} {name}", width - 1) + " ", f"bold {series(place)}")
            for (place, (name, _)), width in zip(self._runs.items(), widths, strict=True)
        ]
        return Content.assemble(" " * label, *headings)


def _texts(values: list[Any], width: int) -> list[str]:
    """Write the values of one field; long texts from the word where they part."""
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values) and max(map(len, texts)) > width:
        letters = enumerate(zip(*texts, strict=False))
        parting = next((i for i, each in letters if len(set(each)) > 1), min(map(len, texts)))
        if word := texts[0].rfind(" ", 0, parting) + 1:
            values = [f"…{text[word:]}" for text in texts]
    return [setting_text(value, width) for value in values]
