"""Text in a place of its own, laid out and painted anew only where that is needed."""

from __future__ import annotations

from typing import Self

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Static


class Words(Static):
    """Shows content; plain strings in it are never markup.

    Textual's own `Static` lays the whole screen out anew with each update.
    """

    def __init__(
        self,
        content: Content | None = None,
        *,
        id: str | None = None,
        classes: str = "",
    ) -> None:
        self._content = content or Content()
        super().__init__(self._content, markup=False, id=id, classes=classes)

    def put(self, content: Content) -> None:
        """Show other content, if it is other."""
        if same(content, self._content):
            return
        old, self._content = self._content, content
        # While it is hidden, its width isn't known.
        unknown = self.styles.is_auto_height and not self.content_size.width
        self.update(content, layout=unknown or self._room(old) != self._room(content))

    def row_of(self, beginning: str) -> int | None:
        """Return the row of the first line that begins so; None if none does, or while hidden."""
        row, width = 0, self.content_size.width
        for line in self._content.split("\n") if width else ():
            if line.plain.startswith(beginning):
                return row
            row += len(line.wrap(width))
        return None

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """Ask to be painted, and with `layout` never to be given the size of an older content.

        Textual files sizes under a count of the wishes for a layout, and counts a wish only if no
        earlier one is waiting to be told. A layout for another reason may come before that, and
        would file the size of what was shown in between.
        """
        if layout and self._layout_required:
            self._layout_updates += 1
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _room(self, content: Content) -> tuple[int, int]:
        """Return the columns and rows that the content asks for, where it is asked."""
        columns = 0
        if self.styles.is_auto_width:
            columns = max(map(cell_len, content.plain.split("\n")))
        if not self.styles.is_auto_height:
            return columns, 0
        width = self.content_size.width
        if columns or not width:
            return columns, content.plain.count("\n")
        return columns, len(content.wrap(width))


def same(one: Content, other: Content) -> bool:
    """Return whether two contents look the same; Content's own comparison sees no colours."""
    return one.plain == other.plain and one.spans == other.spans
