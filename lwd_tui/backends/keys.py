"""The key to a server: read from the environment, sent in a header, and shown nowhere."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from lwd_tui.experiment.backend import BackendError

KEY_VARIABLE = "OPENAI_API_KEY"
# The client reads further headers from it: lines such as "Authorization: Basic ...".
HEADERS_VARIABLE = "OPENAI_CUSTOM_HEADERS"
_SECRET = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)
# Servers repeat a part of a key in what they say; so much of it gives none away.
_LEAST = 6


class Key:
    """A key, kept out of all that is shown.

    Parameters
    ----------
    variable : str
        The environment variable that holds it.
    url : str
        Of the server that it is for.

    Raises
    ------
    BackendError
        If the server is sure to want one and there is none, or no header can carry it.
    """

    def __init__(self, variable: str, url: str) -> None:
        self.variable = variable
        # What surrounds it came with the file that it was read from.
        self._value = os.environ.get(variable, "").strip()
        if not self._value and urlsplit(url).hostname == "api.openai.com":
            raise BackendError(f"{url} needs a key: put it into the variable {variable}")
        self._secrets = [self._value] if self._value else []
        for line in os.environ.get(HEADERS_VARIABLE, "").splitlines():
            name, _, value = line.partition(":")
            if _SECRET.search(name) and value.strip():
                self._secrets.append(value.strip())
        if odd := re.search(r"[^!-~]", self._value):
            what = {"\n": "a line break", "\r": "a line break", " ": "a blank"}.get(
                odd[0], "a character that isn't ASCII or isn't printable"
            )
            raise BackendError(
                f"the key in {variable} holds {what} after {odd.start()} of its characters, "
                "which no header can carry; set it again"
            )

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self._value)

    def __repr__(self) -> str:
        """Say where it is."""
        return f"Key({self.variable})"

    @property
    def sent(self) -> str:
        """What the client is given: those without a key want some word all the same."""
        return self._value or "none"

    def hidden(self, text: str) -> str:
        """Return a text without the key, a secret header, or any longer part of them."""
        marked = [False] * len(text)
        for secret in self._secrets:
            size = min(_LEAST, len(secret))
            for part in {secret[i : i + size] for i in range(len(secret) - size + 1)}:
                for found in re.finditer(f"(?={re.escape(part)})", text):
                    marked[found.start() : found.start() + size] = [True] * size
        shown = "".join("\0" if mark else letter for letter, mark in zip(text, marked, strict=True))
        return re.sub("\0+", "…", shown)
