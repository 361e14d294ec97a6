"""Faults that may pass, and how long to wait before the next try."""

from __future__ import annotations

import random

MOST_SECONDS = 30.0
UNREACHED = "can't be reached"
"""The fault of a server that refuses connections, as one does that is being started again."""


class Transient(Exception):
    """A fault of a server that may be gone at the next try.

    Attributes
    ----------
    fault : str
        In a few words, as recorded with the answer that came in the end.
    after : float or None
        Seconds that the server asked us to wait.
    """

    def __init__(self, fault: str, after: float | None = None) -> None:
        super().__init__(fault)
        self.fault = fault
        self.after = after


def backoff(failures: int, first: float, key: str) -> float:
    """Return the seconds to wait after so many failures in a row.

    They double from `first` to half a minute, less a jitter of up to a half, so that many
    clients don't come back at the same moment. The jitter depends on the key alone.

    Parameters
    ----------
    failures : int
        At least 1.
    first : float
        Seconds after the first failure.
    key : str
        Such as the server and the seed of the answer that failed.
    """
    whole = min(MOST_SECONDS, first * 2.0 ** min(failures - 1, 16))
    rng = random.Random(f"backoff {failures} {key}")  # noqa: S311 (spreads load, no secret)
    return whole * (1 - rng.random() / 2)
