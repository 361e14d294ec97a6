"""From posts and a query to what a model is given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lwd_tui.experiment import Participant, Template
from lwd_tui.types import Message, Prompt

_PLACE = re.compile(r"\{(posts?|query)\}")


def post_line(template: Template, text: str) -> str:
    """Return a post as a line of a prompt: its own line breaks become spaces."""
    return _fill(template.post, {"post": " ".join(text.split())})


def build_prompt(
    template: Template, participant: Participant, query: str, lines: Sequence[str]
) -> Prompt:
    """Fill the template.

    Parameters
    ----------
    template : Template
    participant : Participant
        Gives the style, and the persona that stands in for the template's system prompt.
    query : str
        q.
    lines : sequence of str
        The posts of a draw, in its order, as `post_line` makes them.

    Returns
    -------
    Prompt
    """
    system = participant.system or template.system
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


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    """Put values in their places in one pass, so that a post can't smuggle in a place."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), pattern)
