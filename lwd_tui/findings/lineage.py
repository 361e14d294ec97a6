"""Where a post came from, who read it, and what came near it later, for any front end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import groupby
from operator import itemgetter
from typing import Literal

from lwd_tui.analysis.neighbours import common_words, nearest
from lwd_tui.llm.network import first_usable
from lwd_tui.store.reader import RunReader
from lwd_tui.store.records import Reading
from lwd_tui.types import Post, Response, Step, Vectors

Measure = Literal["embedding", "words"]
Place = tuple[int, int, int]
"""Of a response: t, participant, index."""
Found = tuple[Place, float]


@dataclass(frozen=True, slots=True)
class Descendant:
    """A later response that came near a post.

    Attributes
    ----------
    response : Response
    value : float
        See `Following`.
    read : bool
        Whether its writer had read the post for it.
    """

    response: Response
    value: float
    read: bool


@dataclass(frozen=True, slots=True)
class Following:
    """What became of a post.

    Attributes
    ----------
    post : Post
    source : Response or None
        The response that was posted; None where no participant wrote it.
    readings : tuple of Reading
        Who read it at the whole steps, in order of t.
    measure : {"embedding", "words"}
        What nearness is: the distance of the embeddings, or, of a post that no participant
        wrote, which has none, the share of words in common.
    descendants : tuple of Descendant
        The nearest later responses, the nearest first; of equally near ones the earlier first.
    """

    post: Post
    source: Response | None
    readings: tuple[Reading, ...]
    measure: Measure
    descendants: tuple[Descendant, ...]


def authored(step: Step, names: Sequence[str]) -> list[tuple[Response, Post]]:
    """Return the responses of a step that were posted, each with the post that it became.

    Parameters
    ----------
    step : Step
    names : sequence of str
        Of the participants. At steps before a run was forked one may have had another name, and
        is known by what it said.
    """
    place = {name: i for i, name in enumerate(names)}
    found: list[tuple[Response, Post]] = []
    after = 0
    # Answers to further queries are never posted.
    answers = [response for response in step.responses if response.query == 1]
    posts = (post for post in step.posted if post.origin == "synthetic")
    for author, group in groupby(posts, key=lambda post: post.author):
        mine = list(group)
        first = first_usable(answers, len(mine))
        writer = place.get(author)
        if writer is None:
            said = (each.participant for each in first if each.text == mine[0].text)
            writer = next((i for i in said if i >= after), len(names))
        after = writer + 1
        written = [each for each in first if each.participant == writer]
        found += zip(written, mine, strict=False)
    return found


def follow(store: RunReader, post: Post, count: int = 20) -> Following:
    """Look through a run for what became of a post, and for so many descendants.

    Among the answers to the query that is looked at, or, where that is all together, to the first.

    Raises
    ------
    StoreError
        If the run can't be read.
    """
    if store.query == 0:
        with store.looking_at(1):
            return follow(store, post, count)
    done = store.finished()
    readings = tuple(reading for reading in store.readers(post) if reading.t < done)
    found: Iterable[Found]
    if writer := writer_of(store, post):
        step, source = writer
        vector = step.embeddings[step.usable.index(source)]
        found = _by_embedding(store, post, vector, count)
    else:
        source, found = None, _by_words(store, post, count)
    measure: Measure = "embedding" if source else "words"
    read = {(reading.t, reading.participant, reading.response) for reading in readings}
    descendants = tuple(
        Descendant(
            store.response(t, participant, index),
            value,
            not read.isdisjoint({(t, participant, None), (t, participant, index)}),
        )
        for (t, participant, index), value in found
    )
    return Following(post, source, readings, measure, descendants)


def writer_of(store: RunReader, post: Post) -> tuple[Step, Response] | None:
    """Return the response that a post was, and its step; None if no participant wrote it."""
    if post.origin != "synthetic":
        return None
    with store.looking_at(1):
        step = store.step(post.step - 1)
    names = [who.name for who in store.experiment.cast]
    for response, written in authored(step, names):
        if written.id == post.id:
            return step, response
    return None


def _by_embedding(store: RunReader, post: Post, vector: Vectors, count: int) -> Iterator[Found]:
    steps: list[int] = []

    def blocks() -> Iterator[Vectors]:
        for t, vectors in store.embeddings(post.step, store.finished()):
            steps.append(t)
            yield vectors

    for block, row, distance in nearest(vector, blocks(), count):
        t = steps[block]
        yield list(store.usable_texts(t, t + 1))[row][:3], distance


def _by_words(store: RunReader, post: Post, count: int) -> list[Found]:
    def found() -> Iterator[Found]:
        texts = store.usable_texts(post.step, store.finished())
        for _, group in groupby(texts, key=itemgetter(0)):
            step = list(group)
            shares = common_words(post.text, [text for *_, text in step])
            for (t, participant, index, _), share in zip(step, shares, strict=True):
                if share:
                    yield (t, participant, index), float(share)

    return nlargest(count, found(), key=lambda each: each[1])
