"""Runs, sweeps and explorers that are killed at random moments (SIGKILL)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from support.compatible import Compatible
from support.engine import StandInModel, WordEngine
from support.http import WireServer, in_thread
from support.ollama_server import OllamaStandIn
from support.terminal import Terminal

from lwd_tui.store.files import save_preset
from lwd_tui.store.lock import is_locked
from lwd_tui.store.run import RunStore
from torture.runs import (
    Broken,
    Trial,
    experiment,
    nobody_left,
    nothing_lost,
    rest,
    same,
    seeds_of,
    tear,
    whole_run,
)

WEIGHTS = Path.home() / ".cache" / "lwd-tui" / "weights"
"""Where the embedded models' weights lie once they were fetched."""


def scripted(trial: Trial) -> None:
    """Kill scripted runs: the end is that of the uninterrupted run, byte for byte."""
    retrieval = trial.rng.choice(("participant", "response", "shared"))
    spec = experiment(retrieval=retrieval, seed=trial.rng.randrange(1000))
    whole, seconds = whole_run(trial, spec)
    same(whole, tear(trial, seconds, 2 if trial.short else 8))


def ollama(trial: Trial) -> None:
    """Kill runs of an Ollama server: nothing stored is asked for again, and the end is the same."""
    models = [StandInModel("ada:1b"), StandInModel("ben:1b"), StandInModel("emb:1b", embeds=True)]
    server = OllamaStandIn(models=models, engine=WordEngine(token_seconds=0.004), slots=2)
    people = [{"name": name, "backend": "ollama", "model": f"{name}:1b"} for name in ("ada", "ben")]
    embedder = {"backend": "ollama", "model": "emb:1b", "normalise": True}
    _served(trial, server, ("/api/chat",), people, embedder)


def openai(trial: Trial) -> None:
    """Kill runs of an OpenAI-compatible server."""
    server = Compatible("someone", max_model_len=8192)
    server.length = 1.0
    people = [{"name": name, "backend": "openai", "model": "m"} for name in ("ada", "ben")]
    embedder = {"backend": "scripted", "model": "words-16"}
    _served(trial, server, ("/v1/chat/completions",), people, embedder)


def _served(
    trial: Trial,
    server: WireServer,
    paths: tuple[str, ...],
    people: list[dict[str, Any]],
    embedder: dict[str, Any],
) -> None:
    with in_thread(server):
        sampling = {"max_tokens": 32, "top_k": 0, "min_p": 0.0}
        people = [person | {"host": server.url, "sampling": sampling} for person in people]
        if embedder["backend"] != "scripted":
            embedder = embedder | {"host": server.url}
        spec = experiment(
            participants=people,
            embedder=embedder,
            steps=4,
            seed=trial.rng.randrange(1000),
        )
        whole, seconds = whole_run(trial, spec)
        stored: set[int] = set()
        seen = len(server.requests)

        def look(path: Path) -> None:
            nonlocal stored, seen
            asked = {
                request.body.get("seed", request.body.get("options", {}).get("seed"))
                for request in server.requests[seen:]
                if request.path in paths
            }
            if again := asked & stored:
                raise Broken(f"{len(again)} answers were asked for though they were stored")
            stored, seen = seeds_of(path), len(server.requests)

        torn = tear(trial, seconds, 2 if trial.short else 6, look)
        look(torn)
        same(whole, torn)


def embedded(trial: Trial) -> None:
    """Kill runs of models in the process: nothing stored is lost, every step is whole."""
    home = trial.folder / "home"
    home.mkdir()
    (home / "weights").symlink_to(WEIGHTS)
    spec = experiment(
        participants=[
            {
                "name": name,
                "backend": "embedded",
                "model": model,
                "sampling": {"max_tokens": 24},
            }
            for name, model in (("ada", "smollm2-135m"), ("ben", "qwen2.5-coder-0.5b"))
        ],
        embedder={"backend": "embedded", "model": "all-minilm-l6-v2"},
        responses=2,
        steps=3,
        seed=trial.rng.randrange(1000),
    )
    whole, seconds = whole_run(trial, spec)
    torn = tear(trial, seconds, 3)
    with RunStore.open(torn) as store:
        if store.status != "done":
            raise Broken(f"{torn} is {store.status}")
    try:
        same(whole, torn)
    except Broken:
        # No promise: another number of answers at a time may round otherwise.
        trial.counts["ends that differ in an answer"] += 1


SWEEP = """
name = "torn"
preset = "./preset.toml"
seeds = [1, 2]
[[variant]]
name = "with"
[[variant]]
name = "without"
[variant.set]
interaction = false
"""


def sweep(trial: Trial) -> None:
    """Kill a sweep with its processes at work: the same command goes on, each run once."""
    save_preset(experiment(steps=6), trial.folder / "preset.toml")
    (trial.folder / "sweep.toml").write_text(SWEEP)

    def words(out: str) -> tuple[str, ...]:
        return "sweep", "sweep.toml", "--out", out, "--at-once", "2"

    began = time.monotonic()
    trial.sees_through(*words("whole"))
    seconds = time.monotonic() - began
    for _ in range(1 if trial.short else 5):
        process = trial.start(*words("torn"))
        rest(process, trial.rng.uniform(0.2, 1) * seconds)
        if process.poll() is not None:
            trial.ended(process, 0)
            break
        trial.kill(process)
    trial.sees_through(*words("torn"))
    whole = sorted((trial.folder / "whole").glob("*.sqlite"))
    torn = sorted((trial.folder / "torn").glob("*.sqlite"))
    if [path.name for path in whole] != [path.name for path in torn] or len(torn) != 4:
        raise Broken(f"a sweep of 4 runs left {[path.name for path in torn]}")
    for one, two in zip(whole, torn, strict=True):
        nothing_lost(two, {})
        same(one, two)


def explorer(trial: Trial) -> None:
    """Kill the explorer in its terminal while a run is under way, and go on there."""
    whole, _ = whole_run(trial, experiment(steps=12))
    runs = trial.folder / "home" / "runs"
    kept: dict[Any, Any] = {}
    environment = {name: value for name, value in trial.environment().items() if name != "TERM"}
    for _ in range(2 if trial.short else 5):
        found = list(runs.glob("*.sqlite"))
        words = ("resume", found[0].stem) if found else ("--preset", trial.folder / "preset.toml")
        with Terminal(*map(str, words), **environment) as terminal:
            if found:
                if _is_done(found[0]):
                    break
                terminal.shows("can go on")
                terminal.press(" ")
            _until_running(runs, terminal)
            terminal.watch(trial.rng.uniform(0, 2))
        trial.counts["kills"] += 1
        nobody_left(terminal.pid)
        (path,) = runs.glob("*.sqlite")
        kept = nothing_lost(path, kept)
    trial.sees_through("resume", path.stem, "--headless")
    nothing_lost(path, kept)
    same(whole, path)


def _until_running(runs: Path, terminal: Terminal) -> None:
    """Read on until the explorer holds a run, or shows a whole one."""

    def running() -> bool:
        paths = list(runs.glob("[!.]*.sqlite"))
        return any(map(is_locked, paths)) or any(map(_is_done, paths))

    terminal.until(running)


def _is_done(path: Path) -> bool:
    with RunStore.open(path) as store:
        return store.status == "done"
