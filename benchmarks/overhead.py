"""What a run costs beside its models: scripted runs, stored and analysed, and `--help`."""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lwd_tui.backends.scripted import ScriptedEmbedder, ScriptedGenerator
from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.llm.clock import Clock
from lwd_tui.llm.internet import Internet
from lwd_tui.llm.network import Network
from lwd_tui.run.session import Session
from lwd_tui.types import Post


def experiment(steps: int, responses: int, dimension: int = 768) -> Experiment:
    """Three scripted participants who begin with 20 posts."""
    return Experiment.from_dict(
        {
            "name": "overhead",
            "query": "What next?",
            "responses": responses,
            "steps": steps,
            "embedder": {"backend": "scripted", "model": f"words-{dimension}"},
            "participants": [
                {"name": name, "backend": "scripted", "model": name} for name in ("a", "b", "c")
            ],
            "posts": [{"text": f"Post number {number}."} for number in range(20)],
        }
    )


async def whole(spec: Experiment, path: Path) -> float:
    """Seconds of a run through the session: stored, with its geometry."""
    began = time.perf_counter()
    session = await Session.start(spec, path, Wishes(), lambda _: None)
    async with session:
        async for _ in session.run():
            pass
    return time.perf_counter() - began


async def bare(spec: Experiment) -> float:
    """Seconds of the same run by the network alone: nothing stored, nothing analysed."""
    began = time.perf_counter()
    posts = [Post(i, post.text, "", "human", 0) for i, post in enumerate(spec.posts)]
    generator = ScriptedGenerator(spec.scripted)
    embedder = ScriptedEmbedder(spec.embedder.model, "", True)
    contexts = [1024] * len(spec.cast)
    network = Network(spec, Internet(posts), [generator] * 3, contexts, embedder, Clock())
    async for _ in network.run():
        pass
    return time.perf_counter() - began


def seconds_of(command: list[str]) -> float:
    """Wall time of a process."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paper = experiment(60, 40)
        seconds = asyncio.run(whole(paper, Path(folder) / "paper.sqlite"))
        alone = asyncio.run(bare(paper))
        print(f"paper-sized run (61 steps, 3 x 40, p = 768), stored and analysed: {seconds:.2f} s")
        print(f"  of that, the network and its scripted models alone: {alone:.2f} s")
        small = asyncio.run(whole(experiment(60, 4), Path(folder) / "small.sqlite"))
        long = asyncio.run(whole(experiment(1000, 4), Path(folder) / "long.sqlite"))
        # k_t grows with t, so that what is read grows with the square of T.
        reads = sum(10 + 3 * t // 2 for t in range(1001)) / sum(10 + 3 * t // 2 for t in range(61))
        size = (Path(folder) / "long.sqlite").stat().st_size / 2**20
        print(
            f"L = 4: T = 60 in {small:.2f} s, T = 1,000 in {long:.2f} s: {long / small:.0f} times"
        )
        print(f"  for {1001 / 61:.0f} times the steps and {reads:.0f} times the posts read")
        print(f"  T = 1,000 is kept in {size:.0f} MB")
    python = sys.executable
    bare_typer = "import typer; app = typer.Typer(); app.command()(lambda: None); app(['--help'])"
    best = min(seconds_of([python, "-m", "lwd_tui", "--help"]) for _ in range(5))
    peer = min(seconds_of([python, "-c", bare_typer]) for _ in range(5))
    print(
        f"lwd-tui --help: {best:.2f} s, {best / peer:.2f} times a bare Typer app's ({peer:.2f} s)"
    )


if __name__ == "__main__":
    main()
