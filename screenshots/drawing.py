"""A screen as SVG, cell by cell, as terminals paint it.

A font draws braille as small dots and leaves gaps between blocks and frames; terminals draw these
themselves, so that lines close up. Here they are shapes too, and only words are left to the font.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual._box_drawing import BOX_CHARACTERS
from textual.strip import Strip

from lwd_tui.palette import RGB, as_hex, mixed
from lwd_tui.tui.parts.octants import SIGNS

WIDTH, HEIGHT = 10, 20
"""Of a cell, in pixels."""
MARGIN = 12
FONT = "DejaVu Sans Mono"
_FONT_SIZE = 16.4
_BASELINE = 15
_DOT = 3.8
_LINES = (0, 1.3, 2.6)
"""Thickness of no, thin and heavy lines of frames."""

Box = tuple[float, float, float, float]
"""Left, top, width and height within a cell, each as a share of it."""

_ARMS = {sign: arms for arms, sign in BOX_CHARACTERS.items() if max(arms) < len(_LINES)}
_ROUND = {"╭": (1, 1), "╮": (-1, 1), "╰": (1, -1), "╯": (-1, -1)}
"""Corners: where their arms go, right or left and down or up."""
_DASHES = {"╌": (2, 1), "╍": (2, 2), "┄": (3, 1), "┅": (3, 2), "┈": (4, 1), "┉": (4, 2)}
"""How many dashes a cell has, and how thick they are."""
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
_QUARTERS: tuple[Box, ...] = (
    (0, 0, 0.5, 0.5),
    (0.5, 0, 0.5, 0.5),
    (0, 0.5, 0.5, 0.5),
    (0.5, 0.5, 0.5, 0.5),
)
_QUADRANTS = {"▖": "2", "▗": "3", "▘": "0", "▙": "023", "▚": "03", "▛": "012", "▜": "013"} | {
    "▝": "1", "▞": "12", "▟": "123"
}  # fmt: skip


def _blocks() -> Iterator[tuple[str, tuple[Box, ...]]]:
    """Yield each block character with the boxes that it is made of."""
    yield from (("▀", ((0, 0, 1, 0.5),)), ("▐", ((0.5, 0, 0.5, 1),)))
    yield from (("▔", ((0, 0, 1, 1 / 8),)), ("▕", ((7 / 8, 0, 1 / 8, 1),)))
    for eighths in range(1, 9):
        yield chr(0x2580 + eighths), ((0, 1 - eighths / 8, 1, eighths / 8),)
        yield chr(0x2590 - eighths), ((0, 0, eighths / 8, 1),)
    for sign, places in _QUADRANTS.items():
        yield sign, tuple(_QUARTERS[int(place)] for place in places)
    for bits, sign in SIGNS.items():
        if sign is not None and sign > "\uffff":
            places = (divmod(place, 2) for place, bit in enumerate(bits) if bit)
            yield sign, tuple((column / 2, row / 4, 0.5, 0.25) for row, column in places)
    for sign in _SHADES:
        yield sign, ((0, 0, 1, 1),)


_BLOCKS = dict(_blocks())


def svg(lines: Sequence[Strip], ground: RGB, ink: RGB) -> str:
    """Draw lines of a screen.

    Parameters
    ----------
    lines : sequence of Strip
    ground, ink : (int, int, int)
        What stands for the terminal's own colours.
    """
    columns = max(line.cell_length for line in lines)
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    drawing = _Drawing()
    for row, line in enumerate(lines):
        column = 0
        for text, style, _ in line:
            drawing.put(text, column, row, *_colours(style or Style(), ground, ink))
            column += cell_len(text)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}">',
            f'<rect width="{width}" height="{height}" rx="8" fill="{as_hex(ground)}"/>',
            f'<g transform="translate({MARGIN} {MARGIN})">',
            *drawing.parts(),
            "</g></svg>",
        ]
    )


def _colours(style: Style, ground: RGB, ink: RGB) -> tuple[Style, RGB, RGB | None]:
    """Return a style with its colour and its ground; None for the terminal's own."""
    front, back = _rgb(style.color, ink), _rgb(style.bgcolor, ground)
    if style.reverse:
        front, back = back, front
    if style.dim:
        front = mixed(front, back, 0.5)
    return style, front, back if back != ground else None


def _rgb(colour: Color | None, otherwise: RGB) -> RGB:
    if colour is None or colour.is_default:
        return otherwise
    red, green, blue = colour.get_truecolor()
    return red, green, blue


class _Drawing:
    """Shapes by colour: grounds below, then boxes, dots and arcs, words on top."""

    def __init__(self) -> None:
        self._grounds: dict[str, list[str]] = defaultdict(list)
        self._boxes: dict[tuple[str, float], list[str]] = defaultdict(list)
        self._dots: dict[str, list[str]] = defaultdict(list)
        self._arcs: dict[str, list[str]] = defaultdict(list)
        self._words: list[str] = []

    def parts(self) -> Iterable[str]:
        """Yield the elements."""
        for colour, paths in self._grounds.items():
            yield f'<path shape-rendering="crispEdges" fill="{colour}" d="{"".join(paths)}"/>'
        for (colour, opacity), paths in self._boxes.items():
            faint = f' fill-opacity="{opacity}"' if opacity < 1 else ""
            yield f'<path fill="{colour}"{faint} d="{"".join(paths)}"/>'
        for colour, paths in self._dots.items():
            dot = f'stroke="{colour}" stroke-width="{_DOT}" stroke-linecap="round"'
            yield f'<path {dot} d="{"".join(paths)}"/>'
        for colour, paths in self._arcs.items():
            arc = f'stroke="{colour}" stroke-width="{_LINES[1]}" fill="none"'
            yield f'<path {arc} d="{"".join(paths)}"/>'
        yield from self._words

    def put(
        self, text: str, column: int, row: int, style: Style, ink: RGB, ground: RGB | None
    ) -> None:
        """Draw what stands at a place of the screen."""
        x, y, colour = column * WIDTH, row * HEIGHT, as_hex(ink)
        if ground is not None:
            self._grounds[as_hex(ground)].append(_path((x, y, cell_len(text) * WIDTH, HEIGHT)))
        if style.underline:
            self._boxes[colour, 1].append(_path((x, y + HEIGHT - 2, cell_len(text) * WIDTH, 1)))
        letters: list[tuple[int, str]] = []
        for sign in text:
            if not self._shape(sign, x, y, colour) and not sign.isspace():
                letters.append((x, sign))
            x += cell_len(sign) * WIDTH
        if letters:
            bold = ' font-weight="bold"' if style.bold else ""
            italic = ' font-style="italic"' if style.italic else ""
            places = " ".join(str(x) for x, _ in letters)
            words = escape("".join(sign for _, sign in letters))
            self._words.append(
                f'<text x="{places}" y="{y + _BASELINE}" fill="{colour}" font-size="{_FONT_SIZE}"'
                f' font-family="{FONT}"{bold}{italic}>{words}</text>'
            )

    def _shape(self, sign: str, x: float, y: float, colour: str) -> bool:
        """Draw what isn't left to the font, and say whether it was that."""
        if "⠀" <= sign <= "⣿":
            bits = ord(sign) - 0x2800
            # The lowest two dots came to braille last, so their bits are the last ones.
            for bit, (i, j) in enumerate(
                [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
            ):
                if bits >> bit & 1:
                    self._dots[colour].append(f"M{x + 2.5 + 5 * i} {y + 2.5 + 5 * j}h0")
        elif sign in _BLOCKS:
            key = colour, _SHADES.get(sign, 1)
            for left, top, width, height in _BLOCKS[sign]:
                box = x + left * WIDTH, y + top * HEIGHT, width * WIDTH, height * HEIGHT
                self._boxes[key].append(_path(box))
        elif sign in _ROUND:
            right, down = (5 * way for way in _ROUND[sign])
            start = f"M{x + 5 + right} {y + 10}Q{x + 5} {y + 10} {x + 5} {y + 10 + down}"
            self._arcs[colour].append(f"{start}V{y + 10 + 2 * down}")
        elif sign in _DASHES:
            count, weight = _DASHES[sign]
            thick, pitch = _LINES[weight], WIDTH / count
            for place in range(count):
                box = x + (place + 0.15) * pitch, y + (HEIGHT - thick) / 2, 0.7 * pitch, thick
                self._boxes[colour, 1].append(_path(box))
        elif sign in _ARMS and sign != " ":
            self._boxes[colour, 1].extend(_path(box) for box in _arms(_ARMS[sign], x, y))
        else:
            return False
        return True


def _arms(arms: Sequence[int], x: float, y: float) -> Iterator[Box]:
    """Yield the arms of a frame's character, from its middle to its edges."""
    top, right, bottom, left = (_LINES[arm] for arm in arms)
    middle_x, middle_y = x + WIDTH / 2, y + HEIGHT / 2
    flat, upright = max(left, right) / 2, max(top, bottom) / 2
    if top:
        yield middle_x - top / 2, y, top, HEIGHT / 2 + flat
    if bottom:
        yield middle_x - bottom / 2, middle_y - flat, bottom, HEIGHT / 2 + flat
    if left:
        yield x, middle_y - left / 2, WIDTH / 2 + upright, left
    if right:
        yield middle_x - upright, middle_y - right / 2, WIDTH / 2 + upright, right


def _path(box: Box) -> str:
    x, y, width, height = (f"{extent:g}" for extent in box)
    return f"M{x} {y}h{width}v{height}h-{width}z"
