"""WordPiece, against the tokenizers library that sentence-transformers uses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordPiece as Reference
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from lwd_tui.backends.embedded.wordpiece import WordPiece

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [
    *SPECIAL,
    *"abcdefghijklmnopqrstuvwxyz0123456789.,!?-$+[]#<|>_'\"",
    *("##" + letter for letter in "abcdeiorst"),
    *("bitcoin", "bit", "##coin", "##coins", "will", "rise", "cafe", "naive", "strasse", "ss"),
    *"币比特来未σςαβγ",
    *("\u1107", "##\u1175", "##\u1110", "ビット", "##コイン", "ひ", "привет", "при", "##вет"),
]
# Scripts that no version of Unicode has added marks or punctuation to lately.
LETTERS = st.one_of(
    st.sampled_from([*PIECES, "[cls]", "##ing", "\u200b", "\ufeff", "\ufffd", "\x00", "\x85"]),
    st.characters(min_codepoint=1, max_codepoint=0x24F),
    st.characters(min_codepoint=0x370, max_codepoint=0x4FF, categories=["L", "Nd"]),
    st.characters(min_codepoint=0x1E00, max_codepoint=0x206F, categories=["L", "P", "Z", "Cf"]),
    st.characters(min_codepoint=0x3041, max_codepoint=0x30FF, categories=["L", "Mn"]),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
    st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3),
    st.characters(min_codepoint=0x1F300, max_codepoint=0x1F64F),
)


def reference() -> Tokenizer:
    vocabulary = {piece: number for number, piece in enumerate(PIECES)}
    tokenizer = Tokenizer(
        Reference(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100)  # noqa: S106 (no password)
    )
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in SPECIAL])
    return tokenizer


REFERENCE = reference()
OURS = WordPiece(PIECES)


@settings(max_examples=500, deadline=None)
@given(parts=st.lists(LETTERS | st.just(" "), max_size=30))
def test_any_text_is_taken_apart_as_sentence_transformers_does(parts: list[str]) -> None:
    text = "".join(parts)
    assert OURS.encode(text) == REFERENCE.encode(text).ids


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
    assert OURS.encode(text) == [PIECES.index(piece) for piece in pieces]
    assert REFERENCE.encode(text).tokens == pieces


def test_the_special_ids_are_the_vocabulary_s() -> None:
    assert PIECES[OURS.first] == "[CLS]"
    assert PIECES[OURS.last] == "[SEP]"
