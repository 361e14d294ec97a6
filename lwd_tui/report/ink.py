"""The colours of the report, on light ground and on dark."""

from __future__ import annotations

from dataclasses import dataclass

from lwd_tui import palette
from lwd_tui.palette import COLOURS, RGB, as_hex, readable

CONTRAST, WORDS = 3.0, 4.5
"""Of every marker and line with its ground, and of words: what WCAG 2.1 asks of them."""

_PAPER: RGB = (251, 250, 247)
_NIGHT: RGB = (18, 21, 26)


@dataclass(frozen=True, slots=True)
class Ink:
    """A colour that has a name in the page's style sheet.

    Attributes
    ----------
    name : str
        Of the CSS variable, without its dashes.
    light, dark : str
        As CSS writes them, on light ground and on dark; `light` is also what is drawn on white.
    """

    name: str
    light: str
    dark: str


def _readable(name: str, rgb: RGB, contrast: float) -> Ink:
    light, dark = (as_hex(readable(rgb, ground, contrast)) for ground in (_PAPER, _NIGHT))
    return Ink(name, light, dark)


TEXT = Ink("text", "#1b1f24", "#d9dee5")
QUIET = Ink("quiet", "#5f6873", "#98a2b1")
RULE = Ink("rule", "#dbd8d0", "#333b46")
GROUND = Ink("ground", as_hex(_PAPER), as_hex(_NIGHT))
PANEL = Ink("panel", "#f1efe9", "#1a1f26")
LINK = Ink("link", "#00557f", "#7cc4f0")
SERIES = tuple(_readable(f"series-{i}", rgb, CONTRAST) for i, rgb in enumerate(COLOURS))
# Words stand in these too, at the ends of lines.
NORM = _readable("norm", palette.NORM, WORDS)
DEBIASED = _readable("debiased", palette.DEBIASED, WORDS)
INKS = (TEXT, QUIET, RULE, GROUND, PANEL, LINK, *SERIES, NORM, DEBIASED)


def series(number: int) -> Ink:
    """Return the ink of a participant, or of a replicate."""
    return SERIES[number % len(SERIES)]
