"""From posts and a query to what a model is given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lwd_tui.experiment.backend import GenerateRequest
from lwd_tui.experiment.llm import Participant, Template
from lwd_tui.types import Message, Prompt

_PLACE = re.compile(r"\{(posts?|query)\}")

# How families of models spell the tokens that begin and end turns: <|im_end|>, <｜User｜>, <s>,
# </s>, <start_of_turn>, <<SYS>>, <seed:think>; [|user|] and, in square brackets, these words.
_IN_BRACKETS = (
    "ARGS|AUDIO|AVAILABLE_TOOLS|BEGIN_AUDIO|BOS|CALL_ID|CLS|EOS|IMG|IMG_BREAK|IMG_END|INST|MASK"
    "|MIDDLE|PAD|PREFIX|SEP|SUFFIX|SYSTEM_PROMPT|THINK|TOOL_CALLS?|TOOL_CONTENT|TOOL_RESULTS|UNK"
    "|[gs]MASK|multimodal"
)
# Names can't hold a bracket, so that the time stays linear in the length of the text.
_CONTROL = re.compile(rf"<(?=[|｜]|/?\w[\w:-]*>)|\[(?=[|｜]|@[A-Z]+@\]|/?(?:{_IN_BRACKETS})\])")


def defuse(text: str) -> str:
    """Return a text that no model reads as the end of a turn, or as another control token.

    Servers read the spelling of a control token as that token wherever it stands in a message,
    so that a post could end the user's turn and speak for someone else. A space after its first
    character leaves it readable and makes it plain text. The spellings are those of the families
    of models we know, and whatever else looks like one tag in angle brackets.
    """
    return _CONTROL.sub(r"\g<0> ", text)


def post_line(template: Template, text: str) -> str:
    """Return a post as a line of a prompt: defused, its own line breaks made spaces."""
    return _fill(template.post, {"post": defuse(" ".join(text.split()))})


def build_prompt(
    template: Template, participant: Participant, query: str, lines: Sequence[str]
) -> Prompt:
    """Fill the template.

    The query is defused like the posts. The template and the personas are the experimenter's own
    and stay as they are: a completion template may spell out turns on purpose.

    Parameters
    ----------
    template : Template
    participant : Participant
        Gives the style, and the persona that stands in for the template's system prompt.
    query : str
        q.
    lines : sequence of str
        The posts of a draw, in its order, as `post_line` makes them.
    """
    system, query = participant.system or template.system, defuse(query)
    if not lines:
        body = _fill(template.unread, {"query": query})
    elif participant.style == "chat":
        body = _fill(template.chat, {"posts": "\n".join(lines), "query": query})
    else:
        body = _fill(template.completion, {"posts": "\n".join(lines), "query": query})
    if participant.style == "completion":
        persona = f"{participant.system}\n\n" if participant.system else ""
        return Prompt.completion(persona + body)
    messages = (Message("system", system),) if system else ()
    return Prompt("chat", (*messages, Message("user", body)))


def request_of(
    who: Participant, prompt: Prompt, seeds: tuple[int, ...], context: int
) -> GenerateRequest:
    """Return the request for a participant's answers to a prompt, one a seed."""
    return GenerateRequest(
        who.model, prompt, seeds, who.sampling, context, who.think, who.thinking_tokens
    )


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    """Put values in their places in one pass, so that a post can't smuggle in a place."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), pattern)
