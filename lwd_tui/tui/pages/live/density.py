"""Answers too many to be told apart: how many there are in each half of a cell, and whose."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from lwd_tui.tui.parts.canvas import Canvas
from lwd_tui.types import Floats, Ints

DENSE = 60
"""Answers up to which each is drawn."""
_STEPS = 6
_SHADES = "░▒▓█"


class Density(NamedTuple):
    """The places that have answers, one an entry.

    Attributes
    ----------
    columns, rows : ndarray of shape (m,)
    shares : ndarray of shape (m,)
        ln(1 + answers) over that of the fullest place.
    groups : ndarray of shape (m,)
        Of most answers there; of equally many, the first.
    """

    columns: Ints
    rows: Ints
    shares: Floats
    groups: Ints


def density(columns: Ints, rows: Ints, groups: Ints) -> Density:
    """Count answers by the places they are in.

    Parameters
    ----------
    columns, rows, groups : ndarray of shape (k,)
        Of each answer, from 0.
    """
    if not len(columns):
        empty = np.zeros(0, dtype=np.int64)
        return Density(empty, empty, np.zeros(0), empty)
    width, kinds = int(columns.max()) + 1, int(groups.max()) + 1
    places, which = np.unique(rows * width + columns, return_inverse=True)
    counts = np.bincount(which * kinds + groups, minlength=len(places) * kinds)
    counts = counts.reshape(len(places), kinds)
    totals = np.log1p(counts.sum(axis=1))
    return Density(places % width, places // width, totals / totals.max(), counts.argmax(axis=1))


def paint(
    canvas: Canvas, corner: tuple[int, int], found: Density, ink: Callable[[int, float], str]
) -> None:
    """Colour half cells.

    Parameters
    ----------
    canvas : Canvas
    corner : (int, int)
        Column and line of the canvas where the places begin.
    found : Density
        With two rows a line.
    ink : callable
        Gives the colour of a group at a share of the fullest.
    """
    halves: dict[tuple[int, int], list[str]] = {}
    inks = cache(ink)
    steps = np.ceil(found.shares * _STEPS) / _STEPS
    for x, y, share, group in zip(
        *map(np.ndarray.tolist, found._replace(shares=steps)), strict=True
    ):
        halves.setdefault((x, y // 2), ["", ""])[y % 2] = inks(group, share)
    for (x, y), (upper, lower) in halves.items():
        canvas.halve(corner[0] + x, corner[1] + y, upper, lower)


def shade(
    canvas: Canvas, corner: tuple[int, int], found: Density, ink: Callable[[int, float], str]
) -> None:
    """Fill whole cells with shades, where a terminal has too few colours for strengths."""
    for x, y, share, group in zip(*map(np.ndarray.tolist, found), strict=True):
        sign = _SHADES[min(int(share * len(_SHADES)), len(_SHADES) - 1)]
        canvas.set_pixel(corner[0] + x, corner[1] + y, sign, ink(group, 1.0))
