"""Reasoning that a server left in the answer, in any of its spellings, kept apart from it."""

from __future__ import annotations

import re

_NAMES = (
    r"(?:seed:)?(?:think|thinking|thought|thoughts|reason|reasoning|analysis|reflection|scratchpad)"
)
_OPEN = (
    rf"(?:<\s*{_NAMES}(?:\s[^<>]*)?>|<\|{_NAMES}\|>|◁{_NAMES}▷|\[THINK\]"
    r"|<\|START_THINKING\|>|<\|begin_of_thought\|>|<\|inner_prefix\|>|<\|channel>\s*\w+)"
)
_CLOSE = (
    rf"(?:<\s*/\s*{_NAMES}\s*>|<\|/{_NAMES}\|>|◁/{_NAMES}▷|\[/THINK\]"
    r"|<\|END_THINKING\|>|<\|end_of_thought\|>|<\|inner_suffix\|>|<channel\|>)"
)
_FLAGS = re.DOTALL | re.IGNORECASE
_BLOCK = re.compile(rf"\s*{_OPEN}(.*?)(?:{_CLOSE}|\Z)", _FLAGS)
_LONE_CLOSE = re.compile(rf"((?:(?!{_OPEN}).)*?){_CLOSE}", _FLAGS)
# The framing of the answer proper, where the thinking has one of its own.
_FRAME = re.compile(
    r"\s*<\|(?:(?:START|END)_RESPONSE|(?:begin|end)_of_solution)\|>\s*", re.IGNORECASE
)
_FRAMED = re.compile(
    r"\s*<(answer|final_answer|output|response|solution)>((?:(?!</\1>).)*)(?:</\1>\s*)?", _FLAGS
)
# Granite's, in words.
_IN_WORDS = re.compile(
    r"\s*here(?:'s| is) my thought process:(.*?)here(?:'s| is) my response:\s*(.*)", _FLAGS
)
# Harmony: messages, each in a channel; only what stands in the channel "final" is the answer.
_HARMONY = re.compile(
    r"<\|channel\|>\s*(\w+)(?:(?!<\|message\|>).)*<\|message\|>(.*?)"
    r"(?:<\|(?:end|return|call)\|>|(?=<\|(?:start|channel)\|>)|\Z)",
    _FLAGS,
)
# The same, after a server took its marks out and left the names of the channels.
_BARE_HARMONY = re.compile(r"analysis(.*?)assistant(?:<\|channel\|>)?final(.*)", re.DOTALL)
# What every mark begins with, which is found far faster than a mark.
_SIGN = re.compile(r"[<\[◁]")
_MARK = re.compile(
    rf"{_OPEN}|{_CLOSE}|<\|(?:channel|message|start|end|return|call|constrain|START_RESPONSE)\|>",
    re.IGNORECASE,
)


def split_reasoning(text: str) -> tuple[str, str]:
    """Split an answer into what is meant to be read, and the thinking that stands before it.

    Recognised are pairs of tags, one of them or several; a closing tag alone, where the chat
    template had put the opening one into the prompt; an opening tag alone, after which nothing
    else came; the channels of the harmony format; and Granite's two headings. Tags around the
    answer that follows are taken off.

    Parameters
    ----------
    text : str
        As the server sent it.

    Returns
    -------
    answer, thinking : str
        Together all of `text` but its marks; "" where there is none.
    """
    marked = _SIGN.search(text) is not None
    if marked and (messages := _HARMONY.findall(text)):
        final = [body for channel, body in messages if channel.lower() == "final"]
        other = [body for channel, body in messages if channel.lower() != "final"]
        return "".join(final), "\n".join(other)
    if bare := _BARE_HARMONY.fullmatch(text) or _IN_WORDS.fullmatch(text):
        return bare[2], bare[1]
    thoughts: list[str] = []
    while marked and (found := _BLOCK.match(text) or _LONE_CLOSE.match(text)):
        thoughts.append(found[1])
        text = text[found.end() :]
    if thoughts:
        text = _FRAME.sub("", text)
        if framed := _FRAMED.fullmatch(text):
            text = framed[2]
    return text, "\n".join(thoughts)


def holds_reasoning(text: str) -> bool:
    """Whether marks of thinking are left in an answer, so that one can't say where it ends."""
    return _SIGN.search(text) is not None and _MARK.search(text) is not None
