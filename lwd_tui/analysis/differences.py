"""Where two texts differ, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple

from lwd_tui.analysis.lexical import WORD

# A word or a sign, with the white space before it and, at the end of a text, after it: put
# together again they are the whole text.
_TOKEN = re.compile(rf"\s*(?:{WORD.pattern}|[^\w\s])(?:\s+\Z)?")


class Piece(NamedTuple):
    """A stretch of a text, and whether the other text has it too."""

    text: str
    shared: bool


@dataclass(frozen=True, slots=True)
class Differences:
    """Two texts in pieces.

    Attributes
    ----------
    one, other : tuple of Piece
        Shared pieces and others by turns; their texts, one after another, are the whole text,
        unless it is blank: then there are none.
    share : float
        Of all words and signs of both, those that are shared: 0 to 1, and 1 for two empty texts.
    """

    one: tuple[Piece, ...]
    other: tuple[Piece, ...]
    share: float


def differences(one: str, other: str) -> Differences:
    """Compare two texts word by word; case and white space don't count.

    The words that are shared are those of Ratcliff and Obershelp's pattern matching: the longest
    common run, then the same on both sides of it. Long texts of few different words take time
    that grows with the square of their length.
    """
    tokens = [_TOKEN.findall(text) for text in (one, other)]
    mine, theirs = ([token.strip().lower() for token in side] for side in tokens)
    matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
    shared: tuple[set[int], set[int]] = set(), set()
    for match in matcher.get_matching_blocks():
        shared[0].update(range(match.a, match.a + match.size))
        shared[1].update(range(match.b, match.b + match.size))
    return Differences(
        _pieces(tokens[0], shared[0]), _pieces(tokens[1], shared[1]), matcher.ratio()
    )


def _pieces(tokens: Sequence[str], shared: set[int]) -> tuple[Piece, ...]:
    runs = groupby(range(len(tokens)), key=shared.__contains__)
    return tuple(Piece("".join(tokens[k] for k in run), kept) for kept, run in runs)
