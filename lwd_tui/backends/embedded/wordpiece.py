"""WordPiece: the tokenizer of BERT models, as sentence-transformers applies it.

llama.cpp has a tokenizer of its own for these models, but it takes Hangul, Devanagari and words of
more than a hundred letters apart differently, and their vectors then have little in common.

Reference: Devlin et al., "BERT" (2019), and the uncased models published with it.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator, Sequence

# Longer words are unknown rather than taken apart.
LONGEST_WORD = 100

# Ideographs are words of their own: Chinese and Japanese put no space between them.
_IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """An uncased BERT vocabulary.

    Parameters
    ----------
    vocabulary : sequence of str
        The pieces in the order of their ids; those inside a word begin with ``##``.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._ids = {piece: position for position, piece in enumerate(vocabulary)}
        special = [
            piece for piece in vocabulary if re.fullmatch(r"\[(PAD|UNK|CLS|SEP|MASK)\]", piece)
        ]
        self._special = re.compile("(" + "|".join(map(re.escape, special)) + ")")
        self._unknown = self._ids["[UNK]"]
        self.first = self._ids["[CLS]"]
        self.last = self._ids["[SEP]"]

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without the special ones around it."""
        ids: list[int] = []
        for span in self._special.split(text):
            if span in self._ids and self._special.fullmatch(span):
                ids.append(self._ids[span])
            else:
                for word in _words(span):
                    ids += self._pieces(word)
        return ids

    def _pieces(self, word: str) -> list[int]:
        """Take the longest known piece, again and again; unknown as a whole if one is missing."""
        if len(word) > LONGEST_WORD:
            return [self._unknown]
        ids: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            for end in range(len(word), start, -1):
                found = self._ids.get(mark + word[start:end])
                if found is not None:
                    ids.append(found)
                    start = end
                    break
            else:
                return [self._unknown]
        return ids


def _words(text: str) -> Iterator[str]:
    """Clean, strip accents, lower the case, and part at white space and punctuation."""
    word = ""
    for char in _plain(text):
        if char.isspace():
            yield from filter(None, [word])
            word = ""
        elif _is_punctuation(char) or _is_ideograph(char):
            yield from filter(None, [word, char])
            word = ""
        else:
            word += char
    yield from filter(None, [word])


def _plain(text: str) -> str:
    kept = "".join(char for char in text if char in "\t\n\r" or not _is_control(char))
    spaced = "".join(f" {char} " if _is_ideograph(char) else char for char in kept)
    bare = (c for c in unicodedata.normalize("NFD", spaced) if unicodedata.category(c) != "Mn")
    # Letter by letter: a whole word's lower() would write a final sigma otherwise.
    return "".join(char.lower() for char in bare)


def _is_control(char: str) -> bool:
    return char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs")


def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char)[0] == "P"


def _is_ideograph(char: str) -> bool:
    code = ord(char)
    return any(low <= code <= high for low, high in _IDEOGRAPHS)
