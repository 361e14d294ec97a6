"""Put faults into modules, one at a time, and say which the tests don't see."""

from __future__ import annotations

import argparse
import ast
import os
import random
import signal
import sys
import time
from pathlib import Path

from mutants.faults import faults_of
from mutants.trials import limits, start, watch

# What is changed, and the tests that should see it.
ROOMS = {
    "lwd_tui/analysis": "tests/unit/analysis",
    "lwd_tui/findings": "tests/unit/findings",
    "lwd_tui/llm": "tests/unit/llm",
    "lwd_tui/gmm": "tests/unit/gmm",
    "lwd_tui/backends/scheduler.py": "tests/unit/backends/test_scheduler.py",
}
SURVIVED, KILLED = "survived", "killed"
# A deadlock uses no processor, and on a busy machine the rest takes its time.
DEADLOCK_SECONDS, SLOWER = 40.0, 2


def chosen(wanted: str, each: int, seed: int) -> dict[Path, list[int]]:
    """Return the numbers of the faults to be tried, by module; `wanted` may end in `:line`."""
    name, _, line = wanted.partition(":")
    place = Path(name).resolve()
    picked = {}
    for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        faults = faults_of(ast.parse(path.read_text()))
        numbers = list(range(len(faults)))
        if line:
            picked[path] = [number for number in numbers if faults[number].line == int(line)]
        else:
            sample = random.Random(f"{seed} {path.name}").sample(numbers, min(each, len(numbers)))
            picked[path] = sorted(sample)
    return {path: numbers for path, numbers in picked.items() if numbers}


def try_all(room: str, picked: dict[Path, list[int]], processes: int, loud: bool) -> list[str]:
    """Print a line for each module and for each survivor; return a row of the table for each."""
    seen = watch([Path(ROOMS[room])], list(picked))
    if seen.failed or not seen.seconds:
        sys.exit(f"mutants: without a fault these tests fail: {', '.join(seen.failed) or 'all'}")
    waiting = [(path, number) for path, numbers in picked.items() for number in numbers]
    running: dict[int, tuple[Path, int, float]] = {}
    ends: dict[Path, list[str]] = {path: [] for path in picked}
    while waiting or running:
        while waiting and len(running) < processes:
            path, number = waiting.pop(0)
            fault = faults_of(ast.parse(path.read_text()))[number]
            until = time.monotonic() + DEADLOCK_SECONDS + SLOWER * limits(path, fault, seen)
            running[start(path, number, seen, loud)] = (path, number, until)
        pid, status = os.waitpid(-1, os.WNOHANG)
        for late, (_, _, until) in running.items():
            if late != pid and time.monotonic() > until:
                os.kill(late, signal.SIGKILL)
        if pid == 0:
            time.sleep(0.05)
            continue
        path, number, _ = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        if code > 2:
            sys.exit(f"mutants: pytest can't run on {path}, fault {number}: it ended with {code}")
        end = SURVIVED if code == 0 else KILLED if code > 0 else "killed by time"
        ends[path].append(end)
        fault = faults_of(ast.parse(path.read_text()))[number]
        if end != KILLED or loud:
            where = f"{path.relative_to(Path.cwd())}:{fault.line}"
            tests = len(seen.tests_of(path, fault))
            print(f"{end}: {where}  {fault}  ({tests} tests)", flush=True)
    return [
        f"| {path.relative_to(Path.cwd())} | {len(found)} | {len(found) - found.count(SURVIVED)} |"
        for path, found in ends.items()
    ]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument(
        "paths", nargs="*", default=list(ROOMS), help="rooms, modules, or module:line"
    )
    parser.add_argument("--each", type=int, default=12, help="faults a module (12)")
    parser.add_argument("--seed", type=int, default=0, help="which ones (0)")
    parser.add_argument("--processes", type=int, default=2, help="at a time (2)")
    parser.add_argument("--loud", action="store_true", help="show the tests, and what is killed")
    asked = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"
    rows = []
    for room in ROOMS:
        picked: dict[Path, list[int]] = {}
        for wanted in asked.paths:
            if wanted.startswith(room):
                picked |= chosen(wanted, asked.each, asked.seed)
        if picked:
            rows += try_all(room, picked, asked.processes, asked.loud)
    print("\n| module | mutants | killed |\n|---|---|---|", *rows, sep="\n")


if __name__ == "__main__":
    main()
