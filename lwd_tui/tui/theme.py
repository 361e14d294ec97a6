"""Three themes, and the participants' colours made readable on each.

The series are Okabe and Ito's colours (`lwd_tui.palette`), darkened or lightened until their
contrast with the background is what WCAG 2 asks of text.
"""

from __future__ import annotations

from typing import Any

from textual.theme import Theme

from lwd_tui.palette import COLOURS, DEBIASED, NORM, RGB, as_hex, as_rgb, colour, readable

CONTRAST = 4.5


def series(participant: int) -> str:
    """Return the theme's variable for a participant's colour, to be used in a style."""
    return f"$series-{participant % len(COLOURS)}"


def _theme(
    name: str,
    *,
    background: str,
    ground: str,
    wanted: float = CONTRAST,
    quiet: str,
    line: str,
    heat: str,
    **colours: Any,
) -> Theme:
    """Return a theme with variables of our own.

    The series, `quiet` words, thin `line`s, the filled `ground` of a plot, the `heat` of a table,
    and the two colours that the norm and its debiased twin have in every plot.
    """

    def on(below: str, rgb: RGB) -> str:
        return as_hex(readable(rgb, as_rgb(below), wanted))

    own = {"quiet": quiet, "line": line, "ground": ground, "heat": heat}
    # These stand on the ground too.
    own |= {"norm": on(ground, NORM), "debiased": on(ground, DEBIASED)}
    own |= {f"series-{i}": on(background, colour(i)) for i in range(len(COLOURS))}
    # Textual's own reverses the words of a button, and leaves its edges as they were.
    own["button-focus-text-style"] = "bold underline"
    return Theme(name, background=background, surface=background, variables=own, **colours)


THEMES = (
    _theme(
        "lwd-dark",
        primary="#7cc4f0",
        secondary="#8a94a3",
        accent="#e69f00",
        warning="#f0b030",
        error="#ff8a70",
        success="#4fc79b",
        foreground="#d9dee5",
        background="#12151a",
        panel="#1d222a",
        quiet="#8f99a8",
        line="#3d4653",
        ground="#2a2d33",
        heat="#2f6f9f",
    ),
    _theme(
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
        panel="#ebe9e3",
        quiet="#5f6873",
        line="#b9b6ad",
        ground="#e9e7e0",
        heat="#7fb2d6",
    ),
    _theme(
        "lwd-contrast",
        primary="#ffffff",
        secondary="#e0e0e0",
        accent="#ffd000",
        warning="#ffd000",
        error="#ff9d8a",
        success="#66ffb2",
        foreground="#ffffff",
        background="#000000",
        panel="#202020",
        quiet="#d0d0d0",
        line="#a0a0a0",
        ground="#3a3a3a",
        heat="#0060a0",
        wanted=7.0,
    ),
)
"""Dark, light, and high contrast."""
