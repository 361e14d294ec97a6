"""Runs whose answers, vectors and draws are set by hand, to compute statistics of."""

from contextlib import aclosing

import numpy as np

from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.distance import geometry
from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.run.session import Session
from lwd_tui.store.run import RunStore
from lwd_tui.types import Draw, Post, Response, Step
from support.store_samples import attempt, write

NAMES = ("ada", "ben", "cleo")


def experiment(**changes):
    data = {
        "name": "tiny",
        "query": "What next?",
        "responses": 4,
        "steps": 3,
        "participants": [{"name": name, "backend": "scripted", "model": name} for name in NAMES],
        "embedder": {"backend": "scripted", "model": "words-16"},
        "posts": [{"text": f"Post number {number}."} for number in range(6)],
    }
    return Experiment.from_dict(data | changes)


async def scripted_run(path, **changes):
    """Store a run of scripted models."""
    async with (
        await Session.start(experiment(**changes), path, Wishes(), lambda _: None) as session,
        aclosing(session.run()) as events,
    ):
        async for _ in events:
            pass
    return path


def handmade(path, steps, /, **changes):
    """Store a run from vectors, and perhaps texts and draws, and return it open.

    Parameters
    ----------
    steps : list of dict
        `vectors`: of shape (n, L, p), NaN for a failed answer; `texts`: n lists of L; `read`: the
        ids that each participant read, all human posts if not given. The first usable answer of
        each participant is posted.
    """
    n, responses = np.shape(steps[0]["vectors"])[:2]
    cast = [{"name": name, "backend": "scripted", "model": name} for name in NAMES[:n]]
    given = {"responses": responses, "steps": max(len(steps) - 1, 1), "participants": cast}
    spec = experiment(**(given | changes))
    human, posts = len(spec.posts), len(spec.posts)
    with RunStore.create(path, spec, {}) as store:
        previous = None
        for t, given in enumerate(steps):
            vectors = np.asarray(given["vectors"], dtype=np.float32)
            usable = np.isfinite(vectors).all(axis=2)
            texts = given.get("texts") or [
                [f"answer {t} {i} {index}" for index in range(responses)] for i in range(n)
            ]
            answers = tuple(
                Response(
                    t, i, index,
                    (attempt(texts[i][index], problem="" if usable[i, index] else "blank"),),
                )
                for i in range(n) for index in range(responses)
            )  # fmt: skip
            reads = given.get("read") or [range(human)] * n
            posted = []
            for i in range(n):
                if usable[i].any():
                    text = texts[i][int(usable[i].argmax())]
                    posted.append(Post(posts, text, NAMES[i], "synthetic", t + 1))
                    posts += 1
            rows, owners = vectors[usable], np.repeat(np.arange(n), usable.sum(axis=1))
            previous = geometry(Responses.of(rows, owners, n), previous)
            step = Step(
                t, len(reads[0]), human + n * t, n * t,
                tuple(Draw(t, i, tuple(reads[i])) for i in range(n)),
                answers, rows if len(rows) else np.empty((0, 0)), tuple(posted), 1.0,
                geometry=previous,
            )  # fmt: skip
            write(store, step)
    return RunStore.open(path)


def clouds(means, responses=4, spread=0.1, p=5, seed=0):
    """Return vectors of shape (n, L, p) about means on the first axis."""
    rng = np.random.default_rng(seed)
    noise = spread * rng.standard_normal((len(means), responses, p))
    noise[:, :, 0] += np.asarray(means, dtype=float)[:, None]
    return noise
