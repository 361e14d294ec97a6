"""Drawings by Matplotlib: stacked in one picture, or each inside a page that lends its colours."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.dom import minidom

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from lwd_tui.palette import marker
from lwd_tui.report.ink import INKS, QUIET, RULE, TEXT, series
from lwd_tui.text import clean_line, shorten

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

WIDTH = 7.4
HEADING = 0.35
"""Inches of a drawing's title, over what `Drawing.height` asks for."""
MARGIN = 0.45
"""Inches around what is to be printed."""
MOST_CURVES = 48
"""Participants whose curves are drawn, at most."""
_LEGEND, _LEGEND_COLUMNS = 12, 4
"""Entries of a legend, at most, and beside each other."""

_STYLE: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.edgecolor": QUIET.light,
    "axes.labelcolor": TEXT.light,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": RULE.light,
    "grid.linewidth": 0.6,
    "text.color": TEXT.light,
    "xtick.color": QUIET.light,
    "xtick.labelcolor": TEXT.light,
    "ytick.color": QUIET.light,
    "ytick.labelcolor": TEXT.light,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "legend.borderaxespad": 0.2,
    "lines.markersize": 5.0,
    "savefig.dpi": 200,
    # A dollar sign in a name is a dollar sign.
    "text.parse_math": False,
    # Text stays text, to be searched and read aloud.
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "lwd-tui",
}
_VARIABLES = {ink.light: f"var(--{ink.name})" for ink in INKS}
_COLOUR = re.compile("|".join(_VARIABLES))
_FONT = re.compile(r"font-family: [^;]*;? ?")
# Equal drawings have equal bytes.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": "lwd-tui"},
    "svg": {"Date": None, "Creator": "lwd-tui"},
    "pdf": {"CreationDate": None, "Creator": "lwd-tui"},
}
_SHAPES = {"○": "o", "□": "s", "△": "^", "◇": "D", "✕": "x"} | {
    "●": "o", "■": "s", "▲": "^", "◆": "D", "+": "P"
}  # fmt: skip
_HOLLOW = frozenset("○□△◇")


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure.

    Attributes
    ----------
    title : str
        Over it where it stands without a page.
    alt : str
        What it shows, for those who can't see it.
    height : float
        In inches; all are equally wide.
    draw : callable
        Draws it on a figure.
    """

    title: str
    alt: str
    height: float
    draw: Callable[[FigureBase], None]


def picture(
    drawings: Sequence[Drawing], heading: str, kind: str, *, printed: bool = False
) -> bytes:
    """Return drawings, one above the other, as a PNG, SVG or PDF file of their own, on white.

    What is to be printed stands on a page of the shape of A4, with a margin.
    """
    with _styled():
        height = sum(drawing.height for drawing in drawings) + HEADING * (len(drawings) + 1)
        figure = _blank(height, "white")
        figure.suptitle(clean_line(heading), x=0.012, ha="left", fontsize=11, weight="bold")
        ratios = [drawing.height + HEADING for drawing in drawings]
        parts = figure.subfigures(len(drawings), 1, height_ratios=ratios, squeeze=False)
        for part, drawing in zip(parts[:, 0], drawings, strict=True):
            part.suptitle(clean_line(drawing.title), x=0.012, ha="left", fontsize=9.5)
            drawing.draw(part)
        return _saved(figure, kind, _page(height) if printed else None)


def inline(drawing: Drawing, place: str) -> str:
    """Return a drawing as an SVG element whose colours are the page's variables.

    The place is distinct in the page: it is put before the names of the drawing's parts.
    """
    with _styled():
        figure = _blank(drawing.height, "none")
        drawing.draw(figure)
        for axes in figure.axes:
            axes.set_facecolor("none")
        text = _saved(figure, "svg")
    document = minidom.parseString(text)  # noqa: S318 (Matplotlib has just written it)
    (svg,) = document.getElementsByTagName("svg")
    for parent, name in (("svg", "metadata"), ("defs", "style")):
        for holder in document.getElementsByTagName(parent):
            for element in holder.getElementsByTagName(name):
                holder.removeChild(element)
    for element in svg.getElementsByTagName("*"):
        _adapt(element, place)
    for name in ("width", "height", "version"):
        svg.removeAttribute(name)
    svg.setAttribute("role", "img")
    svg.setAttribute("aria-label", clean_line(drawing.alt))
    return svg.toxml()


def _adapt(element: minidom.Element, place: str) -> None:
    """Make the name of a part distinct in the page, or drop it; leave fonts and colours to it."""
    if element.hasAttribute("id"):
        name = element.getAttribute("id")
        element.removeAttribute("id")
        if element.tagName in ("path", "clipPath"):
            element.setAttribute("id", f"{place}-{name}")
    for attribute, sign in (("xlink:href", "#"), ("clip-path", "url(#")):
        if element.hasAttribute(attribute):
            used = element.getAttribute(attribute).replace(sign, f"{sign}{place}-", 1)
            element.setAttribute(attribute, used)
    if element.hasAttribute("style"):
        style = _FONT.sub("", element.getAttribute("style"))
        style = _COLOUR.sub(lambda found: _VARIABLES[found[0]], style)
        element.setAttribute("style", style)


@contextmanager
def _styled() -> Iterator[None]:
    """Draw in our style, whatever the user's own settings of Matplotlib are."""
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        # In an SVG the reader's fonts write such a character; a PNG shows a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _blank(height: float, ground: str) -> Figure:
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06)
    return Figure((WIDTH, height), layout=layout, facecolor=ground)


def _page(height: float) -> Bbox:
    """Return a page around a figure, in inches from its lower left."""
    tall = max(height + 2 * MARGIN, math.sqrt(2) * (WIDTH + 2 * MARGIN))
    beside = (tall / math.sqrt(2) - WIDTH) / 2
    return Bbox(((-beside, height + MARGIN - tall), (WIDTH + beside, height + MARGIN)))


def _saved(figure: Figure, kind: str, page: Bbox | None = None) -> bytes:
    # The layout is solved with differences in the last digits from one time to the next.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for part in figure.subfigs:
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(4))
    for axes in figure.axes:
        axes.set_position(Bbox(axes.get_position().get_points().round(4)))
    file = io.BytesIO()
    figure.savefig(file, format=kind, metadata=_METADATA[kind], bbox_inches=page)
    return file.getvalue()


# What the figures share.


def paper(figure: FigureBase, height: float) -> Axes:
    """Return blank axes for text, in inches from the upper left, under a drawing's title."""
    axes = figure.add_axes((0, 0, 1, height / (height + HEADING)))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    return axes


def moments(last: int) -> list[int]:
    """Return the first, the middle and the last of t = 0 .. `last`, each once; [] before any."""
    return sorted({0, last // 2, last}) if last >= 0 else []


def over_time(axes: Axes, last: int, label: str, panels: int = 1) -> None:
    """Make t the horizontal axis, from 0 to `last`, and 0 the lower end of the other."""
    axes.set_xlim(0, max(last, 1))
    axes.margins(y=0.08)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("t")
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(12 // panels, integer=True))


def mark(number: int) -> dict[str, Any]:
    """Return the marker and colour of a participant or a replicate, as a line's properties."""
    sign, ink = marker(number), series(number).light
    face = "none" if sign in _HOLLOW else ink
    return {
        "marker": _SHAPES[sign],
        "color": ink,
        "markerfacecolor": face,
        "markeredgewidth": 1.2,
        "clip_on": False,
    }


def keys_over(axes: Axes, handles: Sequence[Artist], total: int = 0) -> None:
    """Put a legend of what is drawn over the axes, outside the data.

    The total is how many there are, should some not be drawn.
    """
    entries = _entries(handles, total)
    axes.legend(handles=entries, loc="lower left", bbox_to_anchor=(0, 1), ncols=_LEGEND_COLUMNS)


def keys_below(figure: FigureBase, handles: Sequence[Artist], total: int = 0) -> None:
    """Put one legend under all axes of a figure; the parameters are those of `keys_over`."""
    entries = _entries(handles, total)
    figure.legend(handles=entries, loc="outside lower left", ncols=_LEGEND_COLUMNS)


def legend_height(entries: int) -> float:
    """Return the height of a legend in inches."""
    return 0.2 * -(-min(entries, _LEGEND + 1) // _LEGEND_COLUMNS)


def _entries(handles: Sequence[Artist], total: int) -> list[Artist]:
    """Return the handles of a legend; of very many, the first few and the number of others."""
    unnamed, missing = len(handles) - _LEGEND, total - len(handles)
    rest = [f"and {unnamed} more"] if unnamed > 0 else []
    rest += [f"{missing:,} not drawn"] if missing > 0 else []
    more = [Line2D([], [], linestyle="none", label=", ".join(rest))] if rest else []
    return [*handles[:_LEGEND], *more]


def short_name(name: str) -> str:
    """Return a name as it fits into a legend."""
    return shorten(name, 24)
