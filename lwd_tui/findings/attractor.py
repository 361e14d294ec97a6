"""The attractor of a stored run: where it ended, who came there when, and by which posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.attractor import Attractor, attractor
from lwd_tui.analysis.distance import (
    dispersion,
    mean_embeddings,
    mean_variances,
)
from lwd_tui.analysis.neighbours import common_words
from lwd_tui.analysis.resolution import resolution
from lwd_tui.findings.lineage import writer_of
from lwd_tui.findings.step import clouds, responses_of
from lwd_tui.store.reader import RunReader
from lwd_tui.types import Post, Response, Step

# So that the farthest participant is within its own distance.
ROUNDING = 1e-6


class Link(NamedTuple):
    """A post of the chain, and its share of words in common with the text that read it."""

    post: Post
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class AttractorReport:
    """Where a run ended, and how it came there.

    Attributes
    ----------
    found : Attractor
        The centre, the distances from it, and each participant's arrival.
    answer : Response
        The last step's answer that is nearest to the centre.
    chain : tuple of Link
        From the post that the answer came from, back to the earliest. Of the posts that each
        writer read, the one with most words in common, the earliest of equal ones; it ends at a
        post that no participant wrote, or where no word is shared. Words, because human posts
        have no stored embedding. The likeliest way, not a proven one.
    """

    found: Attractor
    answer: Response
    chain: tuple[Link, ...]


def attractor_report(store: RunReader, radius: float | None = None) -> AttractorReport:
    """Look for the attractor of all whole steps; one step is held at a time.

    The radius is the distance from the centre that counts as arrived. If none is given: that of the
    participant that is farthest from it at the last step, so that all have arrived by then; or what
    noise alone makes of two equal means, if that is larger.

    Raises
    ------
    UnfitData
        If the last step has no usable answer, or the radius isn't positive.
    StoreError
        If there is no whole step.
    """
    end = store.step(store.finished() - 1)
    # The mean of one point is that point, so earlier steps need no more than their means.
    places: list[Responses] = []
    last = responses_of(store, end)
    for step in clouds(store):
        present = np.unique(step.owners)
        places.append(Responses(mean_embeddings(step)[present], present, step.n))
    places[-1] = last
    found = attractor(places, _farthest(last) if radius is None else radius)
    answer = end.usable[found.nearest]
    return AttractorReport(found, answer, _chain(store, end, answer))


def _farthest(responses: Responses) -> float:
    """Return the largest distance of a participant from the centre, or the noise in it."""
    present = np.unique(responses.owners)
    if not len(present):
        return 1.0
    means = mean_embeddings(responses)[present]
    centre = means.mean(axis=0)
    noise = mean_variances(dispersion(responses), responses.counts)
    squares = [*((means - centre) ** 2).sum(axis=1), *(2 * noise[np.isfinite(noise)])]
    # Where all is zero, any radius will do.
    return max(float(np.sqrt(max(squares))) * (1 + ROUNDING), resolution(responses.points)) or 1.0


def _chain(store: RunReader, step: Step, answer: Response) -> tuple[Link, ...]:
    posts = store.posts()
    links: list[Link] = []
    writer: tuple[Step, Response] | None = (step, answer)
    while writer is not None:
        link = _nearest_read(*writer, posts)
        if link is None:
            break
        links.append(link)
        writer = writer_of(store, link.post)
    return tuple(links)


def _nearest_read(step: Step, answer: Response, posts: list[Post]) -> Link | None:
    draw = step.draw_for(answer.participant, answer.index)
    found = (posts[post] for post in sorted(draw.posts)) if draw is not None else ()
    # Of a damaged file a draw may be of later ones, and the chain would never end.
    read = [post for post in found if post.step <= step.t]
    shares = common_words(answer.text, [post.text for post in read])
    if not shares.any():
        return None
    best = int(np.argmax(shares))
    return Link(read[best], float(shares[best]))
