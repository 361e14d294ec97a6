"""Answers to several queries, taken together: the perspective space of Helm et al. 2024.

The l-th answers of a participant to each of m queries are one replicate. Its vector is theirs, one
after another, over the square root of m; its text is theirs, one after another; and it is usable if
all of them are. A participant's mean over its replicates is then its m x p matrix of mean
embeddings as one vector, and the distance between two means the Frobenius distance between their
matrices over the square root of m; docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lwd_tui.types import Attempt, Response, Step, Vectors

Key = tuple[int, int]
"""Of a response or replicate in a step: participant, index."""


def key_of(response: Response) -> Key:
    """Return whose response it is, and the which."""
    return response.participant, response.index


def together(steps: Sequence[Step]) -> Step:
    """Return a step with the replicates of all queries, of its steps of each query; no geometry."""
    responses = joined_responses([step.responses for step in steps])
    keys = [[key_of(response) for response in step.usable] for step in steps]
    return replace(
        steps[0],
        responses=responses,
        embeddings=joined_vectors(keys, [step.embeddings for step in steps]),
        truncated=sum(step.truncated for step in steps),
        geometry=None,
        asked=(),
    )


def joined_responses(answers: Sequence[Sequence[Response]]) -> tuple[Response, ...]:
    """Return the replicates of which there is an answer to each query, in order.

    Parameters
    ----------
    answers : sequence of sequence of Response
        To each query, each by participant and index.
    """
    rows = [{key_of(response): response for response in each} for each in answers]
    whole = (key for key in rows[0] if all(key in row for row in rows))
    return tuple(_joined([row[key] for row in rows]) for key in whole)


def common_keys(keys: Sequence[Sequence[Key]]) -> list[Key]:
    """Return the keys of the usable replicates, in order, from those of each query."""
    return sorted(set(keys[0]).intersection(*keys[1:]))


def joined_vectors(keys: Sequence[Sequence[Key]], vectors: Sequence[Vectors]) -> Vectors:
    """Return the vectors of the usable replicates.

    Parameters
    ----------
    keys : sequence of sequence of (int, int)
        Of the usable responses to each query, in order.
    vectors : sequence of ndarray of shape (usable, p)
        Theirs.

    Returns
    -------
    ndarray of shape (usable, m p), float32
        In the order of the keys; unit vectors if all vectors are.
    """
    common = common_keys(keys)
    if not common:
        return np.empty((0, 0), dtype=np.float32)
    places = [{key: row for row, key in enumerate(each)} for each in keys]
    parts = [
        each[[place[key] for key in common]] for each, place in zip(vectors, places, strict=True)
    ]
    joined: Vectors = np.concatenate(parts, axis=1) / np.float32(math.sqrt(len(parts)))
    return joined


def _joined(answers: Sequence[Response]) -> Response:
    """Return the answers to each query as one response of one attempt."""
    finals = [answer.final for answer in answers]
    first = finals[0]
    problems = (
        f"query {answer.query}: {answer.final.problem}" for answer in answers if answer.failed
    )
    counts = [final.completion_tokens for final in finals if final.completion_tokens is not None]
    attempt = Attempt(
        "\n\n".join(final.text for final in finals),
        first.seed,
        first.finish_reason,
        first.prompt_tokens,
        sum(counts) if len(counts) == len(finals) else None,
        sum(final.seconds for final in finals),
        next(problems, ""),
        "\n\n".join(final.thinking for final in finals if final.thinking),
        first.host,
        tuple(fault for final in finals for fault in final.retries),
    )
    return Response(answers[0].t, answers[0].participant, answers[0].index, (attempt,), query=0)
