"""What the page asks of a run: an answer with all that is known of it, its prompt, a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.differences import Differences, differences
from lwd_tui.analysis.distance import distances_from_means
from lwd_tui.findings.lineage import authored
from lwd_tui.store.run import RunStore
from lwd_tui.text import clean, shorten
from lwd_tui.tui.pages.inspect.finder import Hit
from lwd_tui.types import Floats, Post, Response, Step

COMPARED = 6_000
"""Characters of each of two texts that are compared: the time grows with their product."""
FOUND = 500
"""Posts, and answers, that a search shows at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked at: an answer, and perhaps a post that is followed from there."""

    t: int
    participant: int
    index: int
    post: Post | None = None

    def within(self, step: Step) -> Place:
        """Return the same place of another step; the participant's first if it has fewer answers.

        A fork may have fewer than the run before it.
        """
        there = replace(self, t=step.t)
        return there if answer_at(step, there) is not None else replace(there, index=0)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """An answer and what is known of it.

    Attributes
    ----------
    response : Response
    names : tuple of str
        Of the participants, not cleaned.
    signs : tuple of int
        Whose marker and colour each of them has.
    distances : ndarray of shape (n,) or None
        From the mean of each participant at the same step; None for a failed answer.
    post : int or None
        The post that it became.
    alike : tuple of Response
        Others of the step with the same text.
    """

    response: Response
    names: tuple[str, ...]
    signs: tuple[int, ...]
    distances: Floats | None
    post: int | None
    alike: tuple[Response, ...] = ()

    @property
    def place(self) -> Place:
        """Where the answer is."""
        return Place(self.response.t, self.response.participant, self.response.index)

    @property
    def title(self) -> str:
        """Which answer it is."""
        name = shorten(self.names[self.response.participant], 24)
        query = self.response.query
        what = "replicate" if query == 0 else "answer"
        asked = f" to query {query}" if query > 1 else ""
        return f"{what} {self.response.index} of {name}{asked} · t = {self.response.t}"


def answer_at(step: Step, place: Place) -> Response | None:
    """Return the answer at a place of a step; None if there is none."""
    for answer in step.responses:
        if (answer.participant, answer.index) == (place.participant, place.index):
            return answer
    return None


def sheet_at(step: Step, place: Place, authors: Mapping[str, int]) -> Sheet | None:
    """Gather what is known of the answer at a place; None if there is none.

    `authors` has whose marker and colour each participant has, by name, in their order.
    """
    answer, names = answer_at(step, place), tuple(authors)
    if answer is None:
        return None
    distances = None
    if not answer.failed:
        row = step.usable.index(answer)
        responses = Responses.of(step.embeddings, step.owners, len(names))
        distances = distances_from_means(responses)[row]
    posts = [post.id for each, post in authored(step, names) if each is answer]
    alike = tuple(
        each
        for each in step.responses
        if each is not answer and not (each.failed or answer.failed) and each.text == answer.text
    )
    signs = tuple(authors.values())
    return Sheet(answer, names, signs, distances, posts[0] if posts else None, alike)


def compared(one: str, other: str) -> Differences:
    """Return in which words two answers differ, as far as that is quick to find out."""
    return differences(clean(one[:COMPARED]), clean(other[:COMPARED]))


def hits_of(store: RunStore, words: str) -> list[Hit]:
    """Search all answers, and the posts that no participant wrote: the others are answers."""
    people = [post for post in store.search_posts(words, FOUND + 1) if post.origin != "synthetic"]
    hits: list[Hit] = [*people, *store.search_responses(words, FOUND + 1)]
    hits.sort(key=lambda hit: hit.step if isinstance(hit, Post) else hit.t)
    return hits[: FOUND + 1]
