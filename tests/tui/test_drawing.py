"""The pictures of the screens: what terminals draw themselves is drawn, and words are words."""

import importlib.util
import re
from pathlib import Path
from xml.dom import minidom

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_FILE = Path(__file__).parents[2] / "screenshots" / "drawing.py"
_SPEC = importlib.util.spec_from_file_location("drawing", _FILE)
drawing = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(drawing)

GROUND, INK = (0, 0, 0), (255, 255, 255)


def drawn(text, style=""):
    """Return a picture of one line, without the ground that all stands on."""
    line = Strip([Segment(text, Style.parse(style))])
    picture = drawing.svg([line], GROUND, INK)
    (group,) = minidom.parseString(picture).getElementsByTagName("g")  # noqa: S318 (our own)
    return group


def boxes(text):
    """Return left, top, width and height of each box, in pixels."""
    paths = [path.getAttribute("d") for path in drawn(text).getElementsByTagName("path")]
    found = re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", "".join(paths))
    return [tuple(map(float, box)) for box in found]


def area(text):
    return sum(width * height for _, _, width, height in boxes(text))


@pytest.mark.parametrize(
    ("sign", "share"),
    [
        ("█", 1),
        ("▀", 1 / 2),
        ("▐", 1 / 2),
        ("▁", 1 / 8),
        ("▇", 7 / 8),
        ("▘", 1 / 4),
        ("▟", 3 / 4),
        ("\U0001cd00", 1 / 8),
    ],
)
def test_a_block_fills_its_share_of_a_cell(sign, share):
    assert area(sign) == pytest.approx(share * drawing.WIDTH * drawing.HEIGHT)


def test_neighbours_close_up():
    width, height = drawing.WIDTH, drawing.HEIGHT
    assert boxes("██") == [(0, 0, width, height), (width, 0, width, height)]
    # The arms of a frame meet in the middle of its cell, and reach its edges.
    left, right = boxes("─")
    assert left[0] == 0
    assert left[0] + left[2] == right[0] == width / 2
    assert right[0] + right[2] == width
    assert min(box[1] for box in boxes("│")) == 0
    assert max(box[1] + box[3] for box in boxes("│")) == height


@pytest.mark.parametrize(("sign", "dots"), [("⠁", 1), ("⠒", 2), ("⣿", 8), ("⠀", 0)])
def test_braille_has_its_dots(sign, dots):
    paths = [path.getAttribute("d") for path in drawn(sign).getElementsByTagName("path")]
    places = re.findall(r"M([\d.]+) ([\d.]+)h0", "".join(paths))
    assert len(set(places)) == dots


def test_the_first_dot_of_braille_is_at_the_top_left_and_the_last_at_the_bottom_right():
    (first,) = drawn("⠁").getElementsByTagName("path")
    (last,) = drawn("⢀").getElementsByTagName("path")
    assert first.getAttribute("d") == "M2.5 2.5h0"
    assert last.getAttribute("d") == "M7.5 17.5h0"


def test_words_stand_in_their_cells_and_are_only_words():
    group = drawn("a <b>&日本 x")
    (text,) = group.getElementsByTagName("text")
    assert text.firstChild.data == "a<b>&日本x"
    columns = [float(x) / drawing.WIDTH for x in text.getAttribute("x").split()]
    # Those two letters are two columns wide each.
    assert columns == [0, 2, 3, 4, 5, 6, 8, 11]


def test_colours_are_those_of_the_cells():
    reverse = drawn("ab", "#ff0000 on #0000ff reverse")
    (ground,) = reverse.getElementsByTagName("path")
    assert ground.getAttribute("fill") == "#ff0000"
    (text,) = reverse.getElementsByTagName("text")
    assert text.getAttribute("fill") == "#0000ff"
    (plain,) = drawn("ab").getElementsByTagName("text")
    assert plain.getAttribute("fill") == "#ffffff"
