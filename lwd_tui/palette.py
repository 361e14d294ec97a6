"""One marker and one colour a participant, the same in every picture of every front end.

A colour is made readable on the ground it is drawn on: by contrast as WCAG 2 defines it.
"""

from __future__ import annotations

RGB = tuple[int, int, int]
"""Red, green and blue, from 0 to 255."""

MARKERS = ("○", "□", "△", "◇", "✕", "●", "■", "▲", "◆", "+")
# Okabe and Ito's colours, told apart by colour-blind readers too; their black and darkest blue
# would vanish on a dark background.
COLOURS: tuple[RGB, ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (148, 148, 148),
)
NORM, DEBIASED, FLOOR = COLOURS[1], COLOURS[0], COLOURS[6]
"""The norm, its debiased twin and their noise floor in every plot: orange, blue and grey."""
# Where black and white stand out equally well: (1.05 * 0.05) ** 0.5 - 0.05.
_MIDDLE = 0.18


def marker(participant: int) -> str:
    """Return the marker of a participant; told apart first, by shape."""
    return MARKERS[participant % len(MARKERS)]


def colour(participant: int) -> RGB:
    """Return the colour of a participant."""
    return COLOURS[participant % len(COLOURS)]


def contrast(one: RGB, other: RGB) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(rgb: RGB) -> float:
    """Return the relative luminance of an sRGB colour, as WCAG 2 defines it."""
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in rgb
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mixed(one: RGB, other: RGB, share: float) -> RGB:
    """Return a colour between two: `share` of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def readable(rgb: RGB, ground: RGB, wanted: float) -> RGB:
    """Return the colour, moved towards black or white until its contrast is the one wanted."""
    end = (0, 0, 0) if _luminance(ground) > _MIDDLE else (255, 255, 255)
    shades = (mixed(rgb, end, percent / 100) for percent in range(0, 100, 2))
    return next((shade for shade in shades if contrast(shade, ground) >= wanted), end)


def as_hex(rgb: RGB) -> str:
    """Write a colour as CSS does."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def as_rgb(text: str) -> RGB:
    """Read what `as_hex` wrote."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue
