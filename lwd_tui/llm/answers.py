"""Whether an answer can be used: measured, and posted."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_OPENING = re.compile(
    r"(?:sure(?: thing)?|certainly|of course|okay|ok|absolutely|great|yes)\b[\s,.!:]*"
    r"|(?:here(?:'s|’s| is| are)|below is|the following is)\b[^.!?:]*"
    r"\b(?:sentences?|answers?|response|summary|statement|prediction|reply)\b[^.!?:]*[.:]?\s*",
    re.IGNORECASE,
)


def problem_of(text: str, finish_reason: str) -> str:
    """Say why an answer can't be used.

    Unusable are: a blank answer, or one without a letter; one that the token limit cut
    off, or that holds half a character; one that is only a preamble, such as "Sure! Here is one
    sentence:".

    Parameters
    ----------
    text : str
        The answer, stripped.
    finish_reason : str
        "length" where the token limit ended it.

    Returns
    -------
    str
        The problem in a few words; "" for a usable answer.
    """
    if finish_reason == "length":
        return "cut off by max_tokens"
    if _SURROGATE.search(text):
        return "not valid Unicode"
    if not any(map(str.isalpha, text)):
        return "blank"
    bare = text.strip("*_#\"'“”‘’ \n\t")
    if bare.endswith(":") or not any(map(str.isalpha, _without_openings(bare))):
        return "only a preamble"
    return ""


def _without_openings(text: str) -> str:
    while opening := _OPENING.match(text):
        text = text[opening.end() :]
    return text
