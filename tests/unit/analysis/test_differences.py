"""Word-level differences."""

from __future__ import annotations

import difflib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.analysis.differences import Piece, differences

sentences = st.lists(st.sampled_from(["Bold", "bold", "miners", "may", "it's", ",", "."])).map(
    " ".join
)


def test_the_words_that_differ_are_told_apart_with_the_space_before_them() -> None:
    found = differences("Prices will fall soon.", "Prices may not fall soon.")
    assert found.one == (Piece("Prices", True), Piece(" will", False), Piece(" fall soon.", True))
    assert found.other == (
        Piece("Prices", True),
        Piece(" may not", False),
        Piece(" fall soon.", True),
    )
    # Prices, fall, soon and the full stop are shared by 5 + 6 words and signs.
    assert found.share == pytest.approx(2 * 4 / 11)


def test_case_and_white_space_do_not_count() -> None:
    found = differences("It's  BOLD\n", "it's bold")
    assert found.one == (Piece("It's  BOLD\n", True),)
    assert found.share == 1


def test_words_that_are_common_count_in_long_texts_too() -> None:
    text = "to be or not to be " * 60
    found = differences(text, f"Now {text}")
    assert found.one == (Piece(text, True),)
    assert found.share == pytest.approx(2 * 360 / 721)


def test_nothing_is_shared_with_nothing() -> None:
    assert differences("", "word").share == 0
    assert differences("", "").share == 1
    assert differences(" \n", "word").one == ()


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_are_the_whole_text(one: str, other: str) -> None:
    found = differences(one, other)
    for text, pieces in ((one, found.one), (other, found.other)):
        assert "".join(piece.text for piece in pieces) == (text if text.strip() else "")
        # By turns: what is next to each other and alike is one piece.
        assert all(a.shared != b.shared for a, b in pairwise(pieces))


@settings(deadline=None)
@given(sentences, sentences)
def test_both_sides_share_the_same_words(one: str, other: str) -> None:
    found = differences(one, other)
    mine, theirs = (
        " ".join(piece.text for piece in pieces if piece.shared).lower().split()
        for pieces in (found.one, found.other)
    )
    assert mine == theirs
    matcher = difflib.SequenceMatcher(None, one.lower().split(), other.lower().split())
    assert found.share == pytest.approx(matcher.ratio())
