"""Three themes, and the participants' colours made readable on each.

The series are Okabe and Ito's colours (`lwd_tui.palette`), darkened or lightened until their
contrast with the background is what WCAG 2 asks of text.
"""

from __future__ import annotations

from textual.theme import Theme

from lwd_tui.palette import COLOURS, colour

RGB = tuple[int, int, int]
CONTRAST = 4.5


def _luminance(rgb: RGB) -> float:
    """Relative luminance of an sRGB colour, as WCAG 2 defines it."""
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in rgb
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: RGB, other: RGB) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(one: RGB, other: RGB, share: float) -> RGB:
    """Return a colour between two: `share` of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def readable(rgb: RGB, background: RGB, wanted: float = CONTRAST) -> RGB:
    """Return the colour, moved towards black or white until it can be read."""
    end = (0, 0, 0) if _luminance(background) > 0.18 else (255, 255, 255)
    for percent in range(0, 100, 2):
        candidate = mixed(rgb, end, percent / 100)
        if contrast(candidate, background) >= wanted:
            return candidate
    return end


def as_hex(rgb: RGB) -> str:
    """Write a colour as CSS does."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def as_rgb(text: str) -> RGB:
    """Read what `as_hex` wrote."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def series(participant: int) -> str:
    """Return the theme's variable for a participant's colour, to be used in a style."""
    return f"$series-{participant % len(COLOURS)}"


def _finished(theme: Theme, *, quiet: str, line: str, heat: str, wanted: float = CONTRAST) -> Theme:
    """Add our own variables: the series, `quiet` words, thin `line`s and the `heat` of a table."""
    background = as_rgb(theme.background or "#000000")
    theme.variables |= {
        f"series-{i}": as_hex(readable(colour(i), background, wanted)) for i in range(len(COLOURS))
    }
    theme.variables |= {
        "quiet": quiet,
        "line": line,
        "heat": heat,
        "footer-background": theme.background or "",
        "footer-key-foreground": theme.primary,
        "footer-description-foreground": theme.foreground or "",
    }
    return theme


THEMES = (
    _finished(
        Theme(
            "lwd-dark",
            primary="#7cc4f0",
            secondary="#8a94a3",
            accent="#e69f00",
            warning="#f0b030",
            error="#ff8a70",
            success="#4fc79b",
            foreground="#d9dee5",
            background="#12151a",
            surface="#12151a",
            panel="#1d222a",
        ),
        quiet="#8f99a8",
        line="#3d4653",
        heat="#2f6f9f",
    ),
    _finished(
        Theme(
            "lwd-light",
            dark=False,
            primary="#00557f",
            secondary="#5a6470",
            accent="#8a5a00",
            warning="#805000",
            error="#a83000",
            success="#006b4d",
            foreground="#1b1f24",
            background="#fbfaf7",
            surface="#fbfaf7",
            panel="#ebe9e3",
        ),
        quiet="#5f6873",
        line="#b9b6ad",
        heat="#7fb2d6",
    ),
    _finished(
        Theme(
            "lwd-contrast",
            primary="#ffffff",
            secondary="#e0e0e0",
            accent="#ffd000",
            warning="#ffd000",
            error="#ff9d8a",
            success="#66ffb2",
            foreground="#ffffff",
            background="#000000",
            surface="#000000",
            panel="#202020",
        ),
        quiet="#d0d0d0",
        line="#a0a0a0",
        heat="#0060a0",
        wanted=7.0,
    ),
)
"""Dark, light, and high contrast."""
