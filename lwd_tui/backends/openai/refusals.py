"""What OpenAI-compatible servers say when they refuse a request, and what can be read from it."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

import openai

from lwd_tui.backends.wire import written

KEY_WANTED = re.compile(r"api[ _-]?key|authorization header|bearer", re.IGNORECASE)
"""In what is said where a key is wanting."""

_TOO_LONG = re.compile(
    r"context.{0,3}(size|length|window)|maximum (model|input|sequence) length|"
    r"(prompt|input|messages?)\b.{0,40}\b(too (long|large)|longer than)|`inputs` tokens",
    re.IGNORECASE,
)
# A number that the server calls the least there may be is no count.
_TOKENS = re.compile(
    r"(?<!at least )\b(?:(\d+) in the messages|(\d+) tokens from the input|(\d+) input tokens|"
    r"resulted in (\d+) tokens|request \((\d+) tokens|(?:prompt|input) \(length (\d+)|"
    r"input \((\d+) tokens|(\d+) `inputs` tokens|prompt is too long: (\d+) tokens|"
    r"prompt contains (\d+) tokens)",
    re.IGNORECASE,
)
_NO_CHAT = re.compile(
    r"chat[ _]template\b.{0,60}\b(?:not|no longer|missing|undefined|isn't)|template not found|"
    r"\b(?:no|without a|missing|cannot use) chat[ _]template\b|not a chat model",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"(?:context|model|sequence)[ _](?:size|length|window)\D{0,12}?(\d+)|"
    r"(\d+) maximum context length",
    re.IGNORECASE,
)


def says_too_long(told: str) -> bool:
    """Whether a server says that a prompt is longer than the context."""
    return _TOO_LONG.search(told) is not None


def is_too_long(error: Exception) -> bool:
    """Whether a server refuses a prompt because it is longer than the context."""
    return (
        isinstance(error, openai.APIStatusError)
        and error.status_code in (400, 413, 422)
        and (error.code == "context_length_exceeded" or says_too_long(message_of(error)))
    )


def has_no_chat(error: openai.APIStatusError) -> bool:
    """Whether a server says that a model has no format for turns."""
    refused = error.status_code in (400, 404, 422, 500)
    return refused and _NO_CHAT.search(message_of(error)) is not None


def tokens_named(told: str) -> int | None:
    """Return how many tokens the server says a refused prompt has; None if it doesn't."""
    found = _TOKENS.search(told)
    return written(next(group for group in found.groups() if group)) if found else None


def context_named(told: str) -> int | None:
    """Return the context that the server says it has; None if it doesn't."""
    found = _CONTEXT.search(told)
    return written(found[1] or found[2]) if found else None


def message_of(error: openai.APIStatusError) -> str:
    """Return what the server says of it: text of others, not cleaned."""
    body = error.body
    if isinstance(body, dict) and body.get("message"):
        return str(body["message"])
    return error.response.text or error.message


def seconds_asked(error: openai.APIStatusError) -> float | None:
    """Return how long the server asks us to wait, five minutes at most; None if it doesn't.

    It asks in seconds, or by the time of its own clock (RFC 9110, section 10.2.3).
    """
    headers = error.response.headers
    value = headers.get("retry-after", "")
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return min(float(value), 300.0)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait.total_seconds(), 0.0), 300.0)
