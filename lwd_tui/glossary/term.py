"""What an entry of the glossary is."""

from __future__ import annotations

from typing import NamedTuple


class Term(NamedTuple):
    """A term and what it means.

    Attributes
    ----------
    name, meaning : str
    here : str
        What holds in the explorer only, such as its keys; it follows the meaning there.
    """

    name: str
    meaning: str
    here: str = ""
