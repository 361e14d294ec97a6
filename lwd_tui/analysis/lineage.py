"""The attractor: the sentence that all came to, when each came near it, and by which posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lwd_tui.analysis.arrays import UnfitData, finite, labelled
from lwd_tui.analysis.distance import Owners, mean_embeddings
from lwd_tui.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Attractor:
    """Where the participants ended, and how they came there.

    Attributes
    ----------
    centre : ndarray of shape (p,)
        Mean of the participants' means at the last step.
    nearest : int
        Row of the last step's responses that is nearest to the centre.
    distances : ndarray of shape (steps, n)
        Of X_i(t) from the centre; NaN where a participant had no usable response.
    arrivals : tuple of (int or None)
        Of each participant, the first t at which it was within the radius; None: never.
    radius : float
    """

    centre: Floats
    nearest: int
    distances: Floats
    arrivals: tuple[int | None, ...]
    radius: float


def attractor(steps: Sequence[tuple[ArrayLike, Owners]], n: int, radius: float) -> Attractor:
    """Find the final centre, the response nearest to it, and each participant's arrival.

    Parameters
    ----------
    steps : sequence of (embeddings, owners)
        As for `lwd_tui.analysis.distance.geometry`, for t = 0 .. T.
    n : int
    radius : float
        Distance that counts as arrived, more than 0.

    Returns
    -------
    Attractor

    Raises
    ------
    UnfitData
        If the last step has no usable response, or the numbers don't fit.
    """
    if not radius > 0:
        raise UnfitData(f"radius: must be more than 0, not {radius}")
    if not len(steps) or not len(steps[-1][1]):
        raise UnfitData("an attractor needs a last step with usable responses")
    means = np.array([mean_embeddings(points, owners, n) for points, owners in steps])
    last, _ = labelled(*steps[-1], n)
    centre = np.nanmean(means[-1], axis=0)
    nearest = int(np.argmin(np.linalg.norm(last - centre, axis=1)))
    distances = np.linalg.norm(means - centre, axis=2)
    within = np.less_equal(distances, radius)
    arrivals = tuple(int(np.argmax(seen)) if seen.any() else None for seen in within.T)
    return Attractor(centre, nearest, distances, arrivals, radius)


@dataclass(frozen=True, slots=True)
class Link:
    """One post of a chain.

    Attributes
    ----------
    post : int
        Its position among the posts.
    distance : float
        From the text that read it: the answer for the first link, the post before for others.
    """

    post: int
    distance: float


def lineage(
    answer: ArrayLike, read: Sequence[int], vectors: ArrayLike, reads: Sequence[Sequence[int]]
) -> tuple[Link, ...]:
    """Go back from an answer to the nearest post that its writer had read, and so on.

    Parameters
    ----------
    answer : array_like of shape (p,)
        The embedded answer.
    read : sequence of int
        Posts that its writer had read.
    vectors : array_like of shape (posts, p)
        The embedded posts, human ones too.
    reads : sequence of sequence of int
        What the writer of each post had read; empty for a human post, where the chain ends.

    Returns
    -------
    tuple of Link
        From the latest post to the earliest; empty if nothing had been read.

    Raises
    ------
    UnfitData
        If a post was read before it existed, or the numbers don't fit.

    Notes
    -----
    The nearest text among those read is the likeliest source, not a proven one: what the model
    knew already, and its other readings, can't be told apart from it.
    """
    posts = finite(vectors, "vectors")
    here = finite(answer, "answer", ndim=1)
    if len(reads) != len(posts):
        raise UnfitData(f"reads: {len(posts)} are needed, one a post, not {len(reads)}")
    links: list[Link] = []
    later, seen = len(posts), read
    while len(seen):
        ids = np.asarray(seen, dtype=np.int64)
        if ids.min() < 0 or ids.max() >= later:
            raise UnfitData(f"reads: post {ids.max()} was read before it was written")
        distances = np.linalg.norm(posts[ids] - here, axis=1)
        k = int(np.argmin(distances))
        later, here = int(ids[k]), posts[ids[k]]
        links.append(Link(later, float(distances[k])))
        seen = reads[later]
    return tuple(links)
