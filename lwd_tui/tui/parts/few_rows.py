"""Words that never take more than a few rows, and say so where they would."""

from __future__ import annotations

from textual.content import Content

from lwd_tui.tui.parts.words import Words


class FewRows(Words):
    """Shows content in so many rows at most; where it is cut, an ellipsis stands."""

    DEFAULT_CSS = "FewRows { height: auto; }"

    def __init__(self, most: int, *, id: str | None = None, classes: str = "") -> None:
        super().__init__(id=id, classes=classes)
        self.most = most
        self._whole = Content()

    def put(self, content: Content) -> None:
        """Show other content, or as much of it as there is room for."""
        self._whole = content
        self._fit()

    def on_resize(self) -> None:
        """Cut for the new width, once the layout that is under way is done."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        # Until it is laid out, its width isn't known.
        width = self.content_size.width or self.app.size.width
        super().put(self.fitted(self._whole, width))

    def fitted(self, content: Content, width: int) -> Content:
        """Return as much of the content as there is room for."""
        return cut(content, width, self.most)


def cut(content: Content, width: int, most: int, end: Content | None = None) -> Content:
    """Return content that takes so many rows at most, with what stands at its end in any case."""
    end = end or Content()
    rows = (content + end).wrap(width)
    if len(rows) <= most:
        return content + end
    rows = content.wrap(width)[:most]
    room = max(width - 1 - end.cell_length, 0)
    return Content("\n").join([*rows[:-1], rows[-1].truncate(room) + "…" + end])
