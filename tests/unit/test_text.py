"""What may be shown: hostile text loses its teeth, ordinary text is left as it is."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from lwd_tui.text import clean, clean_line, shorten

ZWNJ, ZWJ = "\u200c", "\u200d"

ORDINARY = [
    "Bitcoin's price fell 3.5 % — “again”, he said; [/] & <b> stay: C:\\x1b, $HOME, {posts}.",
    "Größe, naïve, Ærø, Łódź, İstanbul, ŧħø; Việt Nam; e\u0301te\u0301",
    "Быстрая бурая лиса. Η γρήγορη αλεπού. Արագ աղվեսը.",
    "הַשּׁוּעָל הֶחוּם הַמָּהִיר",
    "الثعلب البني السريع؛ قِيمَةٌ ١٢٣؟ ۝١",
    f"می{ZWNJ}خواهم کتاب{ZWNJ}ها را; ه{ZWJ}.",
    f"क्षत्रिय हिन्दी; क्{ZWJ}ष, क्{ZWNJ}ष; শ্রী র{ZWJ}্যাব; ന്{ZWJ}",
    "ภาษาไทย น้ำ ที่สุด; ພາສາລາວ; ខ្មែរ; မြန်မာဘာသာ ကြွေး",
    "བོད་ཡིག ཧྐྵྨླྺྼྻྂ",
    "中文，没有空格。日本語の「かな」と漢字、葛\U000e0100飾。한국어 문장입니다. ＡＢＣ　１",
    "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ ᠮᠣᠷᠢᠨ\u180bᠠ",
    "👍 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 ❤️‍🔥 👩🏽‍❤️‍💋‍👨🏿 🙂‍↔️ 🧑🏿‍⚕️ 1️⃣ #️⃣ ©️ ™️ ☎︎ 🇩🇪 ∩︀",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f wins",
    "∑ᵢ xᵢ² ≤ ∫ f(x) dx → ∞ ± 5 √2; ┌─┐│▁▂▃█; \u00a0\u2003\u3000; \ue0b0 \U0001fae8",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text
    assert clean_line(text) == text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b1;31mred\x9bm", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;cm0gLXJm\x1b\\after", "after"),
        ("\x9d52;c;cm0gLXJm\x9cafter", "after"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0;2;0;0;0\x1b\\a\x1b_Gf=24;AAAA\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d", "abcd"),
        ("\x1bPtmux;\x1b\x1b]52;c;cm0=\x07\x1b\\after", "tmux;after"),
        ("a\x1bcb\x1b(Bc\x1b7d\x1b=e", "abcde"),
        ("\x1b]0;never ended, and all is still read", "0;never ended, and all is still read"),
        ("\x1b]0;line\nnext\x07", "0;line\nnext"),
        ("\x1b[31", "31"),
        ("\x1b\x1b[31m[31m", "[31m"),
        ("end\x1b", "end"),
        ("a\x00b\x08c\x07d\x7fe\x80f", "abcdef"),
        ("a\u202eb\u2066c\u200ed\u061ce\u2069", "abcde"),
        ("a\u200bb\u2060c\ufeffd\u00ade\u034ff\u3164g\uffa0h\u115fi\u2062j", "abcdefghij"),
        ("hi" + "".join(chr(0xE0000 + ord(c)) for c in "ignore the above"), "hi"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0078\U000e007f", "\U0001f3f4"),
        ("a\ud800b\udfffc\uffffd\ufdd0", "a\ufffdb\ufffdc\ufffdd\ufffd"),
        ("a\r\nb\rc\x85d\u2028e\u2029f\vg\fh", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("a\tb\n\tc", "a   b\n    c"),
        (f"pass{ZWNJ}word{ZWJ}", "password"),
        (f"👩{ZWJ}{ZWJ}👩{ZWJ}", f"👩{ZWJ}👩"),
        ("a\ufe00b\U000e0101 \ufe0f\n\ufe0f☺\ufe0f\ufe0e\ufe01", "ab \n☺\ufe0f"),
        ("e" + "\u0301" * 500 + "f", "e" + "\u0301" * 8 + "f"),
        ("ส" + "\u0e47" * 30, "ส" + "\u0e47" * 8),
        ("e" + f"\u0301{ZWJ}\u200b" * 30 + "f", "e" + "\u0301" * 4 + "f"),
    ],
)
def test_hostile_text(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown
    assert clean(shown) == shown


def test_one_line() -> None:
    assert clean_line("one\r\n\r\n  two\tthree\u2028four\n") == "one two three four "


fragments = st.sampled_from(
    [
        *("\x1b", "[", "]", "\\", "31m", ";", "\x07", "\x9b", "\x9c", "\x9d", "P"),
        *("\r", "\n", "\t", " ", "\u202e", "\u200b", "\u034f", "\U000e0041", "\ud800", "\ufffe"),
        *(ZWJ, ZWNJ, "\ufe0f", "\U000e0101", "\u180b", "\u0301", "\u0301" * 7, "\u094d"),
        *("क", "ه", "👩", "❤", "a", "漢", "·"),
        *("\U0001f3f4\U000e0067\U000e0062", "\U000e0065\U000e006e\U000e0067", "\U000e007f"),
    ]
)
characters = st.characters(exclude_categories=[])
anything = st.lists(st.one_of(fragments, characters), max_size=60).map("".join)


@settings(max_examples=300, deadline=None)
@given(anything, st.booleans())
def test_nothing_dangerous_is_left(text: str, lines: bool) -> None:
    shown = clean(text, lines=lines)
    assert clean(shown, lines=lines) == shown
    allowed = {"\n"} if lines else set()
    for character in set(shown) - allowed:
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        }
    assert not set(shown) & {"\u200b", "\u200e", "\u200f", "\u2060", "\ufeff", "\u061c", "\u034f"}
    shown.encode()


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Po", "Ps", "Pd", "Sm", "Sc"])))
def test_letters_digits_and_punctuation_are_unchanged(text: str) -> None:
    fillers = {"\u115f", "\u1160", "\u3164", "\uffa0"}
    text = "".join(character for character in text if character not in fillers)
    assert clean(text) == text


@settings(max_examples=200, deadline=None)
@given(anything, st.integers(1, 40), st.booleans())
def test_shortened_text_fits_and_is_clean(text: str, width: int, lines: bool) -> None:
    short = shorten(text, width, lines=lines)
    assert cell_len(short) + short.count("\n") <= width
    assert clean(short, lines=lines) == short
    if short != clean(text, lines=lines):
        assert short.endswith("…")


def test_shorten_counts_cells() -> None:
    assert shorten("Bitcoin", 7) == "Bitcoin"
    assert shorten("Bitcoin rises", 7) == "Bitcoi…"
    assert shorten("Bitcoin rises", 9) == "Bitcoin…"
    assert shorten("漢字漢字", 8) == "漢字漢字"
    assert shorten("漢字漢字", 6) == "漢字…"
    assert shorten("one\ntwo\nthree", 9) == "one two…"
    assert shorten("one\ntwo\nthree", 9, lines=True) == "one\ntwo…"
    assert shorten("\n" * 50, 4, lines=True) == "…"


@pytest.mark.parametrize(
    "text",
    [
        "The price went up again, \n" * 4000,
        "\x9d" * 100_000,
        "\x1b]" * 50_000,
        "\x1b[0" * 33_000,
        " " * 100_000,
        "\u0301" * 100_000,
        ZWJ * 100_000,
        "━" * 100_000,
        "\n " * 50_000,
    ],
    ids=lambda text: repr(text[:4]),
)
def test_time_is_linear(text: str) -> None:
    start = time.process_time()
    clean(text, lines=False)
    # A hundredth of this is usual; anything quadratic would take minutes.
    assert time.process_time() - start < 2
