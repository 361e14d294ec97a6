"""An answer of a run, found by its place, with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from lwd_tui.analysis.distance import distances_from_means
from lwd_tui.findings.lineage import authored
from lwd_tui.text import shorten
from lwd_tui.types import Draw, Floats, Post, Response, Step


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked at: an answer, and perhaps a post that is followed from there."""

    t: int
    participant: int
    index: int
    post: Post | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """An answer and what is known of it.

    Attributes
    ----------
    response : Response
    names : tuple of str
        Of the participants, not cleaned.
    distances : ndarray of shape (n,) or None
        From the mean of each participant at the same step; None for a failed answer.
    post : int or None
        The post that it became.
    alike : tuple of Response
        Others of the step with the same text.
    """

    response: Response
    names: tuple[str, ...]
    distances: Floats | None
    post: int | None
    alike: tuple[Response, ...] = ()

    @property
    def title(self) -> str:
        """Which answer it is."""
        name = shorten(self.names[self.response.participant], 24)
        return f"answer {self.response.index} of {name} · t = {self.response.t}"


def answer_at(step: Step, place: Place) -> Response | None:
    """Return the answer at a place of a step; None if there is none."""
    for answer in step.responses:
        if (answer.participant, answer.index) == (place.participant, place.index):
            return answer
    return None


def draw_for(step: Step, place: Place) -> Draw | None:
    """Return what the writer of an answer had drawn for it; None if there is no such answer."""
    for draw in step.draws:
        if draw.participant == place.participant and draw.response in (None, place.index):
            return draw
    return None


def sheet_at(step: Step, place: Place, names: tuple[str, ...], posts_each: int) -> Sheet | None:
    """Gather what is known of the answer at a place; None if there is none.

    Parameters
    ----------
    step : Step
    place : Place
    names : tuple of str
        Of the participants.
    posts_each : int
        Of the experiment.
    """
    answer = answer_at(step, place)
    if answer is None:
        return None
    distances = None
    if not answer.failed:
        row = [each for each in step.responses if not each.failed].index(answer)
        distances = distances_from_means(step.embeddings, step.owners, len(names))[row]
    posts = [post.id for each, post in authored(step, posts_each) if each is answer]
    alike = tuple(
        each
        for each in step.responses
        if each is not answer and not (each.failed or answer.failed) and each.text == answer.text
    )
    return Sheet(answer, names, distances, posts[0] if posts else None, alike)
