"""Every random choice of a run, from its one seed and a key that says what the choice is for.

A key names a purpose and a place (t, participant, response, ...), so that a choice never depends
on the order in which answers arrive, on concurrency, or on where a run was resumed.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np


def generator(seed: int, purpose: str, *key: int) -> np.random.Generator:
    """Return the generator of one purpose at one place.

    Parameters
    ----------
    seed : int
        The seed of the run.
    purpose : str
        Such as "draw"; different purposes give independent streams.
    *key : int
        The place, such as t and the participant; each at least 0.
    """
    return np.random.default_rng(_sequence(seed, purpose, key))


def request_seed(seed: int, *key: int) -> int:
    """Return the seed that is sent with a request, in [0, 2**31).

    Servers take signed 32-bit seeds, and read -1 as "choose one".
    """
    return int(_sequence(seed, "response", key).generate_state(1)[0] >> 1)


def _sequence(seed: int, purpose: str, key: tuple[int, ...]) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(crc32(purpose.encode()), *key))
