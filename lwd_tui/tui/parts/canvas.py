"""What plots are drawn on: cells that keep the ground below what is drawn over it."""

from __future__ import annotations

import numpy as np
from textual.strip import Strip
from textual_hires_canvas import Canvas as Cells

from lwd_tui.types import Floats

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_SHADE = "░"
# Without those that lines in blocks are made of.
_GROUNDS = " ▁▂▃▅▆▇░"


class Canvas(Cells):
    """A canvas that can also be painted without colours, and whose blank cells can be filled.

    Where it has nothing to draw yet, textual-hires-canvas gives a line without a style, which
    Textual can't take the colours out of.
    """

    _ground = ""

    def render_line(self, y: int) -> Strip:
        """Return a line of the canvas, always with a style."""
        strip = super().render_line(y)
        return strip if strip.cell_length else Strip.blank(self.size.width, self.rich_style)

    def is_free(self, x: int, y: int, signs: str = _GROUNDS) -> bool:
        """Say whether there is a cell that is blank, or bears no more than a ground."""
        if not (0 <= x < self._canvas_size.width and 0 <= y < self._canvas_size.height):
            return False
        sign = self._buffer[y][x]
        # Lines in octants have some of the ground's signs too.
        return sign in signs and (sign in " ░" or self._styles[y][x] == self._ground)

    def wipe(self, right: int) -> None:
        """Blank the first line, and the columns from `right` on."""
        for y in range(self._canvas_size.height):
            start = right if y else 0
            blank = self._canvas_size.width - start
            self._buffer[y][start:], self._styles[y][start:] = [" "] * blank, [""] * blank

    def fill(self, left: int, top: Floats, bottom: Floats, style: str, *, shaded: bool) -> None:
        """Lay a ground under what is drawn.

        Parameters
        ----------
        left : int
            The first column.
        top, bottom : ndarray of float
            Of each column, in rows from the top; NaN leaves it out.
        style : str
            A colour.
        shaded : bool
            In dots, where the terminal has no such colour.
        """
        for x, (high, low) in enumerate(zip(top, bottom, strict=True), left):
            if not high < low:
                continue
            for y in range(max(int(high), 0), min(int(np.ceil(low)), self._canvas_size.height)):
                share = min(low, y + 1) - max(high, y)
                if self.is_free(x, y, " "):
                    self._ground = style
                    whole = share > 0.94 or low < y + 1
                    sign = _EIGHTHS[8 if whole and share >= 0.5 else round(8 * share)]
                    if shaded:
                        sign = _SHADE if share >= 0.5 else " "
                    elif sign == "█":
                        self._styles[y][x] = f"on {style}"
                        continue
                    self._buffer[y][x], self._styles[y][x] = sign, style
                elif share >= 0.5 and not shaded:
                    self._styles[y][x] += f" on {style}"

    def halve(self, x: int, y: int, upper: str, lower: str) -> None:
        """Colour the halves of a cell, which is there; "" leaves one without."""
        self._buffer[y][x] = "▀" if upper else "▄"
        self._styles[y][x] = f"{upper} on {lower}" if upper and lower else upper or lower

    def stroke(self, x: int, top: int, bottom: int, style: str) -> None:
        """Draw a vertical hairline where nothing else is drawn."""
        for y in range(top, bottom):
            if self.is_free(x, y, " " + _SHADE):
                self.write(x, y, "│", style)

    def write(self, x: int, y: int, text: str, style: str) -> None:
        """Write words over what is drawn, on the ground that is there."""
        for place, letter in enumerate(text, x):
            if 0 <= place < self._canvas_size.width and 0 <= y < self._canvas_size.height:
                _, on, ground = self._styles[y][place].partition("on ")
                self.set_pixel(place, y, letter, f"{style} {on}{ground}")
