"""Reasoning that a server left in the answer, kept apart from it."""

from __future__ import annotations

import re

_THOUGHT = re.compile(r"\s*<think>(.*?)(?:</think>|\Z)", re.DOTALL)


def without_thoughts(text: str) -> tuple[str, str]:
    """Split an answer into what is meant to be read and the thinking before it."""
    found = _THOUGHT.match(text)
    return (text[found.end() :], found[1]) if found else (text, "")
