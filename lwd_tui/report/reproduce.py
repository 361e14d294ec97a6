"""How to run it again: the specification as TOML that survives being shown, and the command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from lwd_tui.experiment.section import Specification
from lwd_tui.text import clean

LONGEST = 250_000
"""Characters of TOML that a page holds, at most."""


def shown_toml(specification: Specification) -> str:
    """Return the TOML of a specification; "" if it is too long for a page.

    What must not be shown as it is, such as direction controls in a post, is escaped as TOML
    escapes it, so that what is copied from a page still is the same specification.
    """
    text = specification.to_toml()
    if clean(text) != text:
        text = "".join(map(_escaped, text))
    return text if len(text) <= LONGEST else ""


def _escaped(character: str) -> str:
    # Tabs and characters beyond ASCII occur in no other place than TOML's quoted strings.
    if character == "\t":
        return "\\t"
    return character if character.isascii() else f"\\U{ord(character):08X}"


def command(words: Sequence[str], hosts: Sequence[str]) -> str:
    """Return a command line, with the servers that the run had."""
    options = [part for host in hosts for part in ("--host", host)]
    return shlex.join(["lwd-tui", *words, *options])
