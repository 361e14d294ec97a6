"""Words taken apart as uncased BERT models take them, by examples worked out by hand."""

import pytest

from lwd_tui.backends.embedded.embedder import ids_of, word_piece

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [
    *SPECIAL,
    *"abcdefghijklmnopqrstuvwxyz0123456789.,!?-$+[]#<|>_'\"",
    *("##" + letter for letter in "abcdeiorst"),
    *("bitcoin", "bit", "##coin", "##coins", "will", "rise", "cafe", "naive", "strasse", "ss"),
    *"币比特来未σςαβγ",
    *("\u1107", "##\u1175", "##\u1110", "ビット", "##コイン", "ひ", "привет", "при", "##вет"),
]
WORDS = word_piece(PIECES)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Bitcoins!", ["bitcoin", "##s", "!"]),
        ("bitcoi", ["bit", "##c", "##o", "##i"]),
        ("CAFÉ naïve", ["cafe", "naive"]),
        ("比特币will", ["比", "特", "币", "will"]),
        ("\ube44", ["\u1107", "##\u1175"]),
        ("🚀", ["[UNK]"]),
        ("Σ", ["σ"]),
        ("a" * 101, ["[UNK]"]),
        ("[MASK] [mask", ["[MASK]", "[", "[UNK]"]),
        ("\u200b \x00", []),
        ("", []),
    ],
)
def test_examples(text: str, pieces: list[str]) -> None:
    assert ids_of(WORDS, text) == [PIECES.index(piece) for piece in pieces]


def test_half_a_letter_is_passed_over() -> None:
    assert ids_of(WORDS, "bit\ud83d coin") == ids_of(WORDS, "bit coin")
    assert ids_of(WORDS, "\ud83d\ude80") == ids_of(WORDS, "\U0001f680")
