"""A sentence that the user must see, in place, until it is dismissed or another follows."""

from __future__ import annotations

from textual.content import Content

from lwd_tui.text import shorten
from lwd_tui.tui.parts.few_rows import FewRows, cut

_ROWS = 4
_LONGEST = 600
_END = Content.styled("  esc", "$quiet")


class Notice(FewRows):
    """Takes room only while there is something to say; of too much, the newest line stays."""

    DEFAULT_CSS = """
    Notice {
        max-height: 4;
        padding: 0 1;
        background: $panel;
        color: $warning;
        display: none;
    }
    """
    ALLOW_SELECT = True

    def __init__(self) -> None:
        super().__init__(_ROWS)
        self._sentence = ""

    def show(self, sentence: str) -> None:
        """Show a sentence, or several, a line each; "" takes the notice away."""
        if sentence == self._sentence:
            return
        self._sentence = sentence
        self.display = bool(sentence)
        self.put(Content("\n").join(shorten(each, _LONGEST) for each in sentence.split("\n")))

    def fitted(self, content: Content, width: int) -> Content:
        """Return the lines that there is room for, from the end, and how to dismiss them."""
        if not content:
            return content
        lines, sign = content.split("\n"), "! "
        while len(lines) > 1:
            whole = Content(sign) + Content("\n").join(lines) + _END
            if len(whole.wrap(width)) <= self.most:
                return whole
            lines, sign = lines[1:], "! … "
        return cut(Content(sign) + lines[0], width, self.most, _END)
