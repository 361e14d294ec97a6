"""The colours of the report, on light ground and on dark."""

from __future__ import annotations

from dataclasses import dataclass

from lwd_tui.palette import COLOURS

RGB = tuple[int, int, int]

CONTRAST = 3.0
"""Of every marker and line with its ground: what WCAG 2.1 asks of graphics."""

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


def contrast(one: RGB, other: RGB) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(rgb: RGB) -> float:
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in rgb
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _readable(rgb: RGB, ground: RGB, end: int) -> RGB:
    """Return the colour, moved towards black (0) or white (255) until it stands out."""
    shades = (_mixed(rgb, end, percent / 100) for percent in range(101))
    return next(shade for shade in shades if contrast(shade, ground) >= CONTRAST)


def _mixed(rgb: RGB, end: int, share: float) -> RGB:
    red, green, blue = (round(part + (end - part) * share) for part in rgb)
    return red, green, blue


def _as_hex(rgb: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


TEXT = Ink("text", "#1b1f24", "#d9dee5")
QUIET = Ink("quiet", "#5f6873", "#98a2b1")
RULE = Ink("rule", "#dbd8d0", "#333b46")
GROUND = Ink("ground", _as_hex(_PAPER), _as_hex(_NIGHT))
PANEL = Ink("panel", "#f1efe9", "#1a1f26")
LINK = Ink("link", "#00557f", "#7cc4f0")
SERIES = tuple(
    Ink(
        f"series-{number}", _as_hex(_readable(rgb, _PAPER, 0)), _as_hex(_readable(rgb, _NIGHT, 255))
    )
    for number, rgb in enumerate(COLOURS)
)
INKS = (TEXT, QUIET, RULE, GROUND, PANEL, LINK, *SERIES)


def series(number: int) -> Ink:
    """Return the ink of a participant, or of a replicate."""
    return SERIES[number % len(SERIES)]
