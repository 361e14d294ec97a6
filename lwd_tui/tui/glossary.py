"""Each number in a sentence or two: the words behind ``?``.

Symbols are those of the paper (arXiv:2506.15690); the debiased norm and the floor are ours.
"""

from __future__ import annotations

GLOSSARY: dict[str, tuple[str, str]] = {
    "t": (
        "t of T",
        "One step: every participant reads posts and answers the query L times; then the first "
        "answer of each is posted. Steps go from 0 to T.",
    ),
}
