"""What came of a request, and whether it can be used: measured, and posted."""

from __future__ import annotations

import re

from lwd_tui.experiment.backend import Generation
from lwd_tui.llm.reasoning import holds_reasoning, split_reasoning
from lwd_tui.text import clean_line
from lwd_tui.types import Attempt

NATURAL_ENDS = ("stop", "eos", "eos_token", "end_turn", "stop_sequence")
"""The words by which servers say that a model ended its answer itself."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ASSENT = r"(?:sure|certainly|of course|absolutely|yes)\b[\s,.!]*"
_OPENING = re.compile(
    rf"(?:sure thing|okay|ok|great)\b[\s,.!:]*|{_ASSENT}:?\s*"
    r"|(?:here(?:'s|’s| is| are)|below is|the following is)\b[^.!?:]*"
    r"\b(?:sentences?|answers?|response|summary|statement|prediction|reply)\b[^.!?:]*[.:]?\s*",
    re.IGNORECASE,
)
# Alone it answers a question, as "No." does.
_YES = re.compile(f"(?:{_ASSENT})+", re.IGNORECASE)
# A word, a number or an emoji; signs that aren't known as one count with its variation selector.
_SAYS = re.compile("[^\\W_]|[\U0001f000-\U0001faff\u2600-\u27bf]|.\ufe0f")
# A list that ended before its first item.
_ONLY_NUMBER = re.compile(r"\(?\d+\)")


def problem_of(text: str, finish_reason: str, thinking: str = "") -> str:
    """Say why an answer can't be used.

    Unusable are: one that did not come to its natural end; a blank answer, or one without a
    letter, a digit or an emoji; one that holds half a character, or marks of the model's
    thinking; one that is only a preamble, such as "Sure! Here is one sentence:". "Yes." alone
    answers a question, and so does a number.

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
    bare = text.strip("*_#\"'“”‘’ \n\t")
    if not _SAYS.search(text) or _ONLY_NUMBER.fullmatch(bare):
        return "blank"
    if bare.endswith(":") or not (_YES.fullmatch(bare) or _SAYS.search(_without_openings(bare))):
        return "only a preamble"
    return ""


def _without_openings(text: str) -> str:
    while opening := _OPENING.match(text):
        text = text[opening.end() :]
    return text


def attempt_of(generation: Generation) -> Attempt:
    """Return an answer as an attempt, with what keeps it from being used."""
    text, thought = split_reasoning(generation.text)
    text = text.strip()
    thinking = "\n".join(filter(None, (generation.thinking, thought)))
    return Attempt(
        text,
        generation.seed,
        generation.finish_reason,
        generation.prompt_tokens,
        generation.completion_tokens,
        generation.seconds,
        problem_of(text, generation.finish_reason, thinking),
        thinking,
        generation.host,
        generation.retries,
    )
