"""One marker and one colour a participant, the same in every picture of every front end."""

from __future__ import annotations

MARKERS = ("○", "□", "△", "◇", "✕", "●", "■", "▲", "◆", "+")
# Okabe and Ito's colours, told apart by colour-blind readers too; their black and darkest blue
# would vanish on a dark background.
COLOURS = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (148, 148, 148),
)


def marker(participant: int) -> str:
    """Return the marker of a participant; told apart first, by shape."""
    return MARKERS[participant % len(MARKERS)]


def colour(participant: int) -> tuple[int, int, int]:
    """Return the colour of a participant, as red, green and blue from 0 to 255."""
    return COLOURS[participant % len(COLOURS)]
