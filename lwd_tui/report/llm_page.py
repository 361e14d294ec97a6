"""The page of a run of language models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from lwd_tui.analysis.frames import stride
from lwd_tui.experiment.llm import Experiment, Participant
from lwd_tui.findings.clusters import answer_clusters
from lwd_tui.findings.forks import in_words
from lwd_tui.findings.sentences import compared
from lwd_tui.llm.network import first_usable
from lwd_tui.report.figures import answered_steps, chosen_steps, figures
from lwd_tui.report.page import MOST_ROWS, beyond_the_paper, command, filled, shown_toml, thinned
from lwd_tui.report.recorded import Recorded, recorded
from lwd_tui.report.tally import Answers, Tally, tally
from lwd_tui.store.run import RunStore
from lwd_tui.types import Response, Step

MOST_POSTS, MOST_EVENTS, MOST_PARTICIPANTS = 200, 100, 12


@dataclass(frozen=True, slots=True)
class Member:
    """One participant, with what the run recorded of its model and of its answers.

    Attributes
    ----------
    participant : Participant
    model : mapping
        See `Recorded`; empty if nothing was recorded.
    context : int or None
        Tokens of context that the run gave it.
    answers : Answers
    said : tuple of Response or None
        What it posted first at the moments of the page; None where no answer was usable.
    """

    participant: Participant
    model: Mapping[str, str]
    context: int | None
    answers: Answers
    said: tuple[Response | None, ...]


def llm_page(store: RunStore) -> str:
    """Return the page."""
    experiment, record, numbers = store.experiment, recorded(store), store.numbers()
    counted, clusters = tally(store), answer_clusters(store)
    chosen = chosen_steps(store)
    cast = _members(experiment, record, counted, answered_steps(store))
    posts = store.posts()
    events = store.events()
    values = {
        "run": store.summary(),
        "fork": store.fork,
        "changed": in_words(store.fork) if store.fork else "",
        "experiment": experiment,
        "scale": store.scale,
        "queries": list(zip_longest(experiment.queries, store.numbers_each(), fillvalue=())),
        "of_query": store.query,
        "beyond": beyond_the_paper(experiment, ("ranking", "posts_each")),
        "cast": cast,
        "record": record,
        "tally": counted,
        "numbers": numbers,
        "compared": compared(experiment, max((step.k for step in numbers), default=0)),
        "clusters": clusters,
        "rows": thinned(numbers),
        "stride": stride(len(numbers), MOST_ROWS),
        "columns": cast[:MOST_PARTICIPANTS],
        "moments": [step.t for step in chosen],
        "distances": {
            step.t: step.geometry.distances
            for step in (*chosen[:1], *chosen[-1:])
            if step.geometry is not None
        },
        "first_posts": [post for post in posts if post.origin == "human" and post.step == 0],
        "later_posts": [
            post
            for post in posts
            if post.origin in ("injected", "noise") or (post.origin == "human" and post.step > 0)
        ],
        "most_posts": MOST_POSTS,
        "events": events[:MOST_EVENTS],
        "more_events": len(events) - MOST_EVENTS,
        "toml": shown_toml(experiment),
        "sha256": experiment.sha256,
        "command": command(("--preset", "experiment.toml", "--headless"), record.hosts),
    }
    return filled("llm.html", values, figures(experiment, numbers, chosen, clusters, store.scale))


def _members(
    experiment: Experiment, record: Recorded, counted: Tally, chosen: Sequence[Step]
) -> list[Member]:
    """Bring together what there is of each participant; `chosen` are the moments of the page."""
    said = [
        {answer.participant: answer for answer in first_usable(step.responses)} for step in chosen
    ]
    return [
        Member(
            participant,
            record.model(place),
            record.context(place),
            counted.answers[place],
            tuple(answers.get(place) for answers in said),
        )
        for place, participant in enumerate(experiment.cast)
    ]
