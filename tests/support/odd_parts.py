"""Recorded streams made odd: any part dropped, nulled, retyped or doubled."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.sampled_from(["", "x", "[DONE]", "\ud83d", "</think>"]),
    st.just([]),
    st.just({}),
    st.lists(st.none() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["text", "index", "delta"]), st.none() | st.text(max_size=3)),
)


@st.composite
def made_odd(draw: st.DrawFn, parts: list[Any]) -> list[Any]:
    """Return a copy of the parts with one to four changes anywhere in them."""
    parts = copy.deepcopy(parts)
    for _ in range(draw(st.integers(1, 4))):
        if not parts:
            break
        *way, last = draw(st.sampled_from([path for path in _places(parts) if path]))
        holder = parts
        for key in way:
            holder = holder[key]
        change = draw(st.sampled_from(["drop", "null", "retype", "double"]))
        if change == "drop":
            del holder[last]
        elif change == "double" and isinstance(holder, list):
            holder.insert(last, copy.deepcopy(holder[last]))
        else:
            holder[last] = None if change == "null" else draw(ODD)
    return parts


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every part of a value."""
    yield path
    if isinstance(value, (dict, list)):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(child, (*path, key))
