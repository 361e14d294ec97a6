"""A titled frame, which the parts of a page stand in."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from lwd_tui.tui.parts.words import same


class Panel(Vertical):
    """A frame with a title above and a remark below, brighter while it has the focus."""

    DEFAULT_CSS = """
    Panel {
        border: round $line;
        border-title-color: $foreground;
        border-subtitle-color: $quiet;
        padding: 0 1;
        &:focus-within { border: round $primary; }
    }
    """

    def __init__(self, *parts: Widget, id: str | None = None) -> None:
        super().__init__(*parts, id=id)
        self._heads: dict[str, Content] = {}

    def head(self, title: str, remark: str | Content = "") -> None:
        """Set the title and the remark; as text they are plain, without markup."""
        for name, text in (("border_title", title), ("border_subtitle", remark)):
            content = Content(text) if isinstance(text, str) else text
            if not same(content, self._heads.get(name, Content())):
                self._heads[name] = content
                # Textual's own setter paints the whole panel anew, with all that stands in it.
                setattr(self, f"_{name}", content.expand_tabs(4).split()[0])
                self._repaint_line(0 if name == "border_title" else self.outer_size.height - 1)

    def _repaint_line(self, row: int) -> None:
        line = Region(0, row, self.outer_size.width, 1)
        # Textual counts from the first cell inside the frame.
        self.refresh(line.translate(-self.content_offset))
