"""Kill runs, fill disks, cut power and lie to clients, and see that nothing stored is lost.

Each part is tried in rounds, until its share of the minutes is over; without minutes, one short
round of each. The first promise that isn't kept ends it, and its files are left to be looked at.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from lwd_tui.errors import LwdError
from torture import clusters, disks, endless, forks, hours, kills, large, soak
from torture.runs import Broken, Trial

# Each with its share of the time.
PARTS: dict[str, tuple[Callable[[Trial], None], int]] = {
    "scripted": (kills.scripted, 4),
    "ollama": (kills.ollama, 4),
    "openai": (kills.openai, 3),
    "embedded": (kills.embedded, 3),
    "sweep": (kills.sweep, 3),
    "cluster": (clusters.cluster, 4),
    "explorer": (kills.explorer, 3),
    "fork": (forks.fork, 3),
    "disk": (disks.disk, 3),
    "clock": (disks.clock, 2),
    "power": (disks.power, 2),
    "faults": (soak.faults, 9),
    "endless": (endless.endless, 2),
    "hours": (hours.hours, 1),
    "long": (large.long, 4),
    "answers": (large.answers, 6),
}


def tried(part: str, seed: int, seconds: float) -> Counter[str]:
    """Try a part round by round; return what was done.

    Raises
    ------
    Broken
        With the round that shows it.
    """
    work, _ = PARTS[part]
    done: Counter[str] = Counter()
    deadline = time.monotonic() + seconds
    while not done["rounds"] or time.monotonic() < deadline:
        folder = Path(tempfile.mkdtemp(prefix=f"torture-{part}-"))
        rng = random.Random(f"{seed} {part} {done['rounds']}")
        trial = Trial(folder, rng, short=not seconds, counts=done)
        try:
            work(trial)
        except (AssertionError, Broken, LwdError) as error:
            told = f"{part}, seed {seed}, round {done['rounds']}: {error} ({folder})"
            raise Broken(told) from error
        for line in trial.figures:
            print(f"{part}: {line}", file=sys.stderr, flush=True)
        done["rounds"] += 1
        shutil.rmtree(folder)
    return done


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (0)")
    parser.add_argument("--minutes", type=float, default=0.0, help="in all (one round of each)")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    parts = asked.parts or list(PARTS)
    shares = sum(PARTS[part][1] for part in parts)
    failed = False
    print("| part | seconds | what was done |\n|---|---|---|", flush=True)
    for part in parts:
        began = time.monotonic()
        try:
            done = tried(part, asked.seed, 60 * asked.minutes * PARTS[part][1] / shares)
        except Broken as error:
            failed = True
            print(f"| {part} | {time.monotonic() - began:.0f} | BROKEN: {error} |", flush=True)
            continue
        told = ", ".join(f"{count} {what}" for what, count in sorted(done.items()))
        print(f"| {part} | {time.monotonic() - began:.0f} | {told} |", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
