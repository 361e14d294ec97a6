"""Whether an answer can be used: measured, and posted."""

from __future__ import annotations

import re

from lwd_tui.llm.reasoning import holds_reasoning
from lwd_tui.text import clean_line

NATURAL_ENDS = ("stop", "eos", "eos_token", "end_turn", "stop_sequence")
"""The words by which servers say that a model ended its answer itself."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_OPENING = re.compile(
    r"(?:sure(?: thing)?|certainly|of course|okay|ok|absolutely|great|yes)\b[\s,.!:]*"
    r"|(?:here(?:'s|’s| is| are)|below is|the following is)\b[^.!?:]*"
    r"\b(?:sentences?|answers?|response|summary|statement|prediction|reply)\b[^.!?:]*[.:]?\s*",
    re.IGNORECASE,
)


def problem_of(text: str, finish_reason: str, thinking: str = "") -> str:
    """Say why an answer can't be used.

    Unusable are: one that did not come to its natural end; a blank answer, or one without a
    letter; one that holds half a character, or marks of the model's thinking; one that is only a
    preamble, such as "Sure! Here is one sentence:".

    Parameters
    ----------
    text : str
        The answer, stripped.
    finish_reason : str
        Why it ended, in the server's word.
    thinking : str
        What was thought before it.

    Returns
    -------
    str
        The problem in a few words; "" for a usable answer.
    """
    if finish_reason == "length":
        if thinking and not text:
            return (
                "thinking took all the tokens; raise sampling.thinking_tokens, or set think to "
                "a lower level or off"
            )
        return "cut off by max_tokens"
    if finish_reason not in NATURAL_ENDS:
        return f"it ended by {clean_line(finish_reason) or 'no reason'}, not by itself"
    if _SURROGATE.search(text):
        return "not valid Unicode"
    if thinking and not text:
        return "it is all thinking, without an answer"
    if holds_reasoning(text):
        return "it holds marks of the model's thinking"
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
