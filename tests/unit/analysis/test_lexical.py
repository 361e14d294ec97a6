"""Diversity of wording."""

from __future__ import annotations

import math

import pytest

from lwd_tui.analysis.lexical import distinct, duplicate_share, lengths, self_bleu, words

TEXTS = [
    "the future of bitcoin is bright and the future is now",
    "bitcoin will rise as the future of money",
    "the price of bitcoin will fall",
    "the future of bitcoin is bright",
    "the price of bitcoin will fall",
    "a cat",
    "short",
]


def test_words() -> None:
    assert words("Bitcoin's price — $9.50, they SAY; it’s “up”!") == [
        "bitcoin's",
        "price",
        "9",
        "50",
        "they",
        "say",
        "it’s",
        "up",
    ]
    assert words("") == words(" …!") == []
    assert words("Größe naïve Цена") == ["größe", "naïve", "цена"]
    assert lengths(["one", "two words", ""]).tolist() == [1, 2, 0]


def test_distinct_counts_worked_by_hand() -> None:
    texts = ["a b a b", "a b c"]
    # Words a b a b a b c: three of seven. Pairs ab ba ab ab bc: three of five.
    assert distinct(texts, 1) == pytest.approx(3 / 7)
    assert distinct(texts, 2) == pytest.approx(3 / 5)
    assert distinct(["A a"], 1) == 0.5
    assert math.isnan(distinct(["one"], 2))
    assert math.isnan(distinct([], 1))


# From NLTK 3.10.4: sentence_bleu of each against the others with SmoothingFunction().method1,
# over the same words, for BLEU-2, -3 and -4.
NLTK = {
    (0, 7): (0.577111733911, 0.549949065165, 0.519228146181),
    (0, 4): (0.639044979217, 0.509462665482, 0.439172934995),
    (2, 5): (0.772075922006, 0.711906960277, 0.69851475974),
}


@pytest.mark.parametrize(("part", "expected"), NLTK.items())
def test_self_bleu_agrees_with_nltk(
    part: tuple[int, int], expected: tuple[float, float, float]
) -> None:
    for longest, value in zip((2, 3, 4), expected, strict=True):
        assert self_bleu(TEXTS[slice(*part)], longest) == pytest.approx(value, abs=1e-11)


def test_self_bleu_of_short_texts_agrees_with_nltk() -> None:
    # The same with auto_reweigh = True (BLEU-4); for less than 4, with the weights that it takes.
    found = [self_bleu(["a cat", "a cat sat", "a dog"], longest) for longest in (2, 3, 4)]
    assert found == pytest.approx([0.600319022313, 0.515145530873, 0.515145530873], abs=1e-11)


@pytest.mark.parametrize("size", range(1, 7))
def test_equal_texts_share_all_whatever_their_length(size: int) -> None:
    text = " ".join("abcdef"[:size])
    for longest in range(1, 6):
        assert self_bleu([text] * 3, longest) == pytest.approx(1.0, abs=1e-12)


def test_self_bleu_counts_up_to_four_words_unless_told() -> None:
    assert self_bleu(TEXTS) == pytest.approx(NLTK[(0, 7)][2], abs=1e-11)


def test_self_bleu_worked_by_hand() -> None:
    # "a b c d" against "a b c e": precisions 3/4, 2/3; the same length, no penalty.
    assert self_bleu(["a b c d", "a b c e"], 2) == pytest.approx(math.sqrt(3 / 4 * 2 / 3))
    # A shorter text pays exp(1 - 4 / 2); a longer one has precisions 2/4, 1/3.
    short, long = math.exp(-1), math.sqrt(2 / 4 * 1 / 3)
    assert self_bleu(["a b", "a b c d"], 2) == pytest.approx((short + long) / 2)
    # Two counts of "a" in the text, one in the reference: clipped to one of two.
    assert self_bleu(["a a", "a b"], 1) == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert self_bleu(["a b c d e"] * 3) == pytest.approx(1.0)
    assert self_bleu(["a", "b"]) == 0.0
    assert self_bleu(["", ""]) == 0.0
    assert math.isnan(self_bleu(["alone"]))


def test_duplicates() -> None:
    assert duplicate_share(["Up.", " up. ", "Down.", "up"]) == 0.5
    assert duplicate_share(["a", "a", "a"]) == 1.0
    assert duplicate_share(["a", "b"]) == 0.0
    assert math.isnan(duplicate_share(["a"]))
