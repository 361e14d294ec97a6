import json
import subprocess
import sys
from contextlib import aclosing

import pytest

from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.run.session import Session
from lwd_tui.store.export import export
from lwd_tui.store.run import RunStore

EXPERIMENT = {
    "name": "tiny",
    "query": "What next?",
    "responses": 3,
    "steps": 5,
    "scripted": {"failures": 0.3},
    "embedder": {"backend": "scripted", "model": "words-16"},
    "participants": [
        {"name": name, "backend": "scripted", "model": name} for name in ("ada", "ben", "cleo")
    ],
    "posts": [{"text": f"Post number {number}."} for number in range(6)],
}

# Begins a run or goes on with it, tells each event once what it brought is stored, and waits.
RUN = """
import asyncio, json, sys
from pathlib import Path
from lwd_tui.experiment.participants import Wishes
from lwd_tui.experiment.llm import Experiment
from lwd_tui.run.session import Session

async def main(path, spec):
    if path.exists():
        session = await Session.resume(path, print)
    else:
        session = await Session.start(Experiment.from_dict(spec), path, Wishes(), print)
    async for event in session.run():
        print(type(event).__name__, flush=True)
        sys.stdin.readline()
    await session.aclose()

asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
"""


def killed_after(path, events, spec):
    """Run, or go on with a run, and kill the process after so many events."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(path), spec],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    for _ in range(events):
        process.stdout.readline()
        process.stdin.write("\n")
    process.kill()
    process.communicate()


async def seen_through(opening):
    async with await opening as session, aclosing(session.run()) as events:
        async for _ in events:
            pass


def content(path, out, file_format):
    with RunStore.open(path) as store:
        assert store.status == "done"
        paths = export(store, file_format, out, content_only=True, embeddings=True)
    return [one.read_bytes() for one in paths]


@pytest.mark.parametrize("retrieval", ["participant", "response"])
async def test_a_run_killed_again_and_again_equals_an_uninterrupted_one(tmp_path, retrieval):
    spec = Experiment.from_dict(EXPERIMENT | {"retrieval": retrieval})
    whole, torn = tmp_path / "whole.sqlite", tmp_path / "torn.sqlite"
    await seen_through(Session.start(spec, whole, Wishes(), print))

    for events in (1, 6, 13, 25):
        killed_after(torn, events, json.dumps(spec.to_dict()))
    with RunStore.open(torn) as store:
        assert store.status == "stopped"
        assert 0 < store.finished() < 5
    await seen_through(Session.resume(torn, print))

    with RunStore.open(torn) as store:
        assert [event.kind for event in store.events()].count("resumed") == 4
    for file_format in ("jsonl", "csv"):
        one, two = (
            content(path, tmp_path / f"{path.stem}-{file_format}", file_format)
            for path in (whole, torn)
        )
        assert one == two
