"""Which backends there are: ours, and those of other packages, by name, none of them imported.

It stands here, and not with the backends, because an experiment may only name one that there is.
A backend of ours is one line of `OURS`. One of somebody else's package is an entry point of the
group `lwd_tui.backends`; its name must be none of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

    from pydantic import ValidationInfo

GROUP = "lwd_tui.backends"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a backend's `lwd_tui.experiment.backend.Backend` is, and which part it can take."""

    where: str
    generates: bool = True
    embeds: bool = True


OURS = {
    "ollama": Place("lwd_tui.backends.ollama.entry:BACKEND"),
    "openai": Place("lwd_tui.backends.openai.entry:BACKEND"),
    "embedded": Place("lwd_tui.backends.embedded.entry:BACKEND"),
    "sentence-transformers": Place(
        "lwd_tui.backends.sentence_transformers.entry:BACKEND", generates=False
    ),
    "scripted": Place("lwd_tui.backends.scripted:BACKEND"),
}


@cache
def _points() -> list[EntryPoint]:
    from importlib.metadata import entry_points  # Takes longer than all else that `--help` does.

    return sorted(entry_points(group=GROUP), key=lambda point: (point.name, _package(point)))


@cache
def others() -> dict[str, EntryPoint]:
    """Return the backends of other packages by their names."""
    # Of several with one name, the first is the last that is put in.
    found = {point.name: point for point in reversed(_points()) if point.name not in OURS}
    return dict(sorted(found.items()))


def rivals(name: str) -> list[str]:
    """Return the packages that bring a backend of one name; the first of them is taken."""
    return sorted({_package(point) for point in _points() if point.name == name})


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def place_of(name: str) -> Place | None:
    """Return where a backend is; None if there is none of that name."""
    if name in OURS:
        return OURS[name]
    if name not in others():
        return None
    point = others()[name]
    whole = point.pattern.match(point.value)
    # What isn't written as the standard says is told when it is imported.
    return Place(f"{point.module}:{point.attr}" if whole else point.value)


def generators() -> tuple[str, ...]:
    """Return the names of the backends that answer prompts, ours first."""
    return (*(name for name, place in OURS.items() if place.generates), *others())


def embedders() -> tuple[str, ...]:
    """Return the names of the backends that embed texts, ours first."""
    return (*(name for name, place in OURS.items() if place.embeds), *others())


def known_generator(name: str, info: ValidationInfo) -> str:
    """Return the name of a backend that answers prompts, or let pydantic refuse it."""
    return _known(name, info, lambda place: place.generates, generators)


def known_embedder(name: str, info: ValidationInfo) -> str:
    """Return the name of a backend that embeds texts, or let pydantic refuse it."""
    return _known(name, info, lambda place: place.embeds, embedders)


def _known(
    name: str,
    info: ValidationInfo,
    fits: Callable[[Place], bool],
    names: Callable[[], tuple[str, ...]],
) -> str:
    from pydantic_core import PydanticKnownError

    place = place_of(name)
    stored = info.context and info.context.get("stored")
    if not stored and (place is None or not fits(place)):
        *most, last = map(repr, names())
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(most)} or {last}"})
    return name
