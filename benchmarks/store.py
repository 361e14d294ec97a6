"""Time the store: responses committed one by one, and a long run opened.

Prints plain figures: seconds of wall time, and MiB of memory added.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lwd_tui.experiment.llm import Experiment
from lwd_tui.store.run import RunStore
from lwd_tui.types import Attempt, Draw, Geometry, Post, Prompt, Response, Step

NAMES = ("ada", "ben", "cleo")
RNG = np.random.default_rng(7)
WORDS = np.array([f"word{number}" for number in range(3000)])


def sentences(count: int) -> list[str]:
    """Return sentences of 25 words."""
    return [" ".join(row) for row in RNG.choice(WORDS, size=(count, 25))]


def experiment(posts: int, steps: int) -> Experiment:
    """Return an experiment of three scripted participants."""
    return Experiment.from_dict(
        {
            "name": "benchmark",
            "query": "What next?",
            "steps": steps,
            "participants": [{"name": n, "backend": "scripted", "model": n} for n in NAMES],
            "posts": [{"text": text} for text in sentences(posts)],
        }
    )


def step_of(t: int, size: int, k: int, answers: int, dimensions: int, posted: int) -> Step:
    """Return a step with random content."""
    count = len(NAMES) * answers
    texts = sentences(count)
    owners = np.repeat(np.arange(len(NAMES)), answers)
    return Step(
        t,
        k,
        size,
        0,
        tuple(
            Draw(t, i, tuple(RNG.choice(size, size=k, replace=False).tolist()))
            for i in range(len(NAMES))
        ),
        tuple(
            Response(t, i, j, (Attempt(texts[i * answers + j], 7, "stop", 900, 30, 0.5),))
            for i in range(len(NAMES))
            for j in range(answers)
        ),
        RNG.normal(size=(count, dimensions)).astype(np.float32),
        tuple(
            Post(size + i, text, NAMES[i % len(NAMES)], "synthetic", t + 1)
            for i, text in enumerate(sentences(posted))
        ),
        1.0,
        0,
        Geometry(np.zeros((3, 3)), 1.0, 1.0, 0.1, np.ones(3), np.zeros((count, 2)), owners, 0.5),
    )


def store_step(store: RunStore, step: Step, posts: list[str]) -> tuple[float, float, float]:
    """Store a step; return the seconds of its beginning, its responses and its end."""
    prompts = [
        Prompt.completion("\n".join(posts[number] for number in draw.posts)) for draw in step.draws
    ]
    start = time.perf_counter()
    store.begin_step(step.t, step.k, step.size, step.draws, prompts)
    begun = time.perf_counter()
    for response in step.responses:
        store.add_response(response)
    answered = time.perf_counter()
    store.finish_step(step)
    posts.extend(post.text for post in step.posted)
    return begun - start, answered - begun, time.perf_counter() - answered


def commit(folder: Path) -> None:
    """Store the paper's run: 61 steps, 3 participants, 40 responses, 768 dimensions."""
    spec = experiment(20, 60)
    posts = [post.text for post in spec.posts]
    times = []
    with RunStore.create(folder / "paper.sqlite", spec, {}) as store:
        for t in range(61):
            size = len(posts)
            times.append(store_step(store, step_of(t, size, size // 2, 40, 768, 3), posts))
        start = time.perf_counter()
    begun, answered, finished = np.sum(times, axis=0)
    print(f"paper's run: 7,320 responses committed one by one: {answered:.2f} s")
    print(f"             61 steps begun: {begun:.2f} s; finished: {finished:.2f} s")
    print(f"             closed: {time.perf_counter() - start:.2f} s")
    print(f"             file: {(folder / 'paper.sqlite').stat().st_size / 2**20:.1f} MiB")


def make_long_run(folder: Path) -> Path:
    """Store 1,000 steps and 100,000 posts."""
    spec = experiment(1000, 999)
    posts = [post.text for post in spec.posts]
    path = folder / "long.sqlite"
    start = time.perf_counter()
    with RunStore.create(path, spec, {}) as store:
        for t in range(1000):
            store_step(store, step_of(t, len(posts), 100, 4, 64, 99), posts)
    print(f"long run: made in {time.perf_counter() - start:.0f} s; {len(posts)} posts")
    print(f"          file: {path.stat().st_size / 2**20:.1f} MiB", flush=True)
    return path


def read(path: Path) -> None:
    """Time the questions that an explorer asks of a long run."""
    before = memory()

    def tell(what: str, start: float) -> None:
        print(f"          {what}: {1000 * (time.perf_counter() - start):.0f} ms; ", end="")
        print(f"{memory() - before:.0f} MiB so far")

    start = time.perf_counter()
    store = RunStore.open(path)
    store.numbers()
    tell("opened, with the numbers of all steps", start)
    start = time.perf_counter()
    store.summary()
    tell("summary", start)
    start = time.perf_counter()
    store.step(store.finished() - 1)
    tell("last step", start)
    start = time.perf_counter()
    found = store.search_responses("word7 word1")
    tell(f"search: {len(found)} responses", start)
    start = time.perf_counter()
    posts = store.posts()
    tell(f"all {len(posts)} posts", start)
    start = time.perf_counter()
    readers = store.readers(posts[500])
    tell(f"who read a post: {len(readers)}", start)


def memory() -> float:
    """Return the most memory used so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run both benchmarks on a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        commit(Path(name))
        path = make_long_run(Path(name))
        # In a process of its own, whose memory is measured.
        subprocess.run([sys.executable, __file__, str(path)], check=True)


if __name__ == "__main__":
    read(Path(sys.argv[1]))
