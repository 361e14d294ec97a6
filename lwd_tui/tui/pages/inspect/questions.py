"""What the page asks, off the screen's thread: of a run's file, and of two answers."""

from __future__ import annotations

from pathlib import Path

from lwd_tui.analysis.differences import Differences, differences
from lwd_tui.findings.lineage import Following, follow
from lwd_tui.store.run import RunStore
from lwd_tui.text import clean
from lwd_tui.tui.pages.inspect.hits import Hit
from lwd_tui.tui.pages.inspect.sheets import Place
from lwd_tui.types import Post, Prompt

COMPARED = 6_000
"""Characters of each of two texts that are compared: the time grows with their product."""
FOUND = 500
"""Posts, and answers, that a search shows at most."""


def compared(one: str, other: str) -> Differences:
    """Return in which words two answers differ, as far as that is quick to find out."""
    return differences(clean(one[:COMPARED]), clean(other[:COMPARED]))


def following(path: Path, post: Post) -> Following:
    """Look through a run for what became of a post, with its file opened anew."""
    with RunStore.open(path) as store:
        return follow(store, post)


def hits_of(store: RunStore, words: str) -> list[Hit]:
    """Search all answers, and the posts that no participant wrote: the others are answers."""
    people = [post for post in store.search_posts(words, FOUND + 1) if post.origin != "synthetic"]
    hits: list[Hit] = [*people, *store.search_responses(words, FOUND + 1)]
    hits.sort(key=lambda hit: hit.step if isinstance(hit, Post) else hit.t)
    return hits[: FOUND + 1]


def prompt_of(store: RunStore, place: Place) -> Prompt:
    """Return the prompt that an answer was given to."""
    return store.prompt(place.t, place.participant, place.index)
