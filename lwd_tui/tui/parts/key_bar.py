"""The keys of what is focused, in the last line; a click presses one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from lwd_tui.tui.parts.words import Words

_GAP, _MORE = "  ", "…"
_KEPT = ("help", "command_palette")
"""Actions that stay where there is no room for all, since they lead to the rest."""


class KeyBar(Words):
    """One widget for all keys: Textual's footer mounts one for each, at every change of focus.

    Where there is no room for all, the last are left out, but not help and commands.
    """

    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; background: $background; }"
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[list[tuple[Binding, bool]]] = []
        self._places: list[tuple[int, int, Binding, bool]] = []

    def on_mount(self) -> None:
        """Follow what is focused."""
        self.screen.bindings_updated_signal.subscribe(self, self._take)

    def on_resize(self) -> None:
        """Show as many keys as there is room for."""
        self._show()

    def on_click(self, event: events.Click) -> None:
        """Press the key under the pointer."""
        for start, stop, binding, enabled in self._places:
            if start <= event.x < stop and enabled:
                self.app.simulate_key(binding.key)

    def _take(self, screen: Screen[object]) -> None:
        # A browser's page may be there before it has the focus: keys that were never shown are.
        wanted = self.app.app_focus or not self._entries
        if self.is_attached and screen is self.screen and wanted:
            self._entries = list(_entries(screen))
            self._show()

    def _show(self) -> None:
        entries, room = self._entries, self.size.width
        widths = [cell_len("".join(map("".join, self._words(entry)))) for entry in entries]
        shown = list(range(len(entries)))
        spare = [number for number in shown if entries[number][0][0].action not in _KEPT]
        while spare and _width(shown, widths) > room:
            shown.remove(spare.pop())
        content, self._places = Content(), []
        for number in shown:
            if content:
                content += _GAP
            if number and number - 1 not in shown:
                content += Content.styled(_MORE + _GAP, "$quiet")
            start = content.cell_length
            for (display, words), (binding, enabled) in zip(
                self._words(entries[number]), entries[number], strict=True
            ):
                dim = "" if enabled else " dim"
                content += Content.styled(display, f"bold $primary{dim}")
                content += Content.styled(words, f"$foreground{dim}")
                self._places.append((start, content.cell_length, binding, enabled))
                start = content.cell_length
        self.put(content)

    def _words(self, entry: list[tuple[Binding, bool]]) -> Iterator[tuple[str, str]]:
        """Yield each key and the words after it: of a group, they stand after the last."""
        for position, (binding, _) in enumerate(entry, start=1):
            group = binding.group if len(entry) > 1 else None
            words = binding.description if group is None else group.description
            shown = self.app.get_key_display(binding)
            yield shown, f" {words}" if position == len(entry) else ""


def _entries(screen: Screen[object]) -> Iterator[list[tuple[Binding, bool]]]:
    """Yield what is shown, in order: a key with whether it acts now, or the keys of a group."""
    first: dict[str, tuple[Binding, bool]] = {}
    for _, binding, enabled, _ in screen.active_bindings.values():
        if binding.show:
            first.setdefault(binding.action, (binding, enabled))
    for group, members in groupby(first.values(), lambda each: each[0].group):
        if group is None:
            yield from ([member] for member in members)
        else:
            yield list(members)


def _width(shown: list[int], widths: list[int]) -> int:
    gaps = len(_GAP) * (len(shown) - 1)
    more = len(_GAP) + len(_MORE) if len(shown) < len(widths) else 0
    return sum(widths[number] for number in shown) + gaps + more
