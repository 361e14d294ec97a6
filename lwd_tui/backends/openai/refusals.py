"""What OpenAI-compatible servers say when they refuse a request, and what can be read from it."""

from __future__ import annotations

import re

import openai

KEY_WANTED = re.compile(r"api[ _-]?key|authorization header|bearer", re.IGNORECASE)
"""In what is said where a key is wanting."""


def is_too_long(error: Exception) -> bool:
    """Whether a server refuses a prompt because it is longer than the context."""
    return (
        isinstance(error, openai.APIStatusError)
        and error.status_code in (400, 413, 422)
        and bool(re.search(r"context.{0,3}(size|length|window)", message_of(error), re.IGNORECASE))
    )


def tokens_named(error: openai.APIStatusError) -> int | None:
    """Return how many tokens the server says a refused prompt has."""
    body = error.body if isinstance(error.body, dict) else {}
    if isinstance(body.get("n_prompt_tokens"), int):
        return int(body["n_prompt_tokens"])
    found = re.search(r"(\d+) (?:input )?tokens(?: from the input|\b.{0,20}in the messages)|"
                      r"contains at least (\d+) input tokens|resulted in (\d+) tokens",
                      message_of(error))  # fmt: skip
    return int(next(group for group in found.groups() if group)) if found else None


def message_of(error: openai.APIStatusError) -> str:
    """Return what the server says of it: text of others, not cleaned."""
    body = error.body
    if isinstance(body, dict) and body.get("message"):
        return str(body["message"])
    return error.response.text or error.message


def seconds_asked(error: openai.APIStatusError) -> float | None:
    """Return how long the server asks us to wait, five minutes at most; None if it doesn't."""
    value = error.response.headers.get("retry-after", "")
    return min(float(value), 300.0) if re.fullmatch(r"\d+(\.\d+)?", value) else None
